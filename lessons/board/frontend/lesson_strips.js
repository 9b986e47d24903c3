// The token strip on a lesson's page and on the home page: rows as Python hands them over (lessons/board/strips.py),
// with a line that reads a token out, and a table.

import { SCALES } from "./chip.js";
import { scale } from "./colours.js";
import { attr, el, say } from "./dom.js";
import { Readout } from "./readout.js";
import { TokenStrip } from "./strip.js";
import { stripTable } from "./strip_table.js";

/** @import { Mark, StripData, StripGroup, StripKind, StripRow } from "./strip_types.js" */
/** @import { Value } from "./types.js" */

/**
 * A row as Python's `Row`; empty lists say "none of them".
 * @typedef {{ name: string, label: string, note: string, learner: string | null, group: string, tokens: string[],
 *   values: Value[], marks: (Mark | null)[], spot: boolean[], hidden: boolean[], holes: boolean[],
 *   more: Record<string, Value[]> }} SentRow
 */
/** @typedef {{ none: string, comma: string, later: string, hole: string, token_says: string, as_table: string, hint: string }} Words */
/**
 * @typedef {{ rows: SentRow[], quantity: string, kind: StripKind, digits: number, domain: number[] | null,
 *   pickable: boolean, picked: string | null, alt: string, marks: Partial<Record<Mark, string>>, words: Words }} Sent
 */

const SAID_DIGITS = 4;

export default class LessonStrips {
  /** @type {Sent | null} */
  #sent = null;

  /** @param {{ root: HTMLElement, send: (event: string, value: unknown) => void }} options */
  constructor({ root, send }) {
    this.readout = new Readout();
    this.strip = new TokenStrip({
      reader: this.readout,
      onChoose: ({ chip }) => this.#sent?.pickable && send("picked", chip.dataset.at),
    });
    this.table = el("div", { class: "scroll", tabindex: 0, role: "region" });
    this.summary = el("summary");
    const fold = el("details", { class: "fold" }, this.summary, this.table);
    root.append(...this.strip.root.children, this.readout.root, fold);
  }

  /**
   * @param {Sent} sent
   * @param {{ dark: boolean }} theme
   */
  draw(sent, { dark }) {
    this.#sent = sent;
    const data = lessonStrip(sent, dark);
    this.strip.draw(data);
    this.readout.draw(this.strip.spotOf(sent.picked), data, sent.words.hint);
    const focused = this.strip.focused();
    if (focused) this.readout.show(focused, data);
    say(this.summary, sent.words.as_table);
    attr(this.table, "aria-label", sent.words.as_table);
    this.table.replaceChildren(stripTable(data));
  }

  close() {
    this.strip.close();
  }
}

/**
 * @param {Sent} sent
 * @param {boolean} dark
 * @returns {StripData}
 */
export function lessonStrip(sent, dark) {
  const { rows, kind, quantity, words, marks, alt, picked } = sent;
  return {
    shape: JSON.stringify(rows.map((row) => [row.name, row.group, row.tokens])),
    groups: grouped(rows, marks, words.none),
    notes: [],
    kind,
    scale: scale(sent.domain ?? rows.flatMap((row) => row.values.filter((_, i) => !row.holes[i])), SCALES[kind], dark),
    quantity,
    digits: sent.digits,
    saidDigits: SAID_DIGITS,
    picked,
    alt,
    legend: { title: quantity, unknown: "", keys: keys(sent) },
    fold: null,
    words,
  };
}

/**
 * Rows that follow each other under the same heading stand in one group.
 * @param {SentRow[]} rows
 * @param {Sent["marks"]} marked
 * @param {string} missing
 */
function grouped(rows, marked, missing) {
  /** @type {StripGroup[]} */
  const groups = [];
  for (const sent of rows) {
    const { group: title, learner } = sent;
    if (groups.at(-1)?.title !== title || !groups.length) {
      groups.push({ name: learner ?? "", title, colour: learner, note: "", rows: [] });
    }
    groups.at(-1)?.rows.push(row(sent, marked, missing));
  }
  return groups;
}

/**
 * @param {SentRow} sent
 * @param {Sent["marks"]} marked
 * @param {string} missing
 * @returns {StripRow}
 */
function row({ learner, group, ...sent }, marked, missing) {
  const places = sent.tokens.map((_, i) => i);
  const unused = { slot: sent.name, verdict: null, called: "", text: "", credit: "", cut: null };
  return { ...unused, ...sent, colour: group ? null : learner, places, missing, marked };
}

/**
 * The signs that are there.
 * @param {Sent} sent
 */
function keys({ rows, marks, words }) {
  const all = /** @type {Mark[]} */ (["high", "low", "frame"]);
  const marked = all.filter((mark) => rows.some((row) => row.marks.includes(mark)));
  const none = rows.some((row) => row.values.some((x, i) => x === null && !row.hidden[i] && !row.holes[i]));
  const holes = rows.some((row) => row.holes.includes(true));
  return [
    ...marked.map((mark) => ({ mark, text: marks[mark] ?? "" })),
    ...(none ? [{ mark: "none", text: words.none }] : []),
    ...(holes ? [{ mark: "hole", text: words.hole }] : []),
  ];
}
