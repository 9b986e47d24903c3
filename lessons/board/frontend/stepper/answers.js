// A group's responses with their tokens: each token in the colour of its response's one number.

import { SCALES } from "../chip.js";
import { scale } from "../colours.js";
import { el, say } from "../dom.js";
import { isNumber, signed } from "../format.js";
import { fade, landed } from "../pipeline/painted.js";
import { arrival } from "../pipeline/stations.js";
import { chipText } from "../tokens.js";

/** @import { Numbers } from "./numbers.js" */

export class Answers {
  /** @type {{ root: HTMLElement, chips: HTMLElement[], number: HTMLElement }[]} */
  #lines = [];

  constructor() {
    this.root = el("div", { class: "answers" });
  }

  /** @param {Numbers} numbers */
  draw(numbers) {
    this.#lines = numbers.sent.tokens.map((tokens, i) => {
      const chips = tokens.map((x) => el("span", { class: "tk", text: chipText(x).text }));
      const number = el("b", { class: "num" });
      const name = el("span", { class: "lane-name", text: `${i + 1}` });
      return { root: el("div", { class: "answer" }, name, el("span", { class: "tks" }, chips), number), chips, number };
    });
    this.root.replaceChildren(...this.#lines.map((x) => x.root));
  }

  /** @param {Numbers} numbers @param {boolean} dark */
  refresh(numbers, dark) {
    const values = numbers.columnsOf((i) => numbers.at("advantage", i));
    const colours = scale(values, SCALES.signed, dark);
    for (const [i, { root, chips, number }] of this.#lines.entries()) {
      const value = values[i];
      const paint = isNumber(value) ? colours.colour(value) : null;
      root.hidden = i >= numbers.counted;
      for (const chip of chips) {
        chip.style.backgroundColor = paint?.background ?? "";
        chip.style.color = paint?.ink ?? "";
      }
      say(number, signed(value, 2, "–"));
    }
  }

  /** @param {number} done */
  paint(done) {
    const n = this.#lines.length;
    for (const [i, { root }] of this.#lines.entries()) fade(root, landed(arrival(i, n, done)));
  }
}
