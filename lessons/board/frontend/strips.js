// @ts-nocheck: one strip for home, lessons and lab takes its place.
// Token strips: the responses of both learners to one prompt, each token a button coloured by one of its numbers.

import { scale } from "./colours.js";
import { attr, el } from "./dom.js";
import { fill, fixed, inWords, signed } from "./format.js";
import { kinds, markOf } from "./regions.js";
import { Row } from "./row.js";
import { coloured, COLOURINGS, domain, named, whyNobody } from "./tokens.js";
import { walk } from "./walk.js";

export class Strips {
  #rows = []; // one a response
  #byResponse = new Map(); // "learner.sample" → row
  #focus = null;
  #opened = new Set(); // "learner.index" of rows that a person unfolded: they stay so at the next step
  #width = 0;

  constructor({ labels, onChoose, tooltip }) {
    Object.assign(this, { labels, onChoose, tooltip });
    this.legend = el("div", { class: "legend" });
    this.body = el("div", { class: "strips" });
    this.root = el("div", {}, this.legend, this.body);
    this.body.onkeydown = (event) => this.#keys(event);
    this.body.onpointerover = (event) => this.#point(event.target.closest?.(".t"));
    this.body.onpointerleave = () => this.tooltip.hide();
    this.body.addEventListener("focusin", (event) => this.#focused(event.target.closest?.(".t")));
    this.body.addEventListener("focusout", () => this.tooltip.hide());
    this.body.onclick = (event) => this.#chosen(event.target.closest?.(".t"));
    new ResizeObserver(() => this.body.clientWidth !== this.#width && this.#fold()).observe(this.body);
  }

  /** Builds the strips of a group; `view` has color and token, `pass` is the shown pass. */
  draw({ groups, view, pass, dark, missing }) {
    Object.assign(this, { groups, dark, scales: {} });
    const held = this.body.contains(this.body.getRootNode().activeElement) ? this.#focus : null;
    this.#rows = [];
    this.body.replaceChildren(...[...groups].flatMap(([name, list]) => this.#learner(name, list)), ...missing.map((text) => el("p", { class: "note", text })));
    this.#byResponse = new Map(this.#rows.map((row) => [`${row.response.learner}.${row.response.sample}`, row]));
    this.paint({ view, pass }); // there are no chips yet: it says how those to come are painted
    this.#fold();
    const start = this.chip(held) ?? this.chip(view.token) ?? this.#lines()[0]?.[0];
    if (start) start.tabIndex = 0;
    if (held && start) start.focus({ preventScroll: true });
  }

  /** Colours, marks and names the chips that are there. */
  paint({ view, pass }) {
    Object.assign(this, { view, pass });
    const colours = (this.scales[view.color] ??= scale(domain(this.groups, view.color), COLOURINGS[view.color], this.dark));
    this.colours = colours;
    this.picked = keyOf(view.token);
    for (const chip of this.#rows.flatMap((x) => x.chips)) this.#paintChip(chip);
    this.#drawLegend(colours, view.color);
    this.#reveal(this.chip(view.token));
  }

  chip(token) {
    return token ? this.#byResponse.get(`${token.learner}.${token.sample}`)?.chipOf(token.position) : undefined;
  }

  #learner(name, list) {
    const { labels } = this;
    const { strip_title = "{name}", settings = {}, group_size = null, colour } = list[0]?.own.data ?? {};
    const places = Object.entries({ ...settings, size: group_size }).map(([place, x]) => [place, x ?? "?"]);
    const title = fill(inWords(labels, strip_title), { ...Object.fromEntries(places), name: name.toUpperCase() });
    const head = el("h3", { text: title, style: { color: `var(--ink-${colour})` } });
    const rows = list.map((response, i) => {
      const key = `${name}.${i}`;
      const onFold = (open) => this.#opened[open ? "add" : "delete"](key);
      return new Row(response, i, { labels, open: this.#opened.has(key), onFold, paint: (chip) => this.#paintChip(chip) });
    });
    this.#rows.push(...rows);
    const note = list.some((x) => !x.length) ? el("p", { class: "note", text: labels.no_tokens }) : null;
    return [el("div", { class: "learner", data: { learner: name }, role: "group", "aria-label": title }, head, note, rows.map((x) => x.root))];
  }

  /** The chips, row by row; responses without tokens are no rows to walk through. */
  #lines() {
    return this.#rows.map((x) => x.chips).filter((x) => x.length);
  }

  #fold() {
    this.#width = this.body.clientWidth;
    for (const row of this.#rows) row.fillUp(this.#width);
    for (const row of this.#rows) row.measure();
    for (const row of this.#rows) row.fold();
    this.#reveal(this.chip(this.view?.token));
  }

  #reveal(chip) {
    if (chip) this.#rows.find((x) => x.response === chip.response)?.reveal(chip);
  }

  #paintChip(chip) {
    const { labels, colours, view, pass } = this;
    const value = coloured(chip.response, chip.at, pass, view.color);
    const colour = typeof value === "number" ? colours.colour(value) : null;
    const cut = chip.response.at("clipped", chip.at, pass);
    const picked = this.picked === keyOf(chip.token);
    const name = ["t", chip.size, !colour && "none", cut > 0 && "high", cut < 0 && "low", picked && "picked"].filter(Boolean).join(" ");
    if (chip.className !== name) chip.className = name;
    chip.style.backgroundColor = colour ? colour.background : "";
    chip.style.color = colour ? colour.ink : "";
    attr(chip, "aria-pressed", picked);
    const none = value === null ? labels[chip.response.absence(COLOURINGS[view.color].columns[0])] : "";
    const said = fill(labels.token_says, {
      token: named(chip.response.token[chip.at]), position: chip.token.position + 1, quantity: labels.colourings[view.color],
      value: COLOURINGS[view.color].centre === 0 ? signed(value, 3, none) : fixed(value, 3, none),
    });
    const mark = markOf(chip.response.own.data.regions, cut, labels);
    attr(chip, "aria-label", mark ? `${said}, ${mark}` : said);
  }

  #drawLegend(colours, color) {
    const { labels } = this;
    const { low, high, centre } = colours;
    const show = (x) => (centre === 0 ? signed(x, 2) : fixed(x, 2));
    const bar = colours.known
      ? [el("span", { class: "num", text: show(low) }),
          el("span", { class: "ramp", style: { background: `linear-gradient(90deg, ${colours.stops.join(", ")})` } }),
          el("span", { class: "num", text: show(high) })]
      : [el("span", { text: fill(labels.nobody_has, { quantity: labels.colourings[color], missing: labels[whyNobody(this.groups, color)] }) })];
    const key = (mark, text) => text && el("span", { class: "key" }, el("i", { class: `mark ${mark}` }), text);
    this.legend.replaceChildren(
      el("span", { class: "scale" }, bar),
      el("span", { class: "keys" },
        key("high", this.#keyOf("high")), key("low", this.#keyOf("low")), key("none", labels.key_none)),
    );
  }

  /** What the mark on a side means; where learners differ, whose token is only bounded. null: no learner has it. */
  #keyOf(side) {
    const { labels } = this;
    const all = [...this.groups].map(([name, list]) => [name.toUpperCase(), kinds(list[0]?.own.data.regions ?? [])[side]]);
    const bounding = all.filter(([, x]) => x.bounds).map(([name]) => name);
    const cut = side === "high" ? labels.key_high : labels.key_low;
    if (!all.some(([, x]) => x.cuts)) return bounding.length ? labels.key_bounded : null;
    return bounding.length ? fill(labels.key_cut_or_bounded, { cut, learners: bounding.join(", ") }) : cut;
  }

  /** Arrow keys walk from chip to chip; one chip is in the page's tab order. */
  #keys(event) {
    const chip = event.target.closest?.(".t");
    if (!chip) return;
    if (event.key === "Escape") return this.tooltip.hide();
    const at = this.#rows.findIndex((x) => x.response === chip.response);
    for (const near of this.#rows.slice(Math.max(0, at - 1), at + 2)) near.complete();
    const lines = this.#lines();
    const row = lines.indexOf(this.#rows[at].chips);
    const goal = walk(lines, row, chip.at, event.key);
    if (!goal) return;
    event.preventDefault();
    goal.focus();
  }

  #focused(chip) {
    if (!chip) return;
    for (const other of this.#lines().flat()) if (other.tabIndex === 0) other.tabIndex = -1;
    chip.tabIndex = 0;
    this.#focus = chip.token;
    this.#reveal(chip);
    this.tooltip.show(chip, this.pass);
  }

  #point(chip) {
    if (chip) this.tooltip.show(chip, this.pass);
  }

  #chosen(chip) {
    if (chip) this.onChoose(chip.token);
  }
}

export const keyOf = (token) => token && `${token.learner}.${token.sample}.${token.position}`;
