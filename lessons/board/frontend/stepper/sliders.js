// Settings as sliders, each beside its symbol and its value.

import { attr, el, say } from "../dom.js";
import { set } from "../player.js";

/** @import { Numbers } from "./numbers.js" */
/** @import { SliderData, StepperSent } from "./types.js" */

export class Sliders {
  /** @type {{ data: SliderData, range: HTMLInputElement, value: HTMLElement }[]} */
  #sliders = [];

  /** @param {{ onSet: (slider: SliderData, value: number) => void, onReset: () => void }} wishes */
  constructor({ onSet, onReset }) {
    this.onSet = onSet;
    this.reset = el("button", { type: "button", class: "quiet", onclick: onReset });
    this.root = el("div", { class: "sliders", role: "group" });
  }

  /** @param {StepperSent} sent */
  draw({ sliders, words }) {
    say(this.reset, words.reset);
    attr(this.root, "aria-label", words.settings);
    this.#sliders = sliders.map((data) => {
      const { min, max, step, name, title, symbol } = data;
      const range = el("input", { type: "range", min, max, step, value: data.value, data: { testid: `set-${name}` } });
      range.oninput = () => this.onSet(data, Number(range.value));
      attr(range, "aria-label", title);
      return { data, range, value: el("output", { title, text: symbol }) };
    });
    const all = this.#sliders.map(({ data, range, value }) =>
      el("label", { title: data.title }, el("b", { class: "symbol", text: data.symbol }), range, value),
    );
    this.root.replaceChildren(...all, this.reset);
    this.root.hidden = !all.length;
  }

  /** @param {Numbers} numbers */
  show(numbers) {
    for (const { data, range, value } of this.#sliders) {
      const x = numbers.value(data);
      set(range, x);
      say(value, x.toFixed(data.digits));
      attr(range, "aria-valuetext", `${data.symbol} = ${x.toFixed(data.digits)}`);
    }
    this.reset.style.visibility = numbers.isChanged ? "" : "hidden";
  }
}
