// The stepper's picture: a column for each token, or for each response of a group, with a bar for each of its numbers.

import { SCALES } from "../chip.js";
import { scale } from "../colours.js";
import { attr, el, say } from "../dom.js";
import { fill, fixed, isNumber, rewardText, signed } from "../format.js";
import { fade, grow, landed } from "../pipeline/painted.js";
import { arrival } from "../pipeline/stations.js";
import { chipText, named } from "../tokens.js";

/** @import { Value } from "../types.js" */
/** @import { Numbers } from "./numbers.js" */
/** @import { RowData, StationData } from "./types.js" */

const NARROW = 640; // pixels, as in stepper.css
const [WIDE_COLUMN, NARROW_COLUMN, LABELS] = [40, 38, 108]; // pixels with the gap, as in stepper.css
const DIGITS = 2;

export class Columns {
  /** @type {Bars[]} */
  #rows = [];
  /** @type {HTMLButtonElement[]} */
  #heads = [];
  /** @type {StationData | null} */
  #station = null;
  /** @type {Numbers | null} */
  #numbers = null;
  #shape = "";
  #spot = 0;

  /** @param {{ onChoose: (column: number) => void }} options */
  constructor({ onChoose }) {
    this.onChoose = onChoose;
    this.root = el("div", { class: "columns", role: "group" });
    this.root.onkeydown = (event) => this.#keys(event);
    const Observer = globalThis.ResizeObserver;
    this.observer = Observer ? new Observer(() => this.#build()) : null;
    this.observer?.observe(this.root);
  }

  close() {
    this.observer?.disconnect();
  }

  /** @param {Numbers} numbers @param {StationData} station @param {boolean} dark */
  draw(numbers, station, dark) {
    if (numbers !== this.#numbers || dark !== this.dark) this.#shape = "";
    this.dark = dark;
    this.#numbers = numbers;
    this.#station = station;
    this.#build();
  }

  /** Numbers are others than before. */
  refresh() {
    const numbers = this.#numbers;
    if (!numbers) return;
    for (const row of this.#rows) row.refresh(numbers, this.dark === true);
    for (const [i, head] of this.#heads.entries()) this.#head(head, i, numbers);
  }

  /** @param {number} done how much of the station is @param {number} spot the column whose formula is shown */
  paint(done, spot) {
    const { each = false, backward = false } = this.#station ?? {};
    for (const row of this.#rows) row.paint(each, backward, done);
    if (spot === this.#spot) return;
    this.#spot = spot;
    this.#mark();
  }

  #mark() {
    for (const [i, head] of this.#heads.entries()) {
      head.classList.toggle("spot", i === this.#spot);
      head.tabIndex = i === this.#spot ? 0 : -1;
    }
  }

  /** Lays columns out, as many on a line as there is room for; each line begins with what its rows are. */
  #build() {
    const [numbers, station] = [this.#numbers, this.#station];
    if (!numbers || !station) return;
    const width = this.root.clientWidth || 1000;
    const narrow = width < NARROW;
    const room = narrow ? width : width - LABELS;
    const n = numbers.columns;
    const most = Math.max(4, Math.floor(room / (narrow ? NARROW_COLUMN : WIDE_COLUMN)));
    const perLine = Math.ceil(n / Math.ceil(n / most));
    const shape = `${station.key} ${n} ${perLine} ${narrow}`;
    if (shape === this.#shape) return;
    this.#shape = shape;
    const focused = this.#heads.findIndex((x) => x.matches(":focus"));
    this.#rows = station.rows.map((row) => new Bars(row, numbers));
    this.#heads = Array.from({ length: n }, (_, i) => this.#button(i));
    const lines = [];
    for (let from = 0; from < n; from += perLine) {
      const columns = this.#heads.slice(from, from + perLine).map((head, i) =>
        el(
          "div",
          { class: "col" },
          head,
          this.#rows.map((row) => row.cells[from + i].root),
        ),
      );
      const labels = el(
        "div",
        { class: "labels", "aria-hidden": "true" },
        this.#rows.map((row) => row.label()),
      );
      lines.push(el("div", { class: "columns-line" }, narrow && from ? null : labels, columns));
    }
    this.root.replaceChildren(...lines);
    this.root.classList.toggle("group-kind", numbers.sent.kind === "group");
    this.refresh();
    this.#mark();
    if (focused >= 0) this.#heads[focused]?.focus();
  }

  /** @param {number} i */
  #button(i) {
    return el("button", { type: "button", class: "head", data: { column: i }, onclick: () => this.onChoose(i) });
  }

  /** @param {HTMLButtonElement} head @param {number} i @param {Numbers} numbers */
  #head(head, i, numbers) {
    const { kind, words, tokens } = numbers.sent;
    const off = i >= numbers.counted;
    head.classList.toggle("off", off);
    if (kind === "tokens") {
      say(head, chipText(tokens[0][i]).text);
      attr(head, "aria-label", fill(words.token_says, { n: i + 1, token: named(tokens[0][i]) }));
      const side = this.#station?.extra === "clip" ? numbers.side(i) : 0;
      head.classList.toggle("high", side === 1);
      head.classList.toggle("low", side === -1);
      return;
    }
    const [isRight, reward] = [numbers.isRight(i), rewardText(numbers.reward(i))];
    say(head, `${isRight ? "✓" : "✗"} ${reward}`);
    head.classList.toggle("good", isRight);
    const state = off ? words.left_out : words[isRight ? "right" : "wrong"];
    attr(head, "aria-label", fill(words.response_says, { n: i + 1, state, reward }));
    attr(head, "title", head.getAttribute("aria-label") ?? "");
  }

  /** Arrows lead from column to column. @param {KeyboardEvent} event */
  #keys(event) {
    const at = this.#heads.indexOf(/** @type {HTMLButtonElement} */ (event.target));
    /** @type {Record<string, number>} */
    const ways = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: this.#heads.length - 1 };
    if (at < 0 || !(event.key in ways)) return;
    event.preventDefault();
    const to = this.#heads[Math.min(this.#heads.length - 1, Math.max(0, ways[event.key]))];
    for (const head of this.#heads) head.tabIndex = head === to ? 0 : -1;
    to.focus();
  }
}

/** One quantity: a bar for each column. */
class Bars {
  /** @param {RowData} data @param {Numbers} numbers */
  constructor(data, numbers) {
    this.data = data;
    this.cells = numbers.columnsOf(() => new BarCell(data.line !== null));
  }

  /** What the row is, beside its bars. */
  label() {
    const { label, line } = this.data;
    return el(
      "div",
      { class: "row-name" },
      el("b", { text: label }),
      line && el("span", { class: "line-name", text: line.label }),
    );
  }

  /** @param {Numbers} numbers @param {boolean} dark */
  refresh(numbers, dark) {
    const { name, kind, line } = this.data;
    const centre = SCALES[kind].centre ?? 0;
    const values = numbers.columnsOf((i) => numbers.at(name, i));
    const started = numbers.columnsOf((i) => (numbers.isChanged ? numbers.at(name, i, numbers.start) : null));
    const lines = numbers.columnsOf((i) => (line ? numbers.at(line.name, i) : null));
    const known = [...values, ...started, ...lines];
    const range = around(
      known.map((x) => (isNumber(x) ? x - centre : null)),
      kind,
    );
    const colours = scale(values, SCALES[kind], dark);
    for (const [i, cell] of this.cells.entries())
      cell.refresh({ value: values[i], was: started[i], line: lines[i] }, { centre, range, colours, kind });
  }

  /** @param {boolean} each @param {boolean} backward @param {number} done */
  paint(each, backward, done) {
    const n = this.cells.length;
    for (const [i, cell] of this.cells.entries()) {
      const order = backward ? n - 1 - i : i;
      cell.paint(this.data.grows ? landed(each ? arrival(order, n, done) : arrival(0, 1, done)) : 1);
    }
  }
}

/** @typedef {{ low: number, high: number }} Range */

/**
 * How far a row's numbers go below the line that its bars stand on, and above it.
 * @param {Value[]} values from that line
 * @param {import("../strip_types.js").StripKind} kind
 * @returns {Range}
 */
function around(values, kind) {
  const known = /** @type {number[]} */ (values.filter(isNumber));
  const low = Math.max(0, ...known.map((x) => -x));
  const high = Math.max(0, ...known);
  if (kind === "plain") return { low, high: Math.max(1, high) };
  if (kind === "ratio") return { low: Math.max(low, high, 0.05), high: Math.max(low, high, 0.05) };
  return low + high > 0 ? { low, high } : { low: 1, high: 1 };
}

/** A number as a bar above or below its line, with the number under it. */
class BarCell {
  /** @param {boolean} hasLine */
  constructor(hasLine) {
    this.bar = el("i", { class: "bar-of" });
    this.was = el("u", { class: "was" });
    this.line = hasLine ? el("u", { class: "across" }) : null;
    this.box = el("div", { class: "barbox" }, this.bar, this.was, this.line);
    this.number = el("div", { class: "num" });
    this.root = el("div", { class: "barcell" }, this.box, this.number);
  }

  /**
   * @param {{ value: Value, was: Value, line: Value }} numbers
   * @param {{ centre: number, range: Range, colours: import("../colours.js").Scale, kind: string }} how
   */
  refresh({ value, was, line }, { centre, range, colours, kind }) {
    const whole = range.low + range.high;
    const at = (/** @type {number} */ x) => (100 * (x - centre + range.low)) / whole;
    const x = isNumber(value) ? value : centre;
    const [from, to] = [at(Math.min(x, centre)), at(Math.max(x, centre))];
    const height = isNumber(value) ? Math.max(2, to - from) : 0;
    const style = this.bar.style;
    style.bottom = `${(x < centre ? to - height : from).toFixed(1)}%`;
    style.height = `${height.toFixed(1)}%`;
    style.transformOrigin = x < centre ? "top" : "bottom";
    style.backgroundColor = (isNumber(value) && colours.colour(value)?.background) || "";
    this.box.style.setProperty("--zero", `${at(centre).toFixed(1)}%`);
    this.root.classList.toggle("none", !isNumber(value));
    say(this.number, kind === "signed" ? signed(value, DIGITS, "–") : fixed(value, DIGITS, "–"));
    put(this.was, isNumber(was) && was !== value ? at(was) : null);
    if (this.line) put(this.line, isNumber(line) ? at(line) : null);
  }

  /** @param {number} share */
  paint(share) {
    grow(this.bar, share);
    fade(this.number, share);
    fade(this.was, share);
  }
}

/** @param {HTMLElement} mark @param {number | null} height per cent */
function put(mark, height) {
  mark.hidden = height === null;
  if (height !== null) mark.style.bottom = `${height.toFixed(1)}%`;
}
