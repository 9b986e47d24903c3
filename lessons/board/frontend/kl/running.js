// The mean of each estimate over the tokens so far, beside that of the exact KL.

import { attr, svg } from "../dom.js";
import { brief, ticks as labelled } from "../format.js";
import { ticksOn } from "../scatter_axes.js";
import { NAMES } from "./curves.js";

/** @import { Sent } from "./types.js" */

const ALL = /** @type {const} */ (["exact", ...NAMES]);
const H = 240;
const [LEFT, RIGHT, TOP, BOTTOM] = [46, 12, 8, 34];
const POINTS = 260; // of a line
const SETTLED = 8; // tokens after which every mean is in the picture

export class Running {
  #width = 400;
  #last = 1;
  #span = { low: 0, high: 1 };
  /** @type {number[]} after how many tokens a line has a point */
  #counts = [];

  constructor() {
    this.fixed = svg("g", {});
    this.lines = ALL.map((name) => svg("path", { class: `trail ${name}` }));
    this.ends = ALL.map((name) => svg("circle", { r: 4.5, class: `dot end ${name}` }));
    this.svg = svg("svg", { role: "img" }, this.fixed, this.lines, this.ends);
  }

  /** @param {Sent} sent @param {string} alt */
  draw({ running, words }, alt) {
    this.#width = Math.max(220, this.svg.clientWidth || 400);
    attr(this.svg, "viewBox", `0 0 ${this.#width} ${H}`);
    attr(this.svg, "aria-label", alt);
    this.#last = running.exact.length;
    const settled = ALL.flatMap((name) => running[name].slice(Math.min(SETTLED, this.#last - 1)));
    const [low, high] = [Math.min(0, ...settled), Math.max(0, ...settled)];
    const room = (high - low || 1) * 0.08;
    this.#span = { low: low - room, high: high + room };
    const spread = [...Array(POINTS + 1).keys()].map((i) => Math.round(this.#last ** (i / POINTS)));
    this.#counts = [...new Set(spread)];
    this.fixed.replaceChildren(...this.#axes(words));
  }

  /** @param {Sent} sent @param {number} count */
  show({ running }, count) {
    const counts = [...this.#counts.filter((x) => x < count), ...(count ? [count] : [])];
    ALL.forEach((name, i) => {
      const points = counts.map((n) => `${this.#x(n).toFixed(1)} ${this.#y(running[name][n - 1]).toFixed(1)}`);
      this.lines[i].setAttribute("d", points.length ? `M${points.join("L")}` : "");
      attr(this.ends[i], "visibility", count ? "visible" : "hidden");
      if (count) this.ends[i].setAttribute("transform", `translate(${points[points.length - 1]})`);
    });
  }

  /** @param {Record<string, string>} words */
  #axes(words) {
    const [zero, bottom] = [this.#y(0), H - BOTTOM];
    const { low, high } = this.#span;
    const heights = ticksOn([low, high], 4);
    const rounded = labelled(heights);
    const counts = [1, 10, 100, 1000, 10000].filter((x) => x <= this.#last);
    const text = (/** @type {number} */ x, /** @type {number} */ y, /** @type {string} */ t, anchor = "middle") =>
      svg("text", { x, y, "text-anchor": anchor, text: t });
    return [
      svg("line", { x1: LEFT, y1: zero, x2: this.#width - RIGHT, y2: zero, class: "axis" }),
      ...heights.map((y, i) => text(LEFT - 5, this.#y(y) + 4, rounded[i], "end")),
      ...counts.map((x) => text(this.#x(x), bottom + 13, brief(x).replace(/\.0+$/, ""))),
      text((LEFT + this.#width) / 2, H - 4, words.count),
    ];
  }

  /** @param {number} count */
  #x(count) {
    const share = this.#last > 1 ? Math.log(count) / Math.log(this.#last) : 1;
    return LEFT + share * (this.#width - LEFT - RIGHT);
  }

  /** @param {number} mean */
  #y(mean) {
    const { low, high } = this.#span;
    return TOP + ((high - Math.min(high, Math.max(low, mean))) / (high - low)) * (H - TOP - BOTTOM);
  }
}
