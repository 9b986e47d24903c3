// The share of right responses of every step so far: as far as the round on show, and, of a run that goes on, as far as it
// has come.

import { attr, svg } from "../dom.js";
import { fill, fixed } from "../format.js";

/** @import { Sent } from "./types.js" */

const H = 148; // as in loop.css
const [LEFT, RIGHT, TOP, BOTTOM] = [30, 10, 10, 30];

export class Success {
  #width = 300;

  constructor() {
    this.fixed = svg("g", {});
    this.all = svg("path", { class: "all" });
    this.line = svg("path", { class: "trail" });
    this.dot = svg("circle", { r: 5, class: "now" });
    this.svg = svg("svg", { role: "img" }, this.fixed, this.all, this.line, this.dot);
  }

  /** @param {Sent} sent */
  draw({ success, steps, own, words }) {
    this.#width = Math.max(120, this.svg.clientWidth || 300);
    attr(this.svg, "viewBox", `0 0 ${this.#width} ${H}`);
    const places = { first: fixed(success[0], 2), last: fixed(success.at(-1), 2), steps: success.length };
    attr(this.svg, "aria-label", fill(words.alt, places));
    const text = (/** @type {number} */ x, /** @type {number} */ y, /** @type {string} */ t, anchor = "middle") =>
      svg("text", { x, y, "text-anchor": anchor, text: t });
    const line = (/** @type {number} */ y) =>
      svg("line", { x1: LEFT, x2: this.#width - RIGHT, y1: this.#y(y), y2: this.#y(y), class: "axis" });
    const ends = steps > 1 ? [0, steps - 1] : [0];
    this.fixed.replaceChildren(
      ...[0, 0.5, 1].flatMap((y) => [line(y), text(LEFT - 5, this.#y(y) + 4, fixed(y, y === 0.5 ? 1 : 0), "end")]),
      ...ends.map((x) => text(this.#x(x, steps), H - BOTTOM + 15, String(x + 1))),
      text((LEFT + this.#width - RIGHT) / 2, H - 2, words.step),
    );
    this.all.setAttribute("d", own ? this.#path(success, steps) : "");
  }

  /** @param {Sent} sent @param {number} step the round's, from 0 */
  show({ success, steps }, step) {
    const until = Math.min(step, success.length - 1);
    const points = success.slice(0, until + 1);
    this.line.setAttribute("d", this.#path(points, steps));
    attr(this.dot, "visibility", points.length ? "visible" : "hidden");
    const place = points.length ? this.#point(points[points.length - 1], points.length - 1, steps) : "0 0";
    this.dot.setAttribute("transform", `translate(${place})`);
  }

  /** @param {number[]} values @param {number} steps */
  #path(values, steps) {
    return values.length ? `M${values.map((y, x) => this.#point(y, x, steps)).join("L")}` : "";
  }

  /** @param {number} y @param {number} x @param {number} steps */
  #point(y, x, steps) {
    return `${this.#x(x, steps)} ${this.#y(y)}`;
  }

  /** @param {number} x @param {number} all */
  #x(x, all) {
    return Number((LEFT + (all > 1 ? x / (all - 1) : 0.5) * (this.#width - LEFT - RIGHT)).toFixed(1));
  }

  /** @param {number} y */
  #y(y) {
    return Number((TOP + (1 - y) * (H - TOP - BOTTOM)).toFixed(1));
  }
}
