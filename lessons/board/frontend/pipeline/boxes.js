// The pipeline's boxes: buttons with a title, whether they are trained or frozen, and what they hold just now.

import { attr, el, say, sayWithSymbols, spoken, svg } from "../dom.js";
import { coming, fade, leaving } from "./painted.js";

/** @import { BoxData, Drawn, Mode } from "./types.js" */

export class Boxes {
  /** @type {Map<string, Box>} */
  #boxes = new Map();
  #shape = "";

  /**
   * @param {(key: string) => void} onPress
   * @param {Record<string, HTMLElement>} inside what stands in a box, by its key
   * @param {HTMLElement} beside what stands among the boxes and is none
   */
  constructor(onPress, inside, beside) {
    this.onPress = onPress;
    this.inside = inside;
    this.beside = beside;
    this.root = el("div", { class: "boxes" }, beside);
  }

  /** @param {Drawn} sent */
  draw(sent) {
    const shape = sent.boxes.map((box) => box.key).join();
    if (shape !== this.#shape) {
      this.#boxes = new Map(sent.boxes.map((box) => [box.key, this.#made(box)]));
      this.root.replaceChildren(this.beside, ...[...this.#boxes.values()].map((x) => x.root));
    }
    this.#shape = shape;
    for (const data of sent.boxes) this.#boxes.get(data.key)?.draw(data, sent);
  }

  /** @param {number} morph @param {Mode} mode */
  morph(morph, mode) {
    for (const box of this.#boxes.values()) box.morph(morph, mode);
  }

  /** Marks the box that things happen in. @param {string | null} key */
  current(key) {
    for (const [name, { root }] of this.#boxes) {
      root.classList.toggle("current", name === key);
      if (name === key) attr(root, "aria-current", "step");
      else root.removeAttribute("aria-current");
    }
  }

  get all() {
    return [...this.#boxes].map(([key, { root }]) => ({ key, root }));
  }

  /** @param {BoxData} data */
  #made(data) {
    return new Box(data, () => this.onPress(data.key), this.inside[data.key]);
  }
}

class Box {
  /** @type {BoxData} */
  #data;
  /** @type {Drawn | null} */
  #sent = null;
  /** @type {Mode | null} */
  #mode = null;

  /**
   * @param {BoxData} data
   * @param {() => void} onclick
   * @param {HTMLElement | undefined} inside
   */
  constructor(data, onclick, inside) {
    this.#data = data;
    this.inside = inside;
    this.title = el("b");
    this.sub = el("span", { class: "sub" });
    this.tag = el("span", { class: "tag" });
    // Whose colour a trained box has: one lies over the other, and only how much is seen of each changes.
    this.tints = data.kind === "trained" ? ["ppo", "grpo"].map((x) => el("span", { class: `tint ${x}` })) : [];
    const head = el("span", { class: "head" }, this.title, this.tag);
    const style = { "grid-area": data.only === "grpo" ? "gae" : data.key };
    const props = {
      type: "button",
      class: `box ${data.kind} ${data.only ?? ""}`,
      data: { box: data.key },
      style,
      onclick,
    };
    this.root = el("button", props, this.tints, head, this.sub, inside ?? null);
  }

  /** @param {BoxData} data @param {Drawn} sent */
  draw(data, sent) {
    this.#data = data;
    this.#sent = sent;
    sayWithSymbols(this.title, data.title);
    if (sent.pickable) attr(this.root, "aria-pressed", data.key === sent.picked);
    this.#name();
  }

  /** @param {number} morph @param {Mode} mode */
  morph(morph, mode) {
    const [ppo, grpo] = this.tints;
    if (ppo && grpo) {
      fade(ppo, 1 - morph);
      fade(grpo, morph);
    }
    const { only, dim_grpo: dim } = this.#data;
    if (only) fade(this.root, only === "ppo" ? leaving(morph) : coming(morph));
    else if (dim && this.inside) fade(this.inside, 1 - 0.7 * morph);
    if (mode === this.#mode) return;
    this.#mode = mode;
    if (only) this.root.inert = only !== mode;
    this.#name();
  }

  #tagText() {
    const { kind, moved_ppo, moved_grpo } = this.#data;
    const moved = this.#mode === "grpo" ? moved_grpo : moved_ppo;
    const word = kind === "data" ? "" : this.#sent?.words[kind];
    return [word, moved].filter(Boolean).join(" · ").replaceAll(" %", "\u00a0%"); // a number and its sign stay together
  }

  /** What stands beside and below the title, and what a screen reader calls the box. */
  #name() {
    const { kind, title, sub, sub_grpo: other } = this.#data;
    const tag = this.#tagText();
    if (this.tag.dataset.text !== tag) this.tag.replaceChildren(...(kind === "frozen" ? [lock()] : []), tag);
    this.tag.dataset.text = tag;
    this.tag.hidden = !tag;
    const text = this.#mode === "grpo" ? (other ?? sub) : sub;
    say(this.sub, text);
    attr(this.root, "aria-label", [spoken(title), tag, text].filter(Boolean).join(", "));
  }
}

export function lock() {
  const body = svg("rect", { x: 1, y: 6, width: 10, height: 7, rx: 1.5 });
  const shackle = svg("path", { d: "M3.2 6V4a2.8 2.8 0 0 1 5.6 0v2", fill: "none" });
  return svg("svg", { class: "lock", viewBox: "0 0 12 14", "aria-hidden": "true" }, body, shackle);
}
