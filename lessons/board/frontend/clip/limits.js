// What can be set below the clip picture: how far the range goes, the dual clip, and one token for each of four cases.

import { attr, el, say } from "../dom.js";
import { fill, fixed } from "../format.js";

/** @import { Sent } from "./types.js" */
/** @typedef {import("./judge.js").Judge} Judge */

const STEP = 0.02;

export class Limits {
  /** What a person set; all else is the run's own, whichever step or run is shown. @type {Set<HTMLElement>} */
  #touched = new Set();
  #own = { epsilon: 0, high: 0 };

  /**
   * @param {object} options
   * @param {() => void} options.onChange
   * @param {(number: number) => void} options.onCase one of the four cases was chosen, by its place
   */
  constructor({ onChange, onCase }) {
    this.onCase = onCase;
    const touch = (/** @type {HTMLElement} */ input) => {
      this.#touched.add(input);
      onChange();
    };
    this.low = slider("low", () => touch(this.low));
    this.high = slider("high", () => touch(this.high));
    this.dual = el("select", { data: { testid: "clip-dual" } });
    this.dual.onchange = () => touch(this.dual);
    this.lowLabel = el("label", {}, el("span"), this.low);
    this.highLabel = el("label", {}, el("span"), this.high);
    this.dualLabel = el("label", {}, el("span"), this.dual);
    this.cases = el("div", { class: "cases", role: "group" });
    this.table = el("table", { class: "counts", data: { testid: "clip-counts" } });
    const settings = el("div", { class: "settings" }, this.lowLabel, this.highLabel, this.dualLabel);
    this.root = el("div", { class: "limits" }, settings, this.cases);
    this.below = el("div", { class: "scroll", tabindex: 0, role: "region" }, this.table);
  }

  /** The settings as they are chosen. */
  get changed() {
    const { epsilon, high } = this.#values;
    return { epsilon, clip_high: high, epsilon_high: high };
  }

  /** A slider that nobody moved stands for the run's own limit, which need not be one of its steps. */
  get #values() {
    const of = (/** @type {HTMLInputElement} */ range, /** @type {number} */ own) =>
      this.#touched.has(range) ? Number(range.value) : own;
    return { epsilon: of(this.low, this.#own.epsilon), high: of(this.high, this.#own.high) };
  }

  /** @param {Sent} sent */
  draw({ limits, declared, dual, words }) {
    if (!limits) return;
    const { epsilon, clip_high: high } = declared[dual].settings;
    this.#own = { epsilon: Number(epsilon), high: Number(high) };
    for (const [range, [least, most], value] of /** @type {const} */ ([
      [this.low, limits.low, epsilon],
      [this.high, limits.high, high],
    ])) {
      attr(range, "min", least);
      attr(range, "max", most);
      if (!this.#touched.has(range)) range.value = String(value);
    }
    const chosen = this.#touched.has(this.dual) && this.dual.value in declared ? this.dual.value : dual;
    const options = Object.keys(declared).map((x) => el("option", { value: x, text: x === "none" ? words.none : x }));
    this.dual.replaceChildren(...options);
    this.dual.value = chosen;
    if (this.dualLabel.firstElementChild) say(this.dualLabel.firstElementChild, words.dual);
    attr(this.cases, "aria-label", words.cases);
    this.cases.replaceChildren(
      ...limits.cases.map(({ name, token }, i) =>
        el("button", { type: "button", text: name, disabled: token === null, onclick: () => this.onCase(i) }),
      ),
    );
    attr(this.below, "aria-label", words.counts);
  }

  /**
   * How many tokens these limits cut, beside those that the run's own cut.
   * @param {Judge} judge
   * @param {number[]} ratio
   * @param {Sent} sent
   */
  count(judge, ratio, { limits, advantage, words }) {
    if (!limits) return;
    const { epsilon, high } = this.#values;
    for (const [label, value, template] of /** @type {const} */ ([
      [this.lowLabel, epsilon, words.low],
      [this.highLabel, high, words.high],
    ])) {
      const text = fill(template, { value: fixed(value, 2) });
      if (label.firstElementChild) say(label.firstElementChild, text);
    }
    const { cut, outside } = judge.counts(ratio, advantage);
    const trained = limits.trained.slice(0, -1);
    const rows = [
      ...judge.sentences().map((text, i) => [text, cut[i], trained[i] ?? 0]),
      [words.outside, outside, limits.trained.at(-1)],
    ];
    const head = [words.tokens, words.with_these, limits.trained_title];
    this.table.replaceChildren(
      el("thead", {}, el("tr", {}, ...head.map((text) => el("th", { scope: "col", text })))),
      el(
        "tbody",
        {},
        ...rows.map(([name, now, before]) =>
          el(
            "tr",
            {},
            el("th", { scope: "row", text: String(name) }),
            el("td", { text: String(now) }),
            el("td", { text: String(before) }),
          ),
        ),
      ),
    );
  }
}

/** @param {string} name @param {() => void} oninput */
const slider = (name, oninput) => el("input", { type: "range", step: STEP, oninput, data: { testid: `clip-${name}` } });
