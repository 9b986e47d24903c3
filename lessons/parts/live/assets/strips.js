// Token strips: the responses of both learners to one prompt, each token a button coloured by one of its numbers.

import { scale } from "./colours.js";
import { attr, el, say } from "./dom.js";
import { fill, fixed, signed } from "./format.js";
import { chipText, coloured, COLOURINGS, domain } from "./tokens.js";
import { walk } from "./walk.js";

export class Strips {
  #rows = []; // chips, row by row
  #chips = new Map(); // "learner.sample.position" → chip
  #focus = null;

  constructor({ labels, colours, onChoose, tooltip }) {
    Object.assign(this, { labels, colours, onChoose, tooltip });
    this.legend = el("div", { class: "legend" });
    this.body = el("div", { class: "strips" });
    this.root = el("div", {}, this.legend, this.body);
    this.body.onkeydown = (event) => this.#keys(event);
    this.body.onpointerover = (event) => this.#point(event.target.closest?.(".t"));
    this.body.onpointerleave = () => this.tooltip.hide();
    this.body.addEventListener("focusin", (event) => this.#focused(event.target.closest?.(".t")));
    this.body.addEventListener("focusout", () => this.tooltip.hide());
    this.body.onclick = (event) => this.#chosen(event.target.closest?.(".t"));
  }

  /** Builds the strips of a group; `view` has color and token, `pass` is the shown pass. */
  draw({ groups, view, pass, dark, groupSize, missing }) {
    Object.assign(this, { groups, dark });
    const held = this.body.contains(this.body.getRootNode().activeElement) ? this.#focus : null;
    this.#rows = [];
    this.#chips = new Map();
    this.body.replaceChildren(...[...groups].flatMap(([name, list]) => this.#learner(name, list, groupSize)), ...missing.map((text) => el("p", { class: "note", text })));
    this.paint({ view, pass });
    const start = this.#chips.get(held) ?? this.#chips.get(keyOf(view.token)) ?? this.#rows[0]?.[0];
    if (start) start.tabIndex = 0;
    if (held && start) start.focus({ preventScroll: true });
  }

  /** Colours, marks and names the chips that are there. */
  paint({ view, pass }) {
    Object.assign(this, { view, pass });
    const kind = COLOURINGS[view.color];
    const colours = scale(domain(this.groups, view.color), kind, this.dark);
    for (const chip of this.#chips.values()) this.#paintChip(chip, colours, view, pass);
    this.#drawLegend(colours, view.color);
  }

  chip(token) {
    return this.#chips.get(keyOf(token));
  }

  #learner(name, list, groupSize) {
    const { labels, colours } = this;
    const { algorithm, baseline, continuations } = list[0]?.settings ?? {};
    const wording = labels.strip_titles[`${algorithm} ${baseline}`] ?? labels.strip_titles[algorithm] ?? "{name}";
    const title = fill(wording, { name: name.toUpperCase(), size: groupSize, k: continuations });
    const head = el("h3", { text: title, style: { color: `var(--ink-${colours[name]})` } });
    const rows = list.map((response, i) => this.#row(name, response, i));
    return [el("div", { class: "learner", data: { learner: name }, role: "group", "aria-label": title }, head, rows)];
  }

  #row(name, response, index) {
    const { labels } = this;
    const chips = response.position.map((position, i) => {
      const { text, small } = chipText(response.token[i]);
      const chip = el("button", { type: "button", class: small ? "t small" : "t", tabindex: -1, text });
      Object.assign(chip, { token: { learner: name, sample: response.sample, position }, response, at: i });
      this.#chips.set(keyOf(chip.token), chip);
      return chip;
    });
    this.#rows.push(chips);
    const mark = response.success ? "✓" : "✗";
    const verdict = fill(response.success ? labels.right : labels.wrong, { n: index + 1, reward: fixed(response.reward, 2) });
    const head = el("span", { class: response.success ? "verdict good" : "verdict", title: verdict },
      el("span", { "aria-hidden": "true", text: `${mark} ${shortReward(response.reward)}` }), el("span", { class: "unseen", text: verdict }));
    return el("div", { class: "strip" }, head, el("div", { class: "chips" }, chips,
      response.truncated ? el("span", { class: "cut", text: labels.cut_off, title: labels.cut_off_help }) : null));
  }

  #paintChip(chip, colours, view, pass) {
    const { labels } = this;
    const value = coloured(chip.response, chip.at, pass, view.color);
    const colour = typeof value === "number" ? colours.colour(value) : null;
    const cut = chip.response.at("clipped", chip.at, pass);
    const picked = keyOf(view.token) === keyOf(chip.token);
    chip.className = ["t", chip.classList.contains("small") && "small", !colour && "none", cut > 0 && "high", cut < 0 && "low", picked && "picked"].filter(Boolean).join(" ");
    chip.style.backgroundColor = colour ? colour.background : "";
    chip.style.color = colour ? colour.ink : "";
    attr(chip, "aria-pressed", picked);
    const said = fill(labels.token_says, {
      token: chip.response.token[chip.at], position: chip.token.position + 1, quantity: labels.colourings[view.color],
      value: COLOURINGS[view.color].centre === 0 ? signed(value, 3, labels.none) : fixed(value, 3, labels.none),
    });
    if (chip.response.settings.surrogate === "cispo") attr(chip, "aria-label", said + (cut > 0 ? `, ${labels.bounded}` : ""));
    else attr(chip, "aria-label", said + (cut > 0 ? `, ${labels.cut_high}` : cut < 0 ? `, ${labels.cut_low}` : ""));
  }

  #drawLegend(colours, color) {
    const { labels } = this;
    const { low, high, centre } = colours;
    const show = (x) => (centre === 0 ? signed(x, 2) : fixed(x, 2));
    const bar = colours.known
      ? [el("span", { class: "num", text: show(low) }),
          el("span", { class: "ramp", style: { background: `linear-gradient(90deg, ${colours.stops.join(", ")})` } }),
          el("span", { class: "num", text: show(high) })]
      : [el("span", { text: fill(labels.nobody_has, { quantity: labels.colourings[color] }) })];
    const ways = new Set([...this.groups.values()].flat().map((x) => x.settings.surrogate));
    const key = (mark, text) => el("span", { class: "key" }, el("i", { class: `mark ${mark}` }), text);
    const upper = ways.has("cispo") ? (ways.has("clip") ? labels.key_high_or_bounded : labels.key_bounded) : labels.key_high;
    this.legend.replaceChildren(
      el("span", { class: "scale" }, bar),
      el("span", { class: "keys" },
        key("high", upper), ways.has("clip") ? key("low", labels.key_low) : null, key("none", labels.key_none)),
    );
  }

  /** Arrow keys walk from chip to chip; one chip is in the page's tab order. */
  #keys(event) {
    const chip = event.target.closest?.(".t");
    const row = this.#rows.findIndex((chips) => chips.includes(chip));
    if (row < 0) return;
    if (event.key === "Escape") return this.tooltip.hide();
    const goal = walk(this.#rows, row, this.#rows[row].indexOf(chip), event.key);
    if (!goal) return;
    event.preventDefault();
    goal.focus();
  }

  #focused(chip) {
    if (!chip) return;
    for (const other of this.#chips.values()) if (other.tabIndex === 0) other.tabIndex = -1;
    chip.tabIndex = 0;
    this.#focus = keyOf(chip.token);
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

const shortReward = (reward) => (Number.isInteger(reward) ? String(reward).replace("-", "−") : fixed(reward, 2));
