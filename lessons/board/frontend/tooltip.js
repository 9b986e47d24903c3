// One floating box for thousands of tokens: every number of the token under the pointer or the keyboard focus.

import { el } from "./dom.js";
import { fixed, inWords, signed } from "./format.js";
import { zoomOf } from "./theme.js";

/** @import { Spot } from "./row.js" */
/** @import { Reader } from "./strip.js" */
/** @import { Response } from "./tokens.js" */
/** @import { Labels } from "./labels.js" */

const SIGNED = new Set([
  "advantage",
  "advantage_raw",
  "delta",
  "token_reward",
  "kl_k1",
  "objective",
  "advantage_measured",
]);
const GAP = 10; // px between a token and its box

/** @implements {Reader} */
export class Tooltip {
  /** @type {HTMLElement | null} */
  #chip = null;

  /**
   * `source` finds the response of a strip's row, and the pass on show; `nowAndThen` are columns that are shown only
   * where they have a number.
   * @param {{ host: HTMLElement, labels: Labels, columns: string[], nowAndThen: string[],
   *   source: (row: string) => { response: Response, pass: number } | null }} options
   */
  constructor({ host, labels, columns, nowAndThen, source }) {
    this.host = host;
    this.labels = labels;
    this.columns = columns;
    this.nowAndThen = nowAndThen;
    this.source = source;
    this.rows = columns.map(() => el("dd"));
    this.further = el("dl"); // what only some responses have, or some kinds of learners record
    this.head = el("div", { class: "head" });
    const list = columns.flatMap((name, i) => [el("dt", { text: labels.columns[name] }), this.rows[i]]);
    const props = { class: "tooltip", role: "tooltip", id: "credit-lab-tooltip", hidden: true };
    this.root = el("div", props, this.head, el("dl", {}, list), this.further);
  }

  /** @param {Spot} spot */
  show({ row, at, chip }) {
    const shown = this.source(row.data.name);
    if (!shown) return;
    this.head.textContent = chip.getAttribute("aria-label");
    const hole = Boolean(row.data.holes[at]);
    for (const [i, name] of this.columns.entries()) this.#fill(this.rows[i], name, hole ? null : shown, at);
    this.#fillFurther(hole ? null : shown, at);
    this.#chip?.removeAttribute("aria-describedby");
    this.#chip = chip;
    chip.setAttribute("aria-describedby", this.root.id);
    this.root.hidden = false;
    this.#place(chip);
  }

  /**
   * @param {HTMLElement} cell
   * @param {string} name
   * @param {{ response: Response, pass: number } | null} shown null: no number is this token's
   * @param {number} at
   * @param {boolean} [withSign]
   */
  #fill(cell, name, shown, at, withSign = SIGNED.has(name)) {
    const x = shown ? shown.response.at(name, at, shown.pass) : null;
    const none = this.labels[shown ? shown.response.absence(name) : "none"];
    cell.textContent = withSign ? signed(x, 4, none) : fixed(x, 4, none);
    cell.classList.toggle("mute", x === null);
  }

  /**
   * @param {{ response: Response, pass: number } | null} shown
   * @param {number} at
   */
  #fillFurther(shown, at) {
    const columns = shown?.response.own.data.columns ?? [];
    const known = this.nowAndThen.filter((name) => shown && shown.response.at(name, at, shown.pass) !== null);
    const measured = known.flatMap((name) => {
      const cell = el("dd");
      this.#fill(cell, name, shown, at);
      return [el("dt", { text: this.labels.columns[name] }), cell];
    });
    const cells = columns.flatMap(({ name, title, signed: is }) => {
      const cell = el("dd");
      this.#fill(cell, name, shown, at, is);
      return [el("dt", { text: inWords(this.labels, title) }), cell];
    });
    this.further.replaceChildren(...measured, ...cells);
  }

  leave() {
    this.dismiss();
  }

  dismiss() {
    this.root.hidden = true;
    this.#chip?.removeAttribute("aria-describedby");
    this.#chip = null;
  }

  /** @param {HTMLElement} chip */
  #place(chip) {
    const box = this.host.getBoundingClientRect();
    const { left: from, right, bottom, top } = chip.getBoundingClientRect();
    const zoom = zoomOf(this.host);
    const { offsetWidth: width, offsetHeight: height } = this.root;
    const middle = ((from + right) / 2 - box.left) / zoom;
    const left = Math.min(Math.max(0, middle - width / 2), box.width / zoom - width);
    const above = top / zoom - height - GAP > 0;
    this.root.style.left = `${Math.max(0, left)}px`;
    this.root.style.top = `${above ? (top - box.top) / zoom - height - GAP : (bottom - box.top) / zoom + GAP}px`;
  }
}
