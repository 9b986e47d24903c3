// One token's objective over its ratio: where the line is flat, there is no gradient. The dot is the token; it can be moved.

import { attr, el, say, svg } from "../dom.js";
import { fill, fixed, isNumber } from "../format.js";
import { regionBounds, settingsOnly } from "../regions.js";
import { named } from "../tokens.js";

/** @import { Numbers } from "./numbers.js" */

const [WIDTH, HEIGHT, EDGE] = [360, 170, 16];
const REACH = 0.5; // of the ratio, to either side of 1, at least
const STEP = 0.01; // of the ratio, with the keyboard

export class Clip {
  #token = 0;
  #low = 1 - REACH;
  #high = 1 + REACH;

  /** @param {{ onDrag: (token: number, ratio: number) => void }} options */
  constructor({ onDrag }) {
    this.onDrag = onDrag;
    this.regions = svg("g");
    this.curve = svg("path", { class: "objective" });
    this.one = svg("line", { class: "one" });
    this.dot = svg("circle", { r: 7, class: "dot", tabindex: 0, role: "slider", data: { testid: "clip-dot" } });
    this.labels = svg("g");
    this.svg = svg(
      "svg",
      { class: "clip-picture", viewBox: `0 0 ${WIDTH} ${HEIGHT}` },
      this.regions,
      this.one,
      this.curve,
      this.labels,
      this.dot,
    );
    this.says = el("p", { class: "clip-says" });
    this.root = el("div", { class: "clip-of" }, this.svg, this.says);
    this.svg.onpointerdown = (event) => this.#grab(event);
    this.svg.onpointermove = (event) => this.svg.hasPointerCapture(event.pointerId) && this.#move(event);
    this.dot.onkeydown = (event) => this.#keys(event);
  }

  /** @param {Numbers} numbers @param {number} token */
  draw(numbers, token) {
    this.#token = token;
    const { words } = numbers.sent;
    const ratio = numbers.ratio(token);
    const advantage = numbers.at("advantage", token);
    this.root.hidden = !isNumber(ratio) || !isNumber(advantage);
    if (!isNumber(ratio) || !isNumber(advantage)) return;
    const all = numbers.columnsOf((t) => numbers.ratio(t)).filter(isNumber);
    const reach = Math.max(REACH, ...all.map((x) => Math.abs(x - 1) * 1.1));
    [this.#low, this.#high] = [Math.max(0, 1 - reach), 1 + reach];
    const curve = numbers.curve(token, this.#low, this.#high);
    const [value] = numbers.objectives([ratio], advantage);
    const [bottom, top] = [Math.min(...curve.map((p) => p[1])), Math.max(...curve.map((p) => p[1]))];
    const y = (/** @type {number} */ v) =>
      HEIGHT - EDGE - ((v - bottom) / (top - bottom || 1)) * (HEIGHT - 2 * EDGE - 10);
    attr(
      this.curve,
      "d",
      curve.map(([a, b], i) => `${i ? "L" : "M"}${this.#x(a).toFixed(1)} ${y(b).toFixed(1)}`).join(""),
    );
    this.#place(this.dot, { cx: this.#x(ratio), cy: y(value ?? 0) });
    this.#place(this.one, { x1: this.#x(1), x2: this.#x(1), y1: 6, y2: HEIGHT - EDGE });
    const side = numbers.side(token);
    this.root.dataset.side = String(side);
    this.#bounds(numbers, advantage);
    const places = {
      n: token + 1,
      token: named(numbers.sent.tokens[0][token]),
      ratio: fixed(ratio, 3),
      advantage: fixed(advantage, 3),
      objective: fixed(value, 3),
    };
    say(this.says, fill(words[side ? "clip_cut" : "clip_free"], places));
    attr(this.svg, "aria-label", words.clip_alt);
    attr(this.svg, "role", "group");
    attr(this.dot, "aria-label", words.clip_dot);
    attr(this.dot, "aria-valuemin", this.#low.toFixed(2));
    attr(this.dot, "aria-valuemax", this.#high.toFixed(2));
    attr(this.dot, "aria-valuenow", ratio.toFixed(3));
    attr(this.dot, "aria-valuetext", this.says.textContent ?? "");
  }

  /** Where tokens with this sign of advantage are cut. @param {Numbers} numbers @param {number} advantage */
  #bounds(numbers, advantage) {
    const env = settingsOnly(numbers.settings);
    const shapes = [];
    const labels = [svg("text", { x: this.#x(1), y: HEIGHT - 3, class: "tick", "text-anchor": "middle" }, "ρ = 1")];
    for (const region of numbers.sent.regions) {
      const bounds = regionBounds(region, env);
      const mine = region.advantage === "any" || region.advantage === (advantage < 0 ? "negative" : "positive");
      if (!bounds || !region.cuts || !mine) continue;
      const [from, to] = [Math.max(this.#low, bounds.from), Math.min(this.#high, bounds.to)];
      const edge = Number.isFinite(bounds.from) ? bounds.from : bounds.to;
      if (to > from) {
        const [x, width] = [this.#x(from), this.#x(to) - this.#x(from)];
        shapes.push(svg("rect", { class: "cut-region", x, y: 6, width, height: HEIGHT - EDGE - 6 }));
      }
      const at = Math.min(WIDTH - 20, Math.max(20, this.#x(edge)));
      labels.push(svg("text", { x: at, y: 16, class: "tick", "text-anchor": "middle" }, fixed(edge, 2)));
    }
    this.regions.replaceChildren(...shapes);
    this.labels.replaceChildren(...labels);
  }

  /** @param {number} ratio */
  #x(ratio) {
    return EDGE + ((ratio - this.#low) / (this.#high - this.#low)) * (WIDTH - 2 * EDGE);
  }

  /** @param {Element} node @param {Record<string, number>} places */
  #place(node, places) {
    for (const [name, x] of Object.entries(places)) attr(node, name, x.toFixed(1));
  }

  /** @param {PointerEvent} event */
  #grab(event) {
    this.svg.setPointerCapture(event.pointerId);
    this.#move(event);
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const box = this.svg.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * WIDTH;
    this.#to(this.#low + ((x - EDGE) / (WIDTH - 2 * EDGE)) * (this.#high - this.#low));
  }

  /** @param {number} ratio */
  #to(ratio) {
    this.onDrag(this.#token, Math.min(this.#high, Math.max(this.#low, ratio)));
  }

  /** @param {KeyboardEvent} event */
  #keys(event) {
    const ways = { ArrowRight: STEP, ArrowUp: STEP, ArrowLeft: -STEP, ArrowDown: -STEP };
    const way = /** @type {Record<string, number>} */ (ways)[event.key];
    if (!way) return;
    event.preventDefault();
    event.stopPropagation();
    this.#to(Number(this.dot.getAttribute("aria-valuenow")) + way);
  }
}
