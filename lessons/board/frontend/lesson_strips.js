// @ts-nocheck: one strip for home, lessons and lab takes its place.
// Token strips of a lesson: any rows of tokens, each with one number that colours it, as Python hands them over.

import { scale } from "./colours.js";
import { attr, el, say } from "./dom.js";
import { fill, fixed, signed } from "./format.js";
import { chipText, named } from "./tokens.js";
import { walk } from "./walk.js";

const KINDS = { signed: { centre: 0 }, ratio: { centre: 1 }, plain: {}, falling: { reversed: true } };

export default class Strips {
  #rows = []; // chips, row by row
  #shape = "";
  #held = null; // which chip has the keyboard: "row.at"

  constructor({ root, send }) {
    this.send = send;
    this.legend = el("div", { class: "legend" });
    this.body = el("div", { class: "strips", role: "group" });
    this.readout = el("p", { class: "readout", "aria-live": "polite" });
    this.table = el("div", { class: "scroll" });
    this.fold = el("details", { class: "fold" }, el("summary"), this.table);
    this.body.onkeydown = (event) => this.#keys(event);
    this.body.onpointerover = (event) => this.#read(event.target.closest?.(".t"));
    this.body.onpointerleave = () => this.#read(null);
    this.body.addEventListener("focusin", (event) => this.#focused(event.target.closest?.(".t"))); // there is no onfocusin
    this.body.onclick = (event) => this.#chosen(event.target.closest?.(".t"));
    root.append(this.legend, this.body, this.readout, this.fold);
  }

  draw(data, { dark }) {
    this.data = data;
    attr(this.body, "aria-label", data.alt);
    const shape = JSON.stringify(data.rows.map((row) => [row.name, row.tokens]));
    if (shape !== this.#shape) this.#build();
    this.#shape = shape;
    this.#paint(dark);
    this.#tabulate();
    const active = this.body.getRootNode().activeElement;
    this.#read(this.body.contains(active) ? active.closest(".t") : null);
  }

  #build() {
    this.#rows = this.data.rows.map((row, r) => row.tokens.map((token, i) => {
      const { text, size } = chipText(token);
      const chip = el("button", { type: "button", tabindex: -1, data: { at: `${row.name}.${i}` } },
        el("span", { class: `glyph ${size}`, text }), el("span", { class: "num" }));
      return Object.assign(chip, { r, i });
    }));
    this.heads = this.data.rows.map(() => el("div", { class: "rowhead" }, el("b"), el("span")));
    this.body.replaceChildren(...this.#rows.map((chips, r) => el("div", { class: "lesson-row", role: "group" }, this.heads[r], el("div", { class: "chips" }, chips))));
  }

  #paint(dark) {
    const { data } = this;
    const kind = KINDS[data.kind];
    const shown = data.domain ?? data.rows.flatMap((row) => row.values);
    const colours = scale(shown, kind, dark);
    const held = this.body.contains(this.body.getRootNode().activeElement) ? this.#held : null;
    this.#rows.forEach((chips, r) => {
      const row = data.rows[r];
      const [title, note] = this.heads[r].children;
      say(title, row.label);
      title.style.color = row.learner ? `var(--ink-${row.learner})` : "";
      say(note, row.note ?? "");
      attr(chips[0]?.parentElement.parentElement ?? this.body, "aria-label", [row.label, row.note].filter(Boolean).join(", "));
      chips.forEach((chip, i) => this.#paintChip(chip, row, i, colours));
    });
    const start = this.#chip(held) ?? this.#chip(data.picked) ?? this.#rows[0]?.[0];
    for (const chip of this.#rows.flat()) chip.tabIndex = chip === start ? 0 : -1;
    this.#drawLegend(colours);
  }

  #paintChip(chip, row, i, colours) {
    const { data } = this;
    const value = row.values[i];
    const hidden = row.hidden?.[i];
    const mark = row.marks?.[i];
    const colour = typeof value === "number" && !hidden ? colours.colour(value) : null;
    const picked = data.picked === chip.dataset.at;
    chip.className = ["t", "numbered", hidden ? "later" : !colour && "none", row.spot?.[i] && "spot", mark === "high" && "high", mark === "low" && "low", picked && "picked"].filter(Boolean).join(" ");
    chip.style.backgroundColor = colour?.background ?? "";
    chip.style.color = colour?.ink ?? "";
    attr(chip, "aria-pressed", picked);
    attr(chip, "aria-label", this.#says(chip));
    say(chip.children[1], hidden ? "·" : this.#number(value));
  }

  #number(x) {
    const { data } = this;
    return data.kind === "signed" ? signed(x, data.digits, "–") : fixed(x, data.digits, "–");
  }

  /** "“9”, position 3, advantage +0.12, cut at the high side". */
  #says(chip) {
    const { words, rows, quantity, kind } = this.data;
    const row = rows[chip.r];
    const value = row.values[chip.i];
    const text = row.hidden?.[chip.i] ? words.later : kind === "signed" ? signed(value, 4, words.none) : fixed(value, 4, words.none);
    const mark = row.marks?.[chip.i];
    const said = fill(words.token_says, { token: named(row.tokens[chip.i]), position: chip.i + 1, quantity, value: text });
    return mark ? `${said}, ${words[mark]}` : said;
  }

  #drawLegend(colours) {
    const { data } = this;
    const show = (x) => (data.kind === "signed" ? signed(x, 2) : fixed(data.kind === "ratio" ? Math.max(0, x) : x, 2)); // no ratio is below 0
    const bar = colours.known
      ? [el("span", { class: "num", text: show(colours.low) }),
          el("span", { class: "ramp", style: { background: `linear-gradient(90deg, ${colours.stops.join(", ")})` } }),
          el("span", { class: "num", text: show(colours.high) })]
      : [];
    const marks = ["high", "low"].filter((mark) => data.rows.some((row) => row.marks?.includes(mark)));
    const none = data.rows.some((row) => row.values.some((x, i) => x === null && !row.hidden?.[i]));
    this.legend.replaceChildren(
      el("span", { class: "scale" }, el("span", { text: data.quantity }), bar),
      el("span", { class: "keys" }, [...marks, ...(none ? ["none"] : [])].map((mark) =>
        el("span", { class: "key" }, el("i", { class: `mark ${mark}` }), data.words[mark]))));
  }

  /** Every number of the token under the pointer or the keyboard; without one, of the chosen token. */
  #read(chip) {
    const { data } = this;
    const at = chip ?? this.#chip(data.picked);
    if (!at) return say(this.readout, data.words.hint);
    const row = data.rows[at.r];
    const more = Object.entries(row.more ?? {}).map(([name, values]) => `${name} ${fixed(values[at.i], 4, data.words.none)}`);
    say(this.readout, [row.label, this.#says(at), ...more].filter(Boolean).join(" · "));
  }

  /** The same as a table, for whoever would rather read it. */
  #tabulate() {
    const { data } = this;
    say(this.fold.firstChild, data.words.as_table);
    const longest = Math.max(0, ...data.rows.map((row) => row.tokens.length));
    const head = el("tr", {}, el("th", { text: data.quantity }), Array.from({ length: longest }, (_, i) => el("th", { text: i + 1 })));
    const lines = data.rows.map((row, r) => el("tr", {}, el("th", { scope: "row", text: [row.label, row.note].filter(Boolean).join(", ") }),
      row.tokens.map((token, i) => el("td", {}, el("span", { class: "mono", text: `${chipText(token).text} ` }), row.hidden?.[i] ? "·" : this.#number(data.rows[r].values[i])))));
    this.table.replaceChildren(el("table", {}, el("thead", {}, head), el("tbody", {}, lines)));
    attr(this.table, "tabindex", 0);
    attr(this.table, "role", "region");
    attr(this.table, "aria-label", data.words.as_table);
  }

  #chip(name) {
    return name ? this.#rows.flat().find((chip) => chip.dataset.at === name) : undefined;
  }

  /** Arrow keys walk from chip to chip; one chip is in the page's tab order. */
  #keys(event) {
    const chip = event.target.closest?.(".t");
    if (!chip) return;
    const goal = walk(this.#rows, chip.r, chip.i, event.key);
    if (!goal) return;
    event.preventDefault();
    goal.focus();
  }

  #focused(chip) {
    if (!chip) return;
    for (const other of this.#rows.flat()) if (other.tabIndex === 0) other.tabIndex = -1;
    chip.tabIndex = 0;
    this.#held = chip.dataset.at;
    this.#read(chip);
  }

  #chosen(chip) {
    if (chip && this.data.pickable) this.send("picked", chip.dataset.at);
  }
}
