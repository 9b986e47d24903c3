// @ts-nocheck: one strip for home, lessons and lab takes its place.
// One floating box for thousands of tokens: every number of the token under the pointer or the keyboard focus.

import { el } from "./dom.js";
import { fixed, inWords, signed } from "./format.js";

const SIGNED = new Set(["advantage", "advantage_raw", "delta", "token_reward", "kl_k1", "objective"]);

export class Tooltip {
  constructor({ root, labels, columns }) {
    Object.assign(this, { host: root, labels, columns });
    this.rows = columns.map(() => el("dd"));
    this.further = el("dl"); // what only some kinds of learners record
    this.head = el("div", { class: "head" });
    this.root = el("div", { class: "tooltip", role: "tooltip", id: "credit-lab-tooltip", hidden: true }, this.head,
      el("dl", {}, columns.flatMap((name, i) => [el("dt", { text: labels.columns[name] }), this.rows[i]])), this.further);
  }

  show(chip, pass) {
    const { labels } = this;
    this.head.textContent = chip.getAttribute("aria-label");
    this.columns.forEach((name, i) => {
      const x = chip.response.at(name, chip.at, pass);
      const none = x === null ? labels[chip.response.absence(name)] : "";
      this.rows[i].textContent = SIGNED.has(name) ? signed(x, 4, none) : fixed(x, 4, none);
      this.rows[i].classList.toggle("mute", x === null);
    });
    this.further.replaceChildren(...chip.response.own.data.columns.flatMap(({ name, title, signed: is }) => {
      const x = chip.response.at(name, chip.at, pass);
      const text = (is ? signed : fixed)(x, 4, labels[chip.response.absence(name)]);
      return [el("dt", { text: inWords(labels, title) }), el("dd", { text, class: x === null ? "mute" : "" })];
    }));
    if (this.chip) this.chip.removeAttribute("aria-describedby");
    this.chip = chip;
    chip.setAttribute("aria-describedby", this.root.id);
    this.root.hidden = false;
    this.#place(chip);
  }

  hide() {
    this.root.hidden = true;
    this.chip?.removeAttribute("aria-describedby");
    this.chip = null;
  }

  #place(chip) {
    const box = this.host.getBoundingClientRect();
    const at = chip.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = this.root;
    const left = Math.min(Math.max(0, at.left - box.left + at.width / 2 - width / 2), box.width - width);
    const above = at.top - height - 10 > 0;
    this.root.style.left = `${Math.max(0, left)}px`;
    this.root.style.top = `${above ? at.top - box.top - height - 10 : at.bottom - box.top + 10}px`;
  }
}
