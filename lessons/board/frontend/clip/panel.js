// The surrogate over the ratio, for advantages of one sign: the curve, the step's tokens as dots on it, and one token
// that is held and can be dragged along it.

import { attr, el, say, svg, symbolSpans } from "../dom.js";
import { fill, fixed } from "../format.js";

/** @typedef {import("./judge.js").Judge} Judge */
/** @typedef {import("./judge.js").Look} Look */

const H = 236;
const LEFT = 34;
const [TOP, RIGHT, BOTTOM] = [10, 8, 34];
const NEAR = 12; // px: so near to a dot a press takes that token
const [STEP, LEAP] = [0.01, 0.1];
const ARROW = 34; // px that the arrow is long at a gradient of 1 and more

/** @param {number} x @param {number} y @param {string} text @param {string} anchor */
const words = (x, y, text, anchor = "middle") => svg("text", { x, y, "text-anchor": anchor }, symbolSpans(text));

export class Panel {
  /** @type {Judge | null} */
  #judge = null;
  #width = 400;
  #reach = 2;
  /** @type {number[]} tokens, by their number in the step */
  #shown = [];
  /** @type {SVGCircleElement[]} */
  #dots = [];
  /** @type {[number, number][]} where each dot is */
  #at = [];
  #isHeld = false;

  /**
   * @param {object} options
   * @param {1 | -1} options.sign of the advantage
   * @param {(ratio: number) => void} options.onMove the held token was moved
   * @param {(token: number) => void} options.onPick a dot was pressed
   * @param {() => void} options.onWidth the drawing got wider or narrower
   */
  constructor({ sign, onMove, onPick, onWidth }) {
    this.sign = sign;
    this.onMove = onMove;
    this.onPick = onPick;
    this.title = el("h3", { class: "title" });
    this.fixed = svg("g", { "aria-hidden": "true" });
    this.points = svg("g", { class: "points", "aria-hidden": "true" });
    this.arrow = svg("path", { class: "push", "aria-hidden": "true" });
    this.handle = svg("circle", { r: 9, class: "handle", tabindex: 0, role: "slider", "aria-valuemin": 0 });
    this.handle.onkeydown = (event) => this.#keys(event);
    this.svg = svg("svg", { role: "group" }, this.fixed, this.points, this.arrow, this.handle);
    this.svg.onpointerdown = (event) => this.#press(event);
    this.svg.onpointermove = (event) => this.#isHeld && this.#drag(event);
    for (const name of ["onpointerup", "onpointercancel"]) Reflect.set(this.svg, name, () => this.#release());
    this.sizes = new ResizeObserver(() => Math.abs(this.svg.clientWidth - this.#width) > 2 && onWidth());
    this.sizes.observe(this.svg);
    this.root = el("div", { class: "panel clipping", data: { sign: sign > 0 ? "positive" : "negative" } });
    this.root.append(this.title, this.svg);
  }

  close() {
    this.sizes.disconnect();
  }

  /**
   * Axes, curve and regions.
   * @param {Judge} judge
   * @param {number} reach how far the axis of ratios goes
   * @param {number[]} shown the tokens that are dots
   * @param {Record<string, string>} labels
   * @param {{ title: string, alt: string }} says
   */
  draw(judge, reach, shown, labels, { title, alt }) {
    this.#judge = judge;
    this.#reach = reach;
    this.#width = Math.max(220, this.svg.clientWidth || 400);
    attr(this.svg, "viewBox", `0 0 ${this.#width} ${H}`);
    attr(this.svg, "aria-label", alt);
    say(this.title, title);
    const { objective, free } = judge.curve(this.sign, reach);
    this.fixed.replaceChildren(
      ...this.#cut(judge, labels),
      ...this.#axes(labels),
      ...this.#bounds(judge),
      svg("path", { d: this.#path(free), class: "free" }),
      svg("path", { d: this.#path(objective), class: "curve" }),
    );
    if (this.#shown.join() !== shown.join()) {
      this.#shown = shown;
      this.#dots = shown.map(() => svg("circle", { r: 3 }));
      this.points.replaceChildren(...this.#dots);
    }
    attr(this.handle, "aria-valuemax", reach);
    attr(this.handle, "aria-label", labels.drag);
  }

  /**
   * Puts the dots on the curve, at these ratios (in the order of `shown`).
   * @param {number[]} ratio
   * @param {boolean[]} isCut
   */
  place(ratio, isCut) {
    if (!this.#judge) return;
    const heights = this.#judge.objectives(ratio, Array(ratio.length).fill(this.sign));
    this.#at = ratio.map((x, i) => [this.#x(x), this.#y(heights[i])]);
    this.#dots.forEach((dot, i) => {
      const [x, y] = this.#at[i];
      dot.setAttribute("transform", `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
      attr(dot, "class", isCut[i] ? "hollow" : "full");
    });
  }

  /**
   * The held token, where it is now.
   * @param {Look} look
   * @param {string} says
   */
  hold(look, says) {
    if (!this.#judge) return;
    const [height] = this.#judge.objectives([look.ratio], [this.sign]);
    const [x, y] = [this.#x(look.ratio), this.#y(height)];
    this.handle.setAttribute("transform", `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
    attr(this.handle, "aria-valuenow", look.ratio.toFixed(2));
    attr(this.handle, "aria-valuetext", says);
    attr(this.handle, "class", `handle ${look.isCut ? "cut" : "learns"}`);
    const long = look.isCut ? 0 : this.sign * ARROW;
    const end = x + (long > 0 ? Math.max(14, long) : Math.min(-14, long));
    const head = 5 * Math.sign(long);
    const level = y - 16;
    this.arrow.setAttribute(
      "d",
      long ? `M${x} ${level}H${end}M${end - head} ${level - 4}L${end} ${level}L${end - head} ${level + 4}` : "",
    );
    this.root.dataset.cut = String(look.isCut);
  }

  // What a person does

  /** @param {PointerEvent} event */
  #press(event) {
    const [px, py] = this.#pointer(event);
    let [best, least] = [-1, NEAR];
    for (const [i, [x, y]] of this.#at.entries()) {
      const away = Math.hypot(x - px, y - py);
      if (away < least) [best, least] = [i, away];
    }
    this.#isHeld = true;
    this.svg.setPointerCapture?.(event.pointerId);
    this.handle.focus({ preventScroll: true });
    event.preventDefault();
    const isHandle = event.target === this.handle;
    if (best >= 0 && !isHandle) this.onPick(this.#shown[best]);
    else if (!isHandle) this.#drag(event);
  }

  /** @param {PointerEvent} event */
  #drag(event) {
    const [px] = this.#pointer(event);
    const ratio = ((px - LEFT) / (this.#width - LEFT - RIGHT)) * this.#reach;
    this.#move(Math.round(ratio / STEP) * STEP);
  }

  #release() {
    this.#isHeld = false;
  }

  /** @param {MouseEvent} event @returns {[number, number]} in the drawing's own units */
  #pointer(event) {
    const box = this.svg.getBoundingClientRect();
    const scale = this.#width / (box.width || this.#width);
    return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
  }

  /** @param {KeyboardEvent} event */
  #keys(event) {
    const now = Number(this.handle.getAttribute("aria-valuenow"));
    /** @type {Record<string, number>} */
    const goes = {
      ArrowRight: now + STEP,
      ArrowUp: now + STEP,
      ArrowLeft: now - STEP,
      ArrowDown: now - STEP,
      PageUp: now + LEAP,
      PageDown: now - LEAP,
      Home: 0,
      End: this.#reach,
    };
    if (!(event.key in goes)) return;
    event.preventDefault();
    event.stopPropagation();
    this.#move(goes[event.key]);
  }

  /** @param {number} ratio */
  #move(ratio) {
    this.onMove(Number(Math.min(this.#reach, Math.max(0, ratio)).toFixed(4)));
  }

  // Drawing

  /** @param {number} ratio */
  #x(ratio) {
    return LEFT + (Math.min(this.#reach, ratio) / this.#reach) * (this.#width - LEFT - RIGHT);
  }

  /** @param {number} height the objective at an advantage of 1 or −1 */
  #y(height) {
    const [low, high] = this.sign > 0 ? [0, 2.1] : [-this.#reach, 0];
    const share = (Math.min(high, Math.max(low, height)) - low) / (high - low);
    return TOP + (1 - share) * (H - TOP - BOTTOM);
  }

  /** @param {[number, number][]} points */
  #path(points) {
    const inside = points.filter(([, y]) => Math.abs(y) <= (this.sign > 0 ? 2.1 : this.#reach) + 1e-9);
    return inside.map(([x, y], i) => `${i ? "L" : "M"}${this.#x(x).toFixed(1)} ${this.#y(y).toFixed(1)}`).join("");
  }

  /** @param {Judge} judge @param {Record<string, string>} labels */
  #cut(judge, labels) {
    return judge.cutRanges(this.sign).flatMap(({ from, to }) => {
      const [left, right] = [this.#x(Math.max(0, from)), this.#x(Math.min(this.#reach, to))];
      if (right - left < 1) return [];
      const area = svg("rect", { x: left, y: TOP, width: right - left, height: H - TOP - BOTTOM, class: "cutaway" });
      const y = this.sign > 0 ? H - BOTTOM - 8 : TOP + 30;
      return right - left < 52 ? [area] : [area, words((left + right) / 2, y, labels.cut_here)];
    });
  }

  /** @param {Record<string, string>} labels */
  #axes(labels) {
    const [bottom, zero] = [H - BOTTOM, this.#y(0)];
    const ticks = [...Array(Math.floor(this.#reach / 0.5) + 1).keys()].map((i) => i / 2);
    const heights = this.sign > 0 ? [0, 1, 2] : [0, -1, ...(this.#reach >= 2 ? [-2] : [])];
    return [
      svg("line", { x1: LEFT, y1: zero, x2: this.#width - RIGHT, y2: zero, class: "axis" }),
      svg("line", { x1: this.#x(1), y1: TOP, x2: this.#x(1), y2: bottom, class: "axis" }),
      ...ticks.map((x) => words(this.#x(x), bottom + 13, fixed(x, 1))),
      ...heights.map((y) => words(LEFT - 5, this.#y(y) + 4, fixed(y, 0), "end")),
      words((LEFT + this.#width) / 2, H - 4, labels.axis),
    ];
  }

  /** @param {Judge} judge */
  #bounds(judge) {
    return judge.bounds().flatMap(({ ratio, symbol }, i) => {
      if (ratio > this.#reach) return [];
      const x = this.#x(ratio);
      const anchor = ratio < 1 ? "end" : "start";
      const y = this.sign > 0 ? TOP + 10 + 12 * Math.max(0, i - 1) : H - BOTTOM - 6 - 12 * Math.max(0, i - 1);
      const name = fill("{symbol} = {ratio}", { symbol, ratio: fixed(ratio, 2) });
      return [
        svg("line", { x1: x, y1: TOP, x2: x, y2: H - BOTTOM, class: "bound" }),
        words(x + (ratio < 1 ? -4 : 4), y, name, anchor),
      ];
    });
  }
}
