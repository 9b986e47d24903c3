// Responses on their way through a verifier: written, read, compared, paid. A row each; a station at a time.

import { attr, el, say } from "./dom.js";
import { Picture } from "./picture.js";

/**
 * `spot`: from and to which character the answer is read; `same`: it is the ground truth.
 * @typedef {{ text: string, spot: [number, number], finished: boolean, answer: string | null, same: boolean,
 *   reward: number, why: string }} Judged
 */
/** @typedef {import("./picture.js").Shown & { rows: Judged[], truth: string, says: string[] }} SentVerdicts */

const STATIONS = ["response", "extraction", "comparison", "verdict"];

/** @extends {Picture<SentVerdicts>} */
export default class Verdicts extends Picture {
  /** @type {{ root: HTMLElement, letters: HTMLElement[] }[]} */
  #rows = [];
  /** @type {HTMLElement[]} */
  #heads = [];

  /** @param {{ root: HTMLElement }} options */
  constructor({ root }) {
    super(root, "verdicts");
    this.keys.remove();
  }

  /** @override @param {SentVerdicts} sent */
  lastOf({ rows }) {
    return rows.length * STATIONS.length;
  }

  /** @override @param {SentVerdicts} sent */
  secondsOf({ rows }) {
    return rows.length * 3;
  }

  /** @override @param {SentVerdicts} sent */
  layOut(sent) {
    const { rows, words, truth } = sent;
    say(this.title, words.title);
    this.#heads = STATIONS.map((x) => el("span", { class: x, text: words[x] }));
    this.#rows = rows.map((row, i) => {
      const [from, to] = row.spot;
      const letters = [...row.text].map((x, n) =>
        el("span", { class: n >= from && n < to ? "letter spot" : "letter", text: x }),
      );
      const tail = row.finished ? null : el("span", { class: "cut", text: ` … ${words.cut}` });
      const response = el("span", { class: "response" }, letters, tail);
      const answer = el("span", { class: "extraction", text: row.answer ?? words.none });
      const compared = row.answer === null ? "–" : `${row.answer} ${row.same ? "=" : "≠"} ${truth}`;
      const comparison = el("span", { class: "comparison", text: compared });
      const mark = el("b", { text: `${row.reward ? "✓" : "✗"} ${row.reward}` });
      const verdict = el("span", { class: "verdict", data: { paid: row.reward ? "yes" : "no" } }, mark);
      verdict.append(el("small", { text: row.why }));
      const data = { n: (i + 1) * STATIONS.length };
      return { root: el("div", { class: "line", data }, response, answer, comparison, verdict), letters };
    });
    this.figure.replaceChildren(el("div", { class: "line heads" }, this.#heads), ...this.#rows.map((x) => x.root));
  }

  /** @override @param {SentVerdicts} _sent @param {number} at */
  glide(_sent, at) {
    this.#rows.forEach(({ letters }, i) => {
      const written = Math.max(0, Math.min(1, at - i * STATIONS.length)) * letters.length;
      letters.forEach((x, n) => {
        x.classList.toggle("there", n < written);
      });
    });
  }

  /** @override @param {SentVerdicts} sent @param {number} at */
  paint(sent, at) {
    const last = at - 1; // the station that was reached
    const isUnderWay = last >= 0 && at < this.lastOf(sent);
    this.#rows.forEach(({ root }, i) => {
      const gone = at - i * STATIONS.length;
      attr(root, "data-gone", Math.max(0, Math.min(STATIONS.length, gone)));
      root.classList.toggle("now", isUnderWay && Math.floor(last / STATIONS.length) === i);
    });
    this.#heads.forEach((x, i) => {
      x.classList.toggle("now", isUnderWay && last % STATIONS.length === i);
    });
  }

  /** @override @param {SentVerdicts} sent @param {number} at */
  says({ says }, at) {
    return says[at];
  }
}
