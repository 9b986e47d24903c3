// What can be set below the clip picture: how far the range goes, the dual clip, and one token for each of four cases.

import { attr, el, say } from "../dom.js";
import { fill, fixed } from "../format.js";

/** @import { Sent } from "./types.js" */
/** @typedef {import("./judge.js").Judge} Judge */

const STEP = 0.02;

export class Limits {
  #drawn = "";

  /**
   * @param {object} options
   * @param {() => void} options.onChange
   * @param {(number: number) => void} options.onCase one of the four cases was chosen, by its place
   */
  constructor({ onChange, onCase }) {
    this.onCase = onCase;
    this.low = slider("low", onChange);
    this.high = slider("high", onChange);
    this.dual = el("select", { onchange: onChange, data: { testid: "clip-dual" } });
    this.lowLabel = el("label", {});
    this.highLabel = el("label", {});
    this.dualLabel = el("label", {});
    this.cases = el("div", { class: "cases", role: "group" });
    this.table = el("table", { class: "counts", data: { testid: "clip-counts" } });
    const settings = el("div", { class: "settings" }, this.lowLabel, this.highLabel, this.dualLabel);
    this.root = el("div", { class: "limits" }, settings, this.cases);
    this.below = el("div", { class: "scroll", tabindex: 0, role: "region" }, this.table);
  }

  /** The settings as they are chosen. */
  get changed() {
    const [epsilon, high] = [Number(this.low.value), Number(this.high.value)];
    return { epsilon, clip_high: high, epsilon_high: high };
  }

  /** @param {Sent} sent */
  draw({ limits, declared, dual, words }) {
    if (!limits) return;
    if (this.#drawn) return; // what was set stays
    this.#drawn = "drawn";
    const { epsilon, clip_high: high } = declared[dual].settings;
    for (const [range, [least, most], value] of /** @type {const} */ ([
      [this.low, limits.low, epsilon],
      [this.high, limits.high, high],
    ])) {
      attr(range, "min", least);
      attr(range, "max", most);
      range.value = String(value);
    }
    this.dual.append(
      ...Object.keys(declared).map((x) => el("option", { value: x, text: x === "none" ? words.none : x })),
    );
    this.dual.value = dual;
    this.dualLabel.append(el("span", { text: words.dual }), this.dual);
    this.lowLabel.append(el("span"), this.low);
    this.highLabel.append(el("span"), this.high);
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
    for (const [label, range, template] of /** @type {const} */ ([
      [this.lowLabel, this.low, words.low],
      [this.highLabel, this.high, words.high],
    ])) {
      const text = fill(template, { value: fixed(Number(range.value), 2) });
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
