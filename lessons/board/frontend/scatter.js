// Ratio against advantage, one point per token of the panel, with the regions where the surrogate cuts the gradient.

import { attr, el, say, svg, symbols } from "./dom.js";
import { fill, fixed, isNumber, sentences } from "./format.js";
import { aboutCuts, kinds, regionBounds, settingsOnly } from "./regions.js";

/** @import { Labels, StepTokens, TokenId } from "./types.js" */
/** @typedef {{ ratio: number, advantage: number }} Reach how far the axes go: from ratio 1, from advantage 0 */

const H = 220;
const PAD = 8;
const MOST = 1200; // points that a browser moves smoothly; of more tokens, every so-manieth is drawn
const USUAL = 0.2; // as far from 1 as a bound usually is, where none is known, or all are far out
const BETWEEN = 12; // px: from one bound's number to the next, where several are on a side
const HEAD = 18; // px at the top for what the vertical line in the middle is called: bounds may be close to it

/** @type {(x: number, y: number, text: string, anchor?: "start" | "middle" | "end") => SVGElement} */
const words = (x, y, text, anchor = "start") => {
  // An index stands a little lower, and what follows it on the line again.
  const piece = (/** @type {string} */ part, /** @type {number} */ i) =>
    svg("tspan", { text: part, dy: i % 2 ? 3 : i ? -3 : 0, "font-size": i % 2 ? 9 : null });
  return svg("text", { x, y, "text-anchor": anchor }, symbols(text).map(piece));
};

/** @type {(x1: number, y1: number, x2: number, y2: number, name: string) => SVGElement} */
const line = (x1, y1, x2, y2, name) => svg("line", { x1, y1, x2, y2, class: name });

export class Scatter {
  /** @type {SVGCircleElement[]} */
  #points = [];
  /** @type {number[]} which token each point is */
  #drawn = [];
  #ring = svg("circle", { r: 7, class: "ring", visibility: "hidden" });
  /** @type {StepTokens | null} */
  #data = null;
  /** @type {Reach} */
  #reach = { ratio: 1, advantage: 1 };
  #width = 0;
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
    const head = el("h3", {}, el("span", { text: name.toUpperCase(), class: "who" }), this.hollow);
    this.root = el("div", { class: "panel scatter", data: { scatter: name }, style }, head, this.svg, this.note);
  }

  /** The drawing is as wide as its place, so that its words keep their size. */
  #resized() {
    const moved = Math.abs(this.svg.clientWidth - this.#width) > 2;
    if (this.#data && moved) this.draw(this.#data, this.#reach, this.#pass, this.#token);
  }

  /**
   * A new step.
   * @param {StepTokens} data
   * @param {Reach} reach what all learners' axes cover
   * @param {number} pass
   * @param {TokenId | null} token
   */
  draw(data, reach, pass, token) {
    this.#data = data;
    this.#reach = reach;
    this.#width = Math.max(200, this.svg.clientWidth || 500);
    attr(this.svg, "viewBox", `0 0 ${this.#width} ${H}`);
    const { labels } = this;
    const { cuts, bounds } = kinds(data.regions);
    const only = cuts ? labels.hollow : bounds ? labels.hollow_bounded : "";
    say(this.hollow, cuts && bounds ? labels.hollow_both : only);
    const [one, zero] = [this.#x(1), this.#y(0)];
    this.#every = Math.ceil(data.sample.length / MOST);
    this.#drawn = [...data.sample.keys()].filter((i) => i % this.#every === 0);
    this.#points = this.#drawn.map(() => svg("circle", { r: 2.6 }));
    this.svg.replaceChildren(
      ...this.#cutRegions(data),
      line(0, zero, this.#width, zero, "axis"),
      line(one, 0, one, H, "axis"),
      ...this.#bounds(data),
      ...this.#points,
      this.#ring,
      words(one + 4, 12, labels.ratio_one),
      words(4, zero - 5, labels.advantage_zero),
    );
    this.move(pass, token);
  }

  /**
   * Grey where the gradient is cut.
   * @param {StepTokens} data
   */
  #cutRegions({ regions, settings }) {
    const env = settingsOnly(settings);
    const zero = this.#y(0);
    return regions.flatMap((region) => {
      const bounds = region.cuts ? regionBounds(region, env) : null;
      const { ratio } = this.#reach;
      if (!bounds || bounds.from >= 1 + ratio || bounds.to <= 1 - ratio) return []; // not in the picture
      const left = bounds.from === -Infinity ? 0 : this.#x(bounds.from);
      const right = bounds.to === Infinity ? this.#width : this.#x(bounds.to);
      const [top, bottom] = [region.advantage === "negative" ? zero : 0, region.advantage === "positive" ? zero : H];
      const area = { x: left, y: top, width: Math.max(0, right - left), height: bottom - top, class: "cutaway" };
      const y = region.advantage === "negative" ? H - 22 : 14;
      const { cut_here: cut } = this.labels;
      const word =
        bounds.to === Infinity
          ? words(this.#width - 5, y, cut, "end")
          : bounds.from === -Infinity
            ? words(5, y, cut)
            : words((left + right) / 2, y, cut, "middle");
      return [svg("rect", area), word];
    });
  }

  /**
   * The ratios at which regions begin or end; one beyond the picture is only named.
   * @param {StepTokens} data
   */
  #bounds({ regions, settings }) {
    const env = settingsOnly(settings);
    const symbols = new Map(
      regions.flatMap((x) =>
        Object.values(regionBounds(x, env) ?? {})
          .filter(isNumber)
          .map((at) => /** @type {[number, string]} */ ([Number(at.toPrecision(6)), x.symbol || "ρ"])),
      ),
    );
    const ratios = [...symbols.keys()].sort((a, b) => Math.abs(a - 1) - Math.abs(b - 1));
    const used = { low: 0, high: 0 };
    return ratios.flatMap((ratio) => {
      const side = ratio < 1 ? "low" : "high";
      const y = H - 6 - BETWEEN * used[side]++;
      const name = `${symbols.get(ratio)} = ${fixed(ratio, 2)}`;
      const x = this.#x(ratio);
      if (Math.abs(ratio - 1) <= this.#reach.ratio) {
        const text = side === "low" ? words(x - 4, y, name, "end") : words(x + 4, y, name);
        return [line(x, HEAD, x, H, "bound"), text];
      }
      return side === "low" ? [words(5, y, `← ${name}`)] : [words(this.#width - 5, y, `${name} →`, "end")];
    });
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
    const { ratio, clipped } = data.passes[this.#pass];
    const known = (/** @type {number} */ i) => isNumber(ratio[i]) && isNumber(data.advantage[i]);
    this.#points.forEach((point, n) => {
      const i = this.#drawn[n];
      point.style.display = known(i) ? "" : "none";
      if (!known(i)) return;
      point.style.transform = this.#place(i);
      attr(point, "class", clipped[i] ? "hollow" : "full");
    });
    const counts = counted(data, this.#pass, [...ratio.keys()].filter(known), labels);
    const still = this.#pass === 0 && ratio.every((x) => !isNumber(x) || Math.abs(x - 1) < 1e-6);
    const thinned = this.#every > 1 ? fill(labels.scatter_thinned, { k: this.#every }) : "";
    say(this.note, sentences([counts, still && labels.scatter_start, thinned]));
    attr(this.svg, "aria-label", fill(labels.scatter_alt, { learner: this.name.toUpperCase(), counts }));
    this.root.dataset.pass = String(this.#pass);
    this.select(token);
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
    const [ratio, advantage] = [data.passes[this.#pass].ratio[i], data.advantage[i]];
    return { x: this.#x(Number(ratio)), y: this.#y(Number(advantage)) };
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
      const away = Math.hypot((x / this.#width) * box.width - px, (y / H) * box.height - py);
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

  /** @param {number} ratio */
  #x(ratio) {
    const half = this.#width / 2;
    const at = half + ((ratio - 1) / this.#reach.ratio) * (half - PAD);
    return Math.min(this.#width - PAD / 2, Math.max(PAD / 2, at));
  }

  /** @param {number} advantage */
  #y(advantage) {
    return H / 2 - (advantage / this.#reach.advantage) * (H / 2 - PAD);
  }
}

/**
 * How many of these tokens are cut, or weigh less than their ratio, as a sentence.
 * @param {StepTokens} data
 * @param {number} pass
 * @param {number[]} tokens
 * @param {Labels} labels
 */
function counted(data, pass, tokens, labels) {
  const { regions, passes, settings, cut_at: at } = data;
  const { cuts, bounds } = kinds(regions);
  const last = passes.length - 1;
  const places = { n: tokens.length, pass, next: pass + 1 };
  if (!cuts && !bounds) return fill(labels.scatter_says_free, places);
  if (at === "never") return sentences([fill(labels.scatter_tokens, places), labels.cut_never]);
  if (at === null) return fill(labels.scatter_unknown, places);
  if (at === "state") {
    const where = fill(labels.scatter_after, places);
    return sentences([counts(data, [pass], tokens, where, labels), aboutCuts(data, pass, last, labels)]);
  }
  if (passes[pass].clipped.every((x) => x === null)) {
    const all = counts(data, [...passes.keys()], tokens, labels.scatter_all, labels);
    return sentences([fill(labels.scatter_last, places), all]);
  }
  const elsewhere = Number(settings.num_mini_batches) > 1 && labels.scatter_elsewhere;
  return sentences([counts(data, [pass], tokens, fill(labels.scatter_next, places), labels), elsewhere]);
}

/**
 * How many gradients of these tokens were cut or bounded in some passes.
 * @param {StepTokens} data
 * @param {number[]} among passes
 * @param {number[]} tokens
 * @param {string} where
 * @param {Labels} labels
 */
function counts({ regions, passes }, among, tokens, where, labels) {
  const sides = among.flatMap((pass) => tokens.map((i) => Number(passes[pass].clipped[i])));
  const [high, low] = [sides.filter((x) => x > 0).length, sides.filter((x) => x < 0).length];
  // Of a pass whose gradients were recorded, single tokens may lack it: they are not among those that were not cut.
  const recorded = among.filter((pass) => passes[pass].clipped.some((x) => x !== null));
  const n = recorded.flatMap((pass) => tokens.filter((i) => passes[pass].clipped[i] === null)).length;
  const rest = n > 0 && fill(labels.scatter_of_some, { n });
  const has = kinds(regions);
  if (!has.bounds) return sentences([fill(labels.scatter_says, { where, high, low }), rest]);
  const bounded = (has.high.cuts ? 0 : high) + (has.low.cuts ? 0 : low);
  const cut = high + low - bounded;
  return sentences([
    fill(has.cuts ? labels.scatter_says_both : labels.scatter_says_bounded, { where, cut, bounded }),
    rest,
  ]);
}

/**
 * Axes that hold every pass of every learner, so that only points move; far outliers stay at the edge, far bounds beyond.
 * @param {StepTokens[]} learners
 * @returns {Reach}
 */
export function reachOf(learners) {
  let [ratio, advantage] = [0, 0];
  for (const { settings, regions, passes, advantage: values } of learners) {
    const env = settingsOnly(settings);
    const bounds = regions.flatMap((x) => Object.values(regionBounds(x, env) ?? {})).filter(isNumber);
    const near = bounds.map((x) => Math.abs(x - 1)).filter((x) => x <= 1);
    ratio = Math.max(ratio, 1.7 * Math.max(...(near.length ? near : [USUAL])));
    for (const x of values) if (isNumber(x)) advantage = Math.max(advantage, Math.abs(x));
    for (const pass of passes)
      for (const x of pass.ratio) if (isNumber(x)) ratio = Math.max(ratio, Math.min(1, Math.abs(x - 1)));
  }
  return { ratio: ratio * 1.04, advantage: advantage * 1.08 || 1 };
}
