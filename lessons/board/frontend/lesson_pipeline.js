// PPO's pipeline as boxes and arrows. Boxes are buttons in a grid; arrows are drawn between wherever they come to stand.

import { attr, el, say, sayWithSymbols, svg } from "./dom.js";

/** @typedef {{ key: string, kind: "trained" | "frozen" | "data", title: string, sub?: string, moved?: string }} Box */
/** @typedef {{ from: string, to: string, back?: boolean }} Edge */
/** @typedef {{ boxes: Box[], edges: Edge[], words: Record<string, string>, picked: string | null, alt: string }} Data */
/** @typedef {{ left: number, right: number, top: number, bottom: number }} Place */

const GAP = 5; // pixels between an arrow's end and its box
const NARROW = 640; // pixels, as in lesson.css

export default class Pipeline {
  /** @type {Map<string, ReturnType<typeof button>>} */
  #boxes = new Map();
  #shape = "";
  /** @type {Data | null} */
  #data = null;

  /** @param {{ root: HTMLElement, send: (event: string, value: unknown) => void }} options */
  constructor({ root, send }) {
    this.send = send;
    this.arrows = svg("svg", { class: "arrows", "aria-hidden": "true" });
    this.grid = el("div", { class: "pipeline", role: "group" }, this.arrows);
    this.legend = el("div", { class: "legend" });
    root.append(this.grid, this.legend);
    this.watch = new ResizeObserver(() => this.#connect());
    this.watch.observe(this.grid);
  }

  /** @param {Data} data */
  draw(data) {
    this.#data = data;
    attr(this.grid, "aria-label", data.alt);
    const shape = data.boxes.map((box) => box.key).join();
    if (shape !== this.#shape) this.#build(data);
    this.#shape = shape;
    for (const box of data.boxes) this.#paint(box, data);
    this.#drawLegend(data.words);
    this.#connect();
  }

  close() {
    this.watch.disconnect();
  }

  /** @param {Data} data */
  #build(data) {
    for (const { root } of this.#boxes.values()) root.remove();
    this.#boxes = new Map(data.boxes.map(({ key }) => [key, button(key, () => this.#pressed(key))]));
    this.grid.append(...[...this.#boxes.values()].map((x) => x.root));
  }

  /**
   * @param {Box} box
   * @param {Data} data
   */
  #paint(box, { words, picked }) {
    const shown = this.#boxes.get(box.key);
    if (!shown) return;
    const { root, title, sub, tag } = shown;
    root.className = `box ${box.kind}`;
    sayWithSymbols(title, box.title);
    say(sub, box.sub ?? "");
    const text = [words[box.kind], box.moved].filter(Boolean).join(" · ");
    if (tag.dataset.text !== text) tag.replaceChildren(...(box.kind === "frozen" ? [lock()] : []), text);
    tag.dataset.text = text;
    tag.hidden = !text;
    attr(root, "aria-pressed", box.key === picked);
  }

  /** @param {Record<string, string>} words */
  #drawLegend(words) {
    /** @type {(kind: string, sign: Element | null) => HTMLElement} */
    const key = (kind, sign) =>
      el("span", { class: "key" }, el("i", { class: `mark box ${kind}` }), sign, words[`${kind}_long`]);
    this.legend.replaceChildren(key("trained", null), key("frozen", lock()));
  }

  /** @param {string} key */
  #pressed(key) {
    if (key !== this.#data?.picked) this.send("picked", key);
  }

  /** One arrow an edge, from border to border; edges that would run behind other boxes are left out where it is narrow. */
  #connect() {
    if (!this.#data) return;
    const around = this.grid.getBoundingClientRect();
    const narrow = around.width < NARROW;
    const places = new Map([...this.#boxes].map(([key, { root }]) => [key, within(root, around)]));
    const arrows = this.#data.edges.flatMap((edge) => {
      const [from, to] = [places.get(edge.from), places.get(edge.to)];
      if (!from || !to || (narrow && edge.back)) return [];
      const [x1, y1, x2, y2] = between(from, to, narrow);
      const props = { x1, y1, x2, y2, class: edge.back ? "back" : "", "marker-end": "url(#pipeline-tip)" };
      return [svg("line", props)];
    });
    this.arrows.replaceChildren(svg("defs", {}, tip()), ...arrows);
  }
}

/**
 * @param {string} key
 * @param {() => void} onclick
 */
function button(key, onclick) {
  const [title, sub, tag] = [el("b"), el("span", { class: "sub" }), el("span", { class: "tag" })];
  const props = { type: "button", data: { box: key }, style: { "grid-area": key }, onclick };
  return { root: el("button", props, title, sub, tag), title, sub, tag };
}

/** @type {(root: Element, around: DOMRect) => Place} */
function within(root, around) {
  const { left, right, top, bottom } = root.getBoundingClientRect();
  return { left: left - around.left, right: right - around.left, top: top - around.top, bottom: bottom - around.top };
}

/**
 * The shortest straight way between two rectangles: x1, y1, x2, y2.
 * @type {(a: Place, b: Place, narrow: boolean) => [number, number, number, number]}
 */
export function between(a, b, narrow) {
  const [left, right] = [Math.max(a.left, b.left), Math.min(a.right, b.right)];
  const [top, bottom] = [Math.max(a.top, b.top), Math.min(a.bottom, b.bottom)];
  if (right - left > 16) {
    const x = (left + right) / 2;
    return a.bottom <= b.top ? [x, a.bottom + GAP, x, b.top - GAP] : [x, a.top - GAP, x, b.bottom + GAP];
  }
  if (narrow && a.bottom <= b.top) {
    const x = (a.left + a.right) / 2;
    return [x, a.bottom + GAP, Math.min(Math.max(x, b.left + 14), b.right - 14), b.top - GAP];
  }
  const y = bottom - top > 12 ? (top + bottom) / 2 : null;
  const [from, to] = [y ?? (a.top + a.bottom) / 2, y ?? (b.top + b.bottom) / 2];
  return a.right <= b.left ? [a.right + GAP, from, b.left - GAP, to] : [a.left - GAP, from, b.right + GAP, to];
}

function tip() {
  const size = { viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7 };
  const head = svg("path", { d: "M0 0L8 4L0 8z" });
  return svg("marker", { id: "pipeline-tip", ...size, orient: "auto-start-reverse" }, head);
}

function lock() {
  const body = svg("rect", { x: 1, y: 6, width: 10, height: 7, rx: 1.5 });
  const shackle = svg("path", { d: "M3.2 6V4a2.8 2.8 0 0 1 5.6 0v2", fill: "none" });
  return svg("svg", { class: "lock", viewBox: "0 0 12 14", "aria-hidden": "true" }, body, shackle);
}
