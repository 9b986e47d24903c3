// Ratio against advantage, one point per token of the panel, with the regions where the surrogate cuts the gradient.

import { attr, el, say, svg } from "./dom.js";
import { fill, isNumber, learnerTitle, sentences } from "./format.js";
import { kinds } from "./regions.js";
import { briefly, counted } from "./scatter_counts.js";
import { H, Plane } from "./scatter_plane.js";

/** @import { Limits } from "./scatter_axes.js" */
/** @import { Labels } from "./labels.js" */
/** @import { TokenId } from "./page_types.js" */
/** @import { StepTokens } from "./types.js" */

const MOST = 1200; // points that a browser moves smoothly; of more tokens, every so-manieth is drawn

export class Scatter {
  /** @type {SVGCircleElement[]} */
  #points = [];
  /** @type {number[]} which token each point is */
  #drawn = [];
  #ring = svg("circle", { r: 7, class: "ring", visibility: "hidden" });
  /** @type {StepTokens | null} */
  #data = null;
  /** @type {Limits} */
  #limits = { ratio: [0, 2], advantage: [-1, 1] };
  #plane = new Plane(this.#limits, 0, /** @type {Labels} */ ({}));
  /** @type {number[][]} by pass, where each point stands from the left */
  #across = [];
  /** @type {{ x: number | null, look: string }[]} how each point was drawn last */
  #stands = [];
  /** @type {number | null} between two passes, while they are played */
  #between = null;
  #width = 0;
  #height = H;
  #pass = 0;
  #every = 1;
  /** @type {TokenId | null} */
  #token = null;

  /**
   * @param {object} options
   * @param {string} options.name the learner's
   * @param {Labels} options.labels
   * @param {string} options.colour
   * @param {(token: TokenId, group: number) => void} options.onChoose
   */
  constructor({ name, labels, colour, onChoose }) {
    this.name = name;
    this.labels = labels;
    this.onChoose = onChoose;
    this.svg = svg("svg", { role: "img" });
    this.svg.onclick = (event) => this.#pick(event);
    this.svg.onpointermove = (event) => {
      this.svg.style.cursor = this.#near(event) === null ? "default" : "pointer";
    };
    new ResizeObserver(() => this.#resized()).observe(this.svg);
    this.hollow = el("span", { class: "sub" });
    this.note = el("p", { class: "note", "aria-live": "off" });
    const style = { "--c": `var(--learner-${colour})`, "--i": `var(--ink-${colour})` };
    const head = el("h3", {}, el("span", { text: learnerTitle(labels, name), class: "who" }), this.hollow);
    this.root = el("div", { class: "panel scatter", data: { scatter: name }, style }, head, this.svg, this.note);
  }

  /** The drawing is as wide as its place, so that its words keep their size. */
  #resized() {
    const { clientWidth: width, clientHeight: height } = this.svg;
    const moved = Math.abs(width - this.#width) > 2 || (height > 0 && height !== this.#height);
    if (this.#data && moved) this.draw(this.#data, this.#limits, this.#pass, this.#token);
  }

  /**
   * A new step.
   * @param {StepTokens} data
   * @param {Limits} limits what all learners' axes cover
   * @param {number} pass
   * @param {TokenId | null} token
   */
  draw(data, limits, pass, token) {
    this.#data = data;
    this.#limits = limits;
    this.#between = null;
    this.#width = Math.max(200, this.svg.clientWidth || 500);
    this.#height = this.svg.clientHeight || H;
    attr(this.svg, "viewBox", `0 0 ${this.#width} ${this.#height}`);
    const { labels } = this;
    const { cuts, bounds } = kinds(data.regions);
    const only = cuts ? labels.hollow : bounds ? labels.hollow_bounded : "";
    say(this.hollow, cuts && bounds ? labels.hollow_both : only);
    this.#plane = new Plane(limits, this.#width, labels, this.#height);
    this.svg.toggleAttribute("hidden", data.without.includes("ratio")); // an empty plane would look like no token
    this.#every = Math.ceil(data.sample.length / MOST);
    this.#drawn = [...data.sample.keys()].filter((i) => i % this.#every === 0);
    this.#stands = [];
    this.#points = this.#drawn.map(() => svg("circle", { r: 2.6 }));
    this.#across = data.passes.map(({ ratio }) => this.#drawn.map((i) => this.#plane.x(Number(ratio[i]))));
    this.svg.replaceChildren(...this.#plane.ground(data), ...this.#points, this.#ring, ...this.#plane.names());
    this.move(pass, token);
  }

  /**
   * Another pass of the same step: the points move, the axes stay.
   * @param {number} pass
   * @param {TokenId | null} token
   */
  move(pass, token) {
    const data = this.#data;
    if (!data) return;
    const { labels } = this;
    this.#pass = Math.min(pass, data.passes.length - 1);
    const { ratio } = data.passes[this.#pass];
    const known = (/** @type {number} */ i) => isNumber(ratio[i]) && isNumber(data.advantage[i]);
    if (this.#between === null) this.#put(this.#pass);
    const counts = counted(data, this.#pass, [...ratio.keys()].filter(known), labels);
    const still =
      this.#pass === 0 && ratio.some(isNumber) && ratio.every((x) => !isNumber(x) || Math.abs(x - 1) < 1e-6);
    const thinned = this.#every > 1 ? fill(labels.scatter_thinned, { k: this.#every }) : "";
    say(this.note, sentences([counts, still && labels.scatter_start, thinned]));
    attr(this.svg, "aria-label", fill(labels.scatter_alt, { learner: learnerTitle(labels, this.name), counts }));
    this.root.dataset.pass = String(this.#pass);
    this.select(token);
  }

  /**
   * Puts the points where they are at a moment between two passes: they drift from one to the next, and those of which
   * the pass under way cuts the gradient are hollow.
   * @param {number | null} moment null: nothing is played, they stand at the pass on show
   */
  play(moment) {
    this.#between = moment;
    this.root.classList.toggle("playing", moment !== null);
    this.#put(moment ?? this.#pass);
    this.select(this.#token);
  }

  /**
   * In how many words of its gradients the pass cuts, for who plays the passes.
   * @param {number} pass
   */
  says(pass) {
    return this.#data ? briefly(this.name, this.#data, pass, this.labels) : "";
  }

  /**
   * Touches only what changes: most points hardly move in a pass, and a thousand that are written anew cost the frame.
   * @param {number} moment
   */
  #put(moment) {
    const { passes, advantage } = /** @type {StepTokens} */ (this.#data);
    const pass = Math.min(Math.floor(moment), passes.length - 1);
    const { ratio, clipped } = passes[pass];
    this.#points.forEach((point, n) => {
      const i = this.#drawn[n];
      const known = isNumber(ratio[i]) && isNumber(advantage[i]);
      const x = known ? Math.round(10 * this.#acrossAt(n, moment)) / 10 : null;
      const look = clipped[i] ? "hollow" : "full";
      const was = this.#stands[n];
      if (was && was.x === x && was.look === look) return;
      this.#stands[n] = { x, look };
      point.style.display = known ? "" : "none";
      if (!known) return;
      if (was?.x !== x)
        point.style.transform = `translate(${x}px, ${this.#plane.y(Number(advantage[i])).toFixed(1)}px)`;
      attr(point, "class", look);
    });
  }

  /**
   * Where a point stands from the left at a moment.
   * @param {number} n
   * @param {number} moment
   */
  #acrossAt(n, moment) {
    const last = this.#across.length - 1;
    const pass = Math.min(Math.floor(moment), last);
    const [here, then] = [this.#across[pass][n], this.#across[Math.min(pass + 1, last)][n]];
    return Number.isFinite(then) ? here + (moment - pass) * (then - here) : here;
  }

  /** @param {TokenId | null} token */
  select(token) {
    this.#token = token;
    const i = token?.learner === this.name ? this.#index(token) : -1;
    attr(this.#ring, "visibility", i < 0 ? "hidden" : "visible");
    if (i >= 0) this.#ring.style.transform = this.#place(i);
  }

  /** @param {number} i */
  #at(i) {
    const data = /** @type {StepTokens} */ (this.#data);
    const y = this.#plane.y(Number(data.advantage[i]));
    const n = this.#between === null ? -1 : this.#drawn.indexOf(i);
    if (n >= 0) return { x: this.#acrossAt(n, Number(this.#between)), y };
    return { x: this.#plane.x(Number(data.passes[this.#pass].ratio[i])), y };
  }

  /** @param {number} i */
  #place(i) {
    const { x, y } = this.#at(i);
    return `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`;
  }

  /** @param {TokenId} token */
  #index({ sample, position }) {
    const data = this.#data;
    return data ? data.sample.findIndex((x, i) => x === sample && data.position[i] === position) : -1;
  }

  /** The token whose point is near the pointer. @param {MouseEvent} event @returns {number | null} */
  #near(event) {
    const box = this.svg.getBoundingClientRect();
    const [px, py] = [event.clientX - box.left, event.clientY - box.top];
    /** @type {number | null} */
    let best = null;
    let least = 14;
    for (const i of this.#drawn) {
      const { x, y } = this.#at(i);
      const away = Math.hypot((x / this.#width) * box.width - px, (y / this.#height) * box.height - py);
      if (away < least) [best, least] = [i, away];
    }
    return best;
  }

  /** @param {MouseEvent} event */
  #pick(event) {
    const nearest = this.#near(event);
    if (nearest === null || !this.#data) return;
    const { sample, position, group } = this.#data;
    this.onChoose({ learner: this.name, sample: sample[nearest], position: position[nearest] }, group[nearest]);
  }
}
