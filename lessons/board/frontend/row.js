// One row of a strip: its label or verdict, its tokens (its text where no tokens were kept), folded where that is long.

import { nameOf, stays } from "./chip.js";
import { attr, el, say } from "./dom.js";
import { fill } from "./format.js";
import { chipText, inLines } from "./tokens.js";

/** @import { StripData, StripRow } from "./strip_types.js" */

/** @typedef {{ row: Row, at: number, chip: HTMLButtonElement }} Spot a token of a row, and its chip */

const MOST = 120; // px: four lines of the lab's chips with their margins; .folded in strip.css says the same
const SLACK = 10; // what is hardly longer is not worth a button
const NARROWEST = 25; // px: a chip with its gap; so many fit at most

export class Row {
  /** @type {HTMLButtonElement[]} */
  chips = [];
  #long = false;

  /**
   * @param {StripRow} data
   * @param {StripData} strip
   * @param {{ open: boolean, paint: (spot: Spot) => void, onFold: (open: boolean) => void,
   *   onAlike: (key: string) => void }} options `open`: a person unfolded this row before; `paint` is told of each new
   *   chip; `onAlike`: each of its equals is to be shown, or one for all
   */
  constructor(data, strip, { open, paint, onFold, onAlike }) {
    this.data = data;
    this.fold = strip.fold;
    this.numbered = strip.digits !== null;
    this.open = open;
    this.paint = paint;
    this.onFold = onFold;
    this.stays = stays(data.tokens);
    this.end = data.cut && el("span", { class: "cut", text: data.cut.text, title: data.cut.help });
    const credit = data.credit && el("span", { class: "credit num", text: data.credit });
    this.inner = data.tokens.length
      ? el("div", { class: "chips" }, this.end)
      : el("div", { class: "said" }, credit, inLines(data.text), this.end);
    this.clip = el("div", { class: "clip" }, this.inner);
    this.buttonText = el("span");
    const called = el("span", { class: "unseen", text: `${data.called} ` });
    const button = { type: "button", class: "quiet more", hidden: true, onclick: () => this.#toggle() };
    this.button = el("button", button, called, this.buttonText);
    const cell = el("div", { class: "cell" }, this.clip, this.button);
    this.title = el("b");
    this.note = el("span");
    const head = data.verdict ? verdict(data, onAlike) : el("div", { class: "rowhead" }, this.title, this.note);
    this.root = el("div", { class: data.verdict ? "strip" : "strip lesson-row" }, head, cell);
    this.update(data);
  }

  /**
   * The same tokens with other numbers or words.
   * @param {StripRow} data
   */
  update(data) {
    this.data = data;
    say(this.title, data.label);
    this.title.style.color = data.colour ? `var(--ink-${data.colour})` : "";
    say(this.note, data.note);
    if (!data.label) return;
    attr(this.root, "role", "group");
    attr(this.root, "aria-label", [data.label, data.note].filter(Boolean).join(", "));
  }

  /**
   * Makes as many chips as can be seen in a row of this width while it is folded, or all; those there stay.
   * @param {number} width
   */
  fillUp(width) {
    const all = this.data.tokens.length;
    const wanted = this.open || !this.fold ? all : Math.min(all, 4 * Math.ceil(width / NARROWEST) + 1);
    const fresh = [];
    while (this.chips.length < wanted) fresh.push(...this.#next());
    if (this.end) this.end.before(...fresh);
    else this.inner.append(...fresh);
  }

  /** The next chip; where others stay on its line, it with them in one piece. */
  #next() {
    const piece = [this.#chip()];
    while (this.stays[this.chips.length]) piece.push(this.#chip());
    return piece.length > 1 ? [el("span", { class: "stay" }, piece)] : piece;
  }

  #chip() {
    const at = this.chips.length;
    const { text, size } = chipText(this.data.tokens[at]);
    const inner = this.numbered
      ? [el("span", { class: `glyph ${size}`, text }), el("span", { class: "num" })]
      : [document.createTextNode(text)];
    const chip = el("button", { type: "button", tabindex: -1, data: { at: nameOf(this.data, at) } }, inner);
    this.chips.push(chip);
    this.paint({ row: this, at, chip });
    return chip;
  }

  /** Reads how long the row is; apart from `draw`, so that many rows are laid out once. */
  measure() {
    if (!this.fold) return;
    this.#long = this.chips.length < this.data.tokens.length || this.inner.offsetHeight > MOST + SLACK;
  }

  /** Folds the row, or does not, as it was measured and as a person wants it. */
  draw() {
    if (!this.fold) return;
    const folded = this.#long && !this.open;
    this.clip.classList.toggle("folded", folded);
    this.button.hidden = !this.#long;
    attr(this.button, "aria-expanded", !folded);
    const { tokens } = this.data;
    const all = tokens.length ? fill(this.fold.all, { n: tokens.length }) : this.fold.whole;
    say(this.buttonText, folded ? all : this.fold.less);
  }

  /**
   * The token at a place, its chip made if need be.
   * @param {number} place
   * @returns {Spot | null}
   */
  spotOf(place) {
    const at = this.data.places.indexOf(place);
    if (at < 0) return null;
    if (at >= this.chips.length) this.complete();
    return { row: this, at, chip: this.chips[at] };
  }

  /** Every chip, also of what is folded away: somebody is about to walk there. */
  complete() {
    const { open } = this;
    this.open = true;
    this.fillUp(0);
    this.open = open;
  }

  /**
   * Unfolds the row if this chip would be out of sight.
   * @param {HTMLElement} chip
   */
  reveal(chip) {
    if (this.clip.classList.contains("folded") && chip.offsetTop >= MOST - 5) this.#unfold();
  }

  #unfold() {
    this.open = true;
    this.fillUp(0);
    this.draw();
  }

  #toggle() {
    if (this.open) {
      this.open = false;
      this.draw();
    } else this.#unfold();
    this.onFold(this.open);
  }
}

/**
 * @param {StripRow} row with a verdict
 * @param {(key: string) => void} onAlike
 */
function verdict({ verdict: of, alike }, onAlike) {
  const { sign, says, good } = /** @type {NonNullable<StripRow["verdict"]>} */ (of);
  const seen = el("span", { "aria-hidden": "true", text: sign });
  const spoken = el("span", { class: "unseen", text: says });
  const button = alike && {
    type: "button",
    class: "quiet alike",
    "aria-expanded": String(alike.open),
    "aria-label": alike.says,
    title: alike.says,
    text: alike.sign,
    data: { alike: alike.key },
    onclick: () => onAlike(alike.key),
  };
  const props = { class: good ? "verdict good" : "verdict", title: says };
  return el("span", props, seen, spoken, button ? el("button", button) : null);
}
