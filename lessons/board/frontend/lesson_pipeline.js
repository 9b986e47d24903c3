// PPO's pipeline as boxes and arrows. Boxes are buttons in a grid; arrows are drawn between wherever they come to stand.

import { attr, el, say, svg } from "./dom.js";

const GAP = 5; // pixels between an arrow's end and its box

export default class Pipeline {
  #boxes = new Map(); // key → button
  #shape = "";

  constructor({ root, send }) {
    this.send = send;
    this.arrows = svg("svg", { class: "arrows", "aria-hidden": "true" });
    this.grid = el("div", { class: "pipeline", role: "group" }, this.arrows);
    this.grid.onclick = (event) => this.#pressed(event.target.closest?.("button"));
    this.legend = el("div", { class: "legend" });
    root.append(this.grid, this.legend);
    this.watch = new ResizeObserver(() => this.#connect());
    this.watch.observe(this.grid);
  }

  draw(data) {
    this.data = data;
    attr(this.grid, "aria-label", data.alt);
    const shape = data.boxes.map((box) => box.key).join();
    if (shape !== this.#shape) this.#build();
    this.#shape = shape;
    for (const box of data.boxes) this.#paint(box);
    this.#drawLegend();
    this.#connect();
  }

  close() {
    this.watch.disconnect();
  }

  #build() {
    for (const button of this.#boxes.values()) button.remove();
    this.#boxes = new Map(this.data.boxes.map((box) => {
      const button = el("button", { type: "button", data: { box: box.key }, style: { "grid-area": box.key } },
        el("b"), el("span", { class: "sub" }), el("span", { class: "tag" }));
      return [box.key, button];
    }));
    this.grid.append(...this.#boxes.values());
  }

  #paint(box) {
    const button = this.#boxes.get(box.key);
    const [title, sub, tag] = button.children;
    button.className = `box ${box.kind}`;
    say(title, box.title);
    say(sub, box.sub ?? "");
    const word = this.data.words[box.kind];
    const text = [word, box.moved].filter(Boolean).join(" · ");
    if (tag.dataset.text !== text) tag.replaceChildren(...(box.kind === "frozen" ? [lock()] : []), text);
    tag.dataset.text = text;
    tag.hidden = !text;
    attr(button, "aria-pressed", box.key === this.data.picked);
  }

  #drawLegend() {
    const { words } = this.data;
    this.legend.replaceChildren(...["trained", "frozen"].map((kind) =>
      el("span", { class: "key" }, el("i", { class: `mark box ${kind}` }), kind === "frozen" ? lock() : null, words[`${kind}_long`])));
  }

  #pressed(button) {
    if (button && button.dataset.box !== this.data.picked) this.send("picked", button.dataset.box);
  }

  /** One arrow an edge, from border to border; edges that would run behind other boxes are left out where it is narrow. */
  #connect() {
    if (!this.data) return;
    const around = this.grid.getBoundingClientRect();
    const narrow = around.width < 640;
    const place = (key) => {
      const r = this.#boxes.get(key).getBoundingClientRect();
      return { left: r.left - around.left, right: r.right - around.left, top: r.top - around.top, bottom: r.bottom - around.top };
    };
    const tip = svg("marker", { id: "pipeline-tip", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto-start-reverse" }, svg("path", { d: "M0 0L8 4L0 8z" }));
    const edges = this.data.edges.filter((edge) => !(narrow && edge.back));
    this.arrows.replaceChildren(svg("defs", {}, tip), ...edges.map((edge) => {
      const [x1, y1, x2, y2] = between(place(edge.from), place(edge.to), narrow);
      return svg("line", { x1, y1, x2, y2, class: edge.back ? "back" : "", "marker-end": "url(#pipeline-tip)" });
    }));
  }
}

/** The shortest straight way between two rectangles. */
function between(a, b, narrow) {
  const left = Math.max(a.left, b.left), right = Math.min(a.right, b.right);
  const top = Math.max(a.top, b.top), bottom = Math.min(a.bottom, b.bottom);
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

const lock = () =>
  svg("svg", { class: "lock", viewBox: "0 0 12 14", "aria-hidden": "true" },
    svg("rect", { x: 1, y: 6, width: 10, height: 7, rx: 1.5 }), svg("path", { d: "M3.2 6V4a2.8 2.8 0 0 1 5.6 0v2", fill: "none" }));
