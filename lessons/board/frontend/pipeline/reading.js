// What is said in words and numbers beside the drawing: whose pipeline it is, the station's sentence, its row of numbers,
// its formulas; and all of it as plain text.

import { SCALES } from "../chip.js";
import { scale } from "../colours.js";
import { attr, el, say } from "../dom.js";
import { fill } from "../format.js";
import { paint } from "./lanes.js";
import { fade, landed } from "./painted.js";
import { byResponse, printed, row } from "./rows.js";
import { counted, lines, sentence, spot } from "./says.js";
import { arrival, DIFFER, STATIONS } from "./stations.js";

/** @import { Batch } from "./batch.js" */
/** @import { Line, Mode, Place, Row } from "./types.js" */

export class Reading {
  #shape = "";
  #spotted = "";
  /** @type {HTMLElement[]} */
  #cells = [];
  /** @type {Map<HTMLElement, [number, import("../colours.js").Scale] | null>} */
  #colours = new Map();

  constructor() {
    this.whose = el("p", { class: "whose" });
    this.station = el("b", { class: "station" });
    this.same = el("span", { class: "same" });
    this.sentence = el("span", {});
    const live = {
      class: "announced",
      "aria-live": "polite",
      "aria-atomic": "true",
      data: { testid: "pipeline-announced" },
    };
    this.announced = el("p", live, this.station, this.same, this.sentence);
    this.label = el("span", { class: "row-label" });
    this.quantity = el("span", { class: "row-quantity" });
    this.row = el("div", { class: "numbers", "aria-hidden": "true" });
    this.formulas = el("div", { class: "formulas mono" });
    this.summary = el("summary");
    this.text = el("ol");
    this.fold = el("details", { class: "fold" }, this.summary, this.text);
    this.root = el("div", { class: "reading", data: { fit: "" } }, this.row, this.formulas);
  }

  /** @param {Batch} batch @param {boolean} dark */
  draw(batch, dark) {
    this.batch = batch;
    this.dark = dark;
    this.#shape = this.#spotted = "";
    say(this.summary, batch.sent.words.as_text);
  }

  /**
   * @param {Place} where
   * @param {Mode} mode
   */
  show(where, mode) {
    const { batch } = this;
    if (!batch) return;
    const { key } = STATIONS[where.station];
    const shape = `${key} ${mode}`;
    if (shape !== this.#shape) this.#station(where.station, mode, batch);
    this.#shape = shape;
    const { index, token } = spot(where.station, mode, batch, where.done);
    const spotted = `${shape} ${index} ${token}`;
    if (spotted !== this.#spotted) this.#formulas(lines(key, mode, batch, { index, token }));
    this.#spotted = spotted;
    const { n, backward } = counted(where.station, mode, batch);
    for (const [i, cell] of this.#cells.entries()) {
      const isSpot = byResponse(key, mode) ? batch.lanes[i]?.index === index : batch.places()[i] === token;
      cell.classList.toggle("spot", isSpot);
      const number = /** @type {HTMLElement} */ (cell.lastElementChild);
      const order = backward ? this.#cells.length - 1 - i : i;
      const share = n === this.#cells.length ? landed(arrival(order, n, where.done)) : 1;
      fade(number, share);
      this.#colour(cell, share > 0.5);
    }
  }

  /**
   * A cell has its colour once its number is there.
   * @param {HTMLElement} cell
   * @param {boolean} isThere
   */
  #colour(cell, isThere) {
    const known = this.#colours.get(cell);
    if (!known || (cell.style.backgroundColor !== "") === isThere) return;
    if (isThere) paint(cell, ...known);
    else cell.style.backgroundColor = cell.style.color = "";
  }

  /**
   * @param {number} station
   * @param {Mode} mode
   * @param {Batch} batch
   */
  #station(station, mode, batch) {
    const { words } = batch.sent;
    const { key } = STATIONS[station];
    say(this.whose, words[`whose_${mode}`]);
    say(
      this.station,
      fill(words.station_of, { n: station + 1, all: STATIONS.length, title: words[`station_${key}_${mode}`] }),
    );
    const differs = DIFFER.includes(key);
    say(this.same, words[differs ? "differs" : "same"]);
    this.same.classList.toggle("differs", differs);
    say(this.sentence, sentence(key, mode, batch));
    this.#row(row(key, mode, batch));
    this.#text(mode, batch);
  }

  /** @param {Row | null} about */
  #row(about) {
    if (!about) {
      this.#cells = [];
      this.row.replaceChildren();
      return;
    }
    const { kind, cells, digits, missing } = about;
    const values = cells.map((x) => x.value);
    const colours = kind ? scale(values, SCALES[kind], this.dark) : null;
    const isKnown = values.some((x) => typeof x === "number");
    this.#cells = cells.map(({ text, value, telling }) => {
      const below = kind === null ? "" : printed(kind, value, digits);
      const cell = el(
        "span",
        { class: `cell${telling ? " telling" : ""}` },
        el("span", { text }),
        el("span", { class: "num", text: below }),
      );
      this.#colours.set(cell, colours && typeof value === "number" ? [value, colours] : null);
      return cell;
    });
    say(this.label, about.label);
    say(this.quantity, kind && !isKnown ? `${about.quantity}: ${missing}` : about.quantity);
    this.row.replaceChildren(
      el("span", { class: "row-head" }, this.label, this.quantity),
      el("span", { class: "cells" }, this.#cells),
    );
  }

  /** @param {Line[]} all */
  #formulas(all) {
    const items = all.map(({ label, parts }) =>
      el(
        "div",
        {},
        el("span", { class: "term", text: `${label}: ` }),
        parts.map((x) => (typeof x === "string" ? x : el("b", { class: x.tone, text: x.text }))),
      ),
    );
    this.formulas.replaceChildren(...items);
  }

  /** Every station in words and numbers. @param {Mode} mode @param {Batch} batch */
  #text(mode, batch) {
    if (this.text.dataset.mode === mode && this.text.childElementCount) return;
    attr(this.text, "data-mode", mode);
    const { words } = batch.sent;
    this.text.replaceChildren(
      ...STATIONS.map(({ key }) => {
        const about = row(key, mode, batch);
        const numbers = about?.kind
          ? about.cells.map((x) => `${x.text} ${printed(about.kind, x.value, about.digits)}`).join(words.comma)
          : "";
        const head = el("b", { text: `${words[`station_${key}_${mode}`]}${words.colon}` });
        const tail = numbers
          ? el("span", { class: "mute", text: ` ${about?.quantity}${words.colon}${numbers}` })
          : null;
        return el("li", {}, head, sentence(key, mode, batch), tail);
      }),
    );
  }
}
