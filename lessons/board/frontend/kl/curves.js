// The estimates over a token's log-ratio; tokens land on the curves as they come in.

import { attr, svg } from "../dom.js";
import { fixed } from "../format.js";
import { evaluate, numberAt } from "../terms.js";

/** @import { Estimate, Sent } from "./types.js" */

export const NAMES = /** @type {const} */ (["k1", "k2", "k3"]);
const H = 240;
const [LEFT, RIGHT, TOP, BOTTOM] = [28, 8, 8, 34];
const [LOW, HIGH] = [-4.2, 8];
const POINTS = 120;
const MOST = 300; // tokens near the middle; of more, every so-manieth is drawn
const NEAR = 0.1;

export class Curves {
  /** @type {{ token: number, dots: SVGCircleElement[] }[]} in the order in which they come in */
  #landed = [];
  #width = 400;
  #edge = 4;
  #shown = 0;

  constructor() {
    this.fixed = svg("g", {});
    this.points = svg("g", { class: "points" });
    this.rings = NAMES.map((name) => svg("circle", { r: 6, class: `newest ${name}`, visibility: "hidden" }));
    this.svg = svg("svg", { role: "img" }, this.fixed, this.points, this.rings);
  }

  /** @param {Sent} sent @param {string} alt */
  draw(sent, alt) {
    this.#width = Math.max(220, this.svg.clientWidth || 400);
    this.#edge = sent.edge;
    attr(this.svg, "viewBox", `0 0 ${this.#width} ${H}`);
    attr(this.svg, "aria-label", alt);
    const x = [...Array(POINTS + 1).keys()].map((i) => ((2 * i) / POINTS - 1) * sent.edge);
    const env = evaluate(sent.terms, {
      settings: {},
      step: {},
      whole: false,
      lengths: [x.length],
      responses: {},
      tokens: { logprob: [x], logprob_ref: [x.map(() => 0)] },
    });
    const lines = NAMES.map((name) => {
      const at = x.map((_, token) => Number(numberAt(env.values[`kl_${name}`], { response: 0, token })));
      const inside = [...at.keys()].filter((i) => at[i] >= LOW && at[i] <= HIGH);
      const d = inside.map((i, n) => `${n ? "L" : "M"}${this.#x(x[i]).toFixed(1)} ${this.#y(at[i]).toFixed(1)}`);
      return svg("path", { d: d.join(""), class: `trail ${name}` });
    });
    this.fixed.replaceChildren(...this.#axes(sent.words), ...lines);
    const every = Math.ceil(sent.log_ratio.length / MOST);
    const drawn = [...sent.log_ratio.keys()].filter((i) => i % every === 0 || Math.abs(sent.log_ratio[i]) > NEAR);
    this.#landed = drawn.map((token) => ({ token, dots: NAMES.map((name) => this.#dot(sent, name, token)) }));
    this.points.replaceChildren(...this.#landed.flatMap((y) => y.dots));
    this.#shown = 0;
  }

  /**
   * The first tokens have landed.
   * @param {Sent} sent
   * @param {number} count
   */
  show(sent, count) {
    const until = this.#landed.findIndex((x) => x.token >= count);
    const now = until < 0 ? this.#landed.length : until;
    for (let i = Math.min(now, this.#shown); i < Math.max(now, this.#shown); i++) {
      for (const dot of this.#landed[i].dots) dot.style.display = i < now ? "" : "none";
    }
    this.#shown = now;
    this.rings.forEach((ring, i) => {
      attr(ring, "visibility", count ? "visible" : "hidden");
      if (count) ring.setAttribute("transform", this.#place(sent, NAMES[i], count - 1));
    });
  }

  /** @param {Sent} sent @param {Estimate} name @param {number} token */
  #dot(sent, name, token) {
    const dot = svg("circle", { r: 2.6, class: `dot ${name}`, transform: this.#place(sent, name, token) });
    dot.style.display = "none";
    return dot;
  }

  /** @param {Sent} sent @param {Estimate} name @param {number} token */
  #place({ log_ratio: x, estimates }, name, token) {
    return `translate(${this.#x(x[token]).toFixed(1)} ${this.#y(estimates[name][token]).toFixed(1)})`;
  }

  /** @param {Record<string, string>} words */
  #axes(words) {
    const [zero, bottom] = [this.#y(0), H - BOTTOM];
    const ticks = [-4, -2, 0, 2, 4].filter((x) => Math.abs(x) <= this.#edge);
    const text = (/** @type {number} */ x, /** @type {number} */ y, /** @type {string} */ t, anchor = "middle") =>
      svg("text", { x, y, "text-anchor": anchor, text: t });
    return [
      svg("line", { x1: LEFT, y1: zero, x2: this.#width - RIGHT, y2: zero, class: "axis" }),
      svg("line", { x1: this.#x(0), y1: TOP, x2: this.#x(0), y2: bottom, class: "axis" }),
      ...ticks.map((x) => text(this.#x(x), bottom + 13, fixed(x, 0))),
      ...[-4, 0, 4, 8].map((y) => text(LEFT - 5, this.#y(y) + 4, fixed(y, 0), "end")),
      text((LEFT + this.#width) / 2, H - 4, words.log_ratio),
    ];
  }

  /** @param {number} x */
  #x(x) {
    const share = (Math.min(this.#edge, Math.max(-this.#edge, x)) + this.#edge) / (2 * this.#edge);
    return LEFT + share * (this.#width - LEFT - RIGHT);
  }

  /** @param {number} y */
  #y(y) {
    return TOP + ((HIGH - Math.min(HIGH, Math.max(LOW, y))) / (HIGH - LOW)) * (H - TOP - BOTTOM);
  }
}
