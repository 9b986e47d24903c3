// A token strip: rows of tokens, each token a button coloured by a number. It knows nothing of learners, only what is in
// its data; what else is told of the token under the pointer or the keyboard, a reader tells.

import { below, look, says } from "./chip.js";
import { attr, el, focusedIn, say } from "./dom.js";
import { legend } from "./legend.js";
import { Row } from "./row.js";
import { walk } from "./walk.js";

/** @import { Spot } from "./row.js" */
/** @import { StripData, StripGroup } from "./strip_types.js" */

/**
 * Tells of one token.
 * @typedef {object} Reader
 * @property {(spot: Spot, data: StripData) => void} show the pointer or the keyboard came to a token
 * @property {() => void} leave the pointer left the strip
 * @property {() => void} dismiss the keyboard left, or Escape was pressed
 */

export class TokenStrip {
  /** @type {Row[]} */
  #rows = [];
  /** @type {Map<string, Row>} */
  #byName = new Map();
  /** @type {WeakMap<Element, Spot>} */
  #spots = new WeakMap();
  /** @type {Set<string>} slots of rows that a person unfolded */
  #opened = new Set();
  /** @type {StripData | null} */
  #data = null;
  /** @type {string | null} the token that has, or last had, the keyboard */
  #held = null;
  #shape = "";
  #width = 0;

  /**
   * @param {{ reader: Reader, onChoose: (spot: Spot) => void, onAlike?: (key: string) => void, keysBelow?: boolean }}
   *   options `keysBelow`: what the signs mean stands below the strips
   */
  constructor({ reader, onChoose, onAlike = () => {}, keysBelow = false }) {
    this.reader = reader;
    this.onAlike = onAlike;
    this.legend = el("div", { class: "legend" });
    this.body = el("div", { class: "strips", data: { deal: "" } });
    this.notes = el("div");
    this.keys = keysBelow ? el("div", { class: "legend below" }) : this.legend;
    this.root = el("div", {}, this.legend, this.body, keysBelow ? this.keys : null);
    this.body.onkeydown = (event) => this.#keys(event);
    this.body.onpointerover = (event) => this.#read(this.#spot(event.target));
    this.body.onpointerleave = () => reader.leave();
    this.body.addEventListener("focusin", (event) => this.#focused(this.#spot(event.target))); // there is no onfocusin
    this.body.addEventListener("focusout", () => reader.dismiss());
    this.body.onclick = (event) => {
      const spot = this.#spot(event.target);
      if (spot) onChoose(spot);
    };
    this.observer = new ResizeObserver(() => this.body.clientWidth !== this.#width && this.#fold());
    this.observer.observe(this.body);
  }

  /** @param {StripData} data */
  draw(data) {
    const held = this.hasFocus() ? this.#held : null;
    this.#data = data;
    if (data.alt) {
      attr(this.body, "role", "group");
      attr(this.body, "aria-label", data.alt);
    }
    if (data.shape === this.#shape) this.#repaint(data);
    else this.#build(data);
    this.notes.replaceChildren(...data.notes.map((text) => el("p", { class: "note", text }))); // each pass has its own
    const [scale, keys] = legend(data);
    this.legend.replaceChildren(scale);
    if (this.keys === this.legend) this.legend.append(keys);
    else this.keys.replaceChildren(keys);
    const start = this.spotOf(held) ?? this.spotOf(data.picked) ?? this.#first();
    for (const chip of this.#lines().flat()) if (chip !== start?.chip && chip.tabIndex === 0) chip.tabIndex = -1;
    if (!start) return;
    start.chip.tabIndex = 0;
    if (held && !this.hasFocus()) start.chip.focus({ preventScroll: true });
  }

  /** Whether the keyboard is on one of the tokens. */
  hasFocus() {
    return focusedIn(this.body)?.closest(".t") != null;
  }

  /**
   * A token by its name, "row.place".
   * @param {string | null} name
   * @returns {Spot | null}
   */
  spotOf(name) {
    const dot = name?.lastIndexOf(".") ?? -1;
    return this.#byName.get(name?.slice(0, dot) ?? "")?.spotOf(Number(name?.slice(dot + 1))) ?? null;
  }

  /** The token that has the keyboard. */
  focused() {
    return this.hasFocus() ? this.spotOf(this.#held) : null;
  }

  close() {
    this.observer.disconnect();
  }

  /** @param {StripData} data */
  #build(data) {
    this.#shape = data.shape;
    this.#rows = [];
    const pressed = /** @type {HTMLElement | null} */ (focusedIn(this.body))?.dataset.alike;
    this.body.replaceChildren(...data.groups.flatMap((group) => this.#group(group, data)), this.notes);
    this.#byName = new Map(this.#rows.map((row) => [row.data.name, row]));
    this.#fold();
    const buttons = /** @type {NodeListOf<HTMLElement>} */ (this.body.querySelectorAll("[data-alike]"));
    if (pressed) [...buttons].find((x) => x.dataset.alike === pressed)?.focus({ preventScroll: true });
  }

  /**
   * @param {StripGroup} group
   * @param {StripData} data
   */
  #group({ name, title, colour, note, rows: list }, data) {
    const rows = list.map(
      (row) =>
        new Row(row, data, {
          open: this.#opened.has(row.slot),
          onFold: (open) => (open ? this.#opened.add(row.slot) : this.#opened.delete(row.slot)),
          paint: (spot) => this.#paint(spot),
          onAlike: this.onAlike,
        }),
    );
    this.#rows.push(...rows);
    const roots = rows.map((x) => x.root);
    if (!title) return roots;
    const head = el("h3", { text: title, style: colour ? { color: `var(--ink-${colour})` } : {} });
    const props = { class: "learner", data: { learner: name }, role: "group", "aria-label": title };
    return [el("div", props, head, note ? el("p", { class: "note", text: note }) : null, roots)];
  }

  /** @param {StripData} data */
  #repaint(data) {
    for (const [i, row] of data.groups.flatMap((x) => x.rows).entries()) this.#rows[i].update(row);
    for (const row of this.#rows) for (const [at, chip] of row.chips.entries()) this.#paint({ row, at, chip });
    this.#reveal();
  }

  /** @param {Spot} spot */
  #paint(spot) {
    const { row, at, chip } = spot;
    if (!this.#data) return;
    this.#spots.set(chip, spot);
    const { classes, paint, chosen, under } = look(this.#data, row.data, at);
    if (chip.className !== classes) chip.className = classes;
    chip.style.backgroundColor = paint?.background ?? "";
    chip.style.color = paint?.ink ?? "";
    chip.dataset.under = String(under); // for who sees no colour (strip.css)
    attr(chip, "aria-pressed", chosen);
    attr(chip, "aria-label", says(this.#data, row.data, at));
    if (this.#data.digits !== null && chip.lastChild) say(chip.lastChild, below(this.#data, row.data, at));
  }

  /** Folds what is long at this width. All rows are filled, then measured, then folded: that lays the page out once. */
  #fold() {
    this.#width = this.body.clientWidth;
    for (const row of this.#rows) row.fillUp(this.#width);
    for (const row of this.#rows) row.measure();
    for (const row of this.#rows) row.draw();
    this.#reveal();
  }

  /** Unfolds the chosen token. */
  #reveal() {
    const spot = this.spotOf(this.#data?.picked ?? null);
    spot?.row.reveal(spot.chip);
  }

  /** The chips, row by row; responses without tokens are no rows to walk through. */
  #lines() {
    return this.#rows.map((x) => x.chips).filter((x) => x.length);
  }

  #first() {
    const chip = this.#lines()[0]?.[0];
    return chip ? (this.#spots.get(chip) ?? null) : null;
  }

  /** @param {EventTarget | null} target */
  #spot(target) {
    const chip = target instanceof Element ? target.closest(".t") : null;
    return chip ? (this.#spots.get(chip) ?? null) : null;
  }

  /** @param {Spot | null} spot */
  #read(spot) {
    if (spot && this.#data) this.reader.show(spot, this.#data);
  }

  /**
   * Arrow keys walk from chip to chip; one chip is in the page's tab order.
   * @param {KeyboardEvent} event
   */
  #keys(event) {
    const spot = this.#spot(event.target);
    if (!spot) return;
    if (event.key === "Escape") return this.reader.dismiss();
    const at = this.#rows.indexOf(spot.row);
    for (const near of this.#rows.slice(Math.max(0, at - 1), at + 2)) near.complete();
    const lines = this.#lines();
    const goal = walk(lines, lines.indexOf(spot.row.chips), spot.at, event.key);
    if (!goal) return;
    event.preventDefault();
    goal.focus();
  }

  /** @param {Spot | null} spot */
  #focused(spot) {
    if (!spot) return;
    for (const other of this.#lines().flat()) if (other.tabIndex === 0) other.tabIndex = -1;
    spot.chip.tabIndex = 0;
    this.#held = spot.chip.dataset.at ?? null;
    spot.row.reveal(spot.chip);
    this.#read(spot);
  }
}
