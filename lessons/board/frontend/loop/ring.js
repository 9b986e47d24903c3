// The stations of a round, one after another, and the way back from the update to the model.

import { attr, el, say } from "../dom.js";
import { lock } from "../pipeline/boxes.js";

/** @import { Sent } from "./types.js" */

export class Ring {
  /** @type {HTMLElement[]} */
  #boxes = [];

  constructor() {
    this.list = el("ol", { class: "ring" });
    this.back = el("p", { class: "ring-back" });
    this.root = el("div", {}, this.list, this.back);
  }

  /** @param {Sent} sent */
  draw({ stations, words }) {
    this.#boxes = stations.map(({ key, kind, title }) => {
      const kinds = { trained: words.trained, frozen: words.frozen, data: "" };
      const sign = kind === "frozen" ? lock() : null;
      const tag = el("small", {}, sign, kinds[kind]);
      return el("li", { class: kind, data: { station: key } }, el("b", { text: title }), tag);
    });
    this.list.replaceChildren(...this.#boxes);
    say(this.back, words.back);
  }

  /** @param {number} station */
  show(station) {
    this.#boxes.forEach((box, i) => {
      if (i === station) attr(box, "aria-current", "step");
      else box.removeAttribute("aria-current");
      box.classList.toggle("past", i < station);
    });
    this.back.classList.toggle("now", station === this.#boxes.length - 1);
  }
}
