// The responses of a round, a row each: written token by token, scored, and their probability before and after.

import { el, say } from "../dom.js";
import { fixed } from "../format.js";
import { chipText } from "../tokens.js";
import { doneAt, probability } from "./rounds.js";

/** @import { Round, Sent, Folded } from "./types.js" */

export class Responses {
  /** @type {{ root: HTMLElement, of: Folded, chips: HTMLElement[], times: HTMLElement, score: HTMLElement, bar: HTMLElement, text: HTMLElement }[]} */
  #rows = [];

  constructor() {
    this.heads = ["response", "times", "score", "probability"].map((x) => el("th", { scope: "col", class: x }));
    this.body = el("tbody");
    this.root = el("table", { class: "loop-responses" }, el("thead", {}, el("tr", {}, this.heads)), this.body);
  }

  /** @param {Round} round @param {Sent} sent */
  draw({ written }, { words }) {
    ["response", "times", "score", "probability"].forEach((x, i) => {
      say(this.heads[i], words[x]);
    });
    this.#rows = written.map((of) => {
      const chips = of.tokens.map((x) => {
        const { text, size } = chipText(x);
        return el("span", { class: `tk ${size}`, text });
      });
      const times = el("td", { class: "times num", text: `× ${of.count}` });
      const sign = of.success ? "✓" : "✗";
      const verdict = `${sign} ${fixed(of.reward, Number.isInteger(of.reward) ? 0 : 2)}`;
      const score = el("td", { class: `score num ${of.success ? "good" : ""}` }, verdict);
      score.append(el("span", { class: "unseen", text: words[of.success ? "right" : "wrong"] }));
      const bar = el("i");
      const text = el("span", { class: "num" });
      const cell = el("td", { class: "probability" }, text, el("span", { class: "track" }, bar));
      const end = el("span", { class: "end" }, chips.slice(-2)); // eos never stands on a line alone
      const root = el(
        "tr",
        {},
        el("td", { class: "response" }, el("span", { class: "tks" }, chips.slice(0, -2), end)),
        times,
        score,
        cell,
      );
      return { root, of, chips, times, score, bar, text };
    });
    this.body.replaceChildren(...this.#rows.map((x) => x.root));
  }

  /** @param {{ station: number, done: number }} place @param {Sent} sent */
  paint(place, sent) {
    const done = (/** @type {string} */ key) => doneAt(key, place, sent);
    const longest = Math.max(1, ...this.#rows.map((x) => x.chips.length));
    const there = done("model") * longest;
    this.root.dataset.framed = String(done("tuples") > 0);
    this.#rows.forEach(({ chips, times, score, bar, text, of }, i) => {
      chips.forEach((chip, t) => {
        chip.classList.toggle("there", t < there);
      });
      times.classList.toggle("there", done("responses") > 0);
      score.classList.toggle("there", done("reward") * this.#rows.length > i);
      const update = done("update");
      const now = of.before + (of.after - of.before) * update;
      bar.style.width = `${Math.max(0, Math.min(1, now)) * 100}%`;
      bar.classList.toggle("good", of.success);
      text.parentElement?.classList.toggle("there", done("responses") > 0);
      const both = `${probability(of.before)} → ${probability(of.after)}`;
      say(text, update > 0 ? both : probability(of.before));
    });
  }
}
