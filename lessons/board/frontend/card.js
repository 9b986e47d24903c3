// @ts-nocheck: terms that learners declare take the place of what stands here.
// The formula card: the chosen token's numbers, each in the formula that made it, and the file that computed it.

import { el } from "./dom.js";
import { fill } from "./format.js";
import { lines } from "./formulas.js";
import { named } from "./tokens.js";

export class Card {
  constructor({ labels, colours, onClear }) {
    Object.assign(this, { labels, colours });
    this.title = el("h3", { "aria-live": "polite" });
    this.sub = el("span", { class: "sub" });
    this.close = el("button", { type: "button", class: "quiet", text: "✕", "aria-label": labels.card_close, title: labels.card_close, onclick: onClear });
    this.body = el("dl");
    this.root = el("section", { class: "card", "aria-label": labels.card }, el("div", { class: "head" }, this.title, this.sub, this.close), this.body);
  }

  /** `chosen` is false for a token that the page proposes because nobody chose one yet. */
  show({ response, at, token, pass, group, chosen }) {
    const { labels } = this;
    const name = token.learner.toUpperCase();
    this.title.textContent = fill(labels.card_title, { token: named(response.token[at]) });
    this.sub.textContent = fill(labels.card_place, { learner: name, response: group.order(response), position: token.position + 1 });
    this.sub.style.color = `var(--ink-${this.colours[token.learner]})`;
    this.close.hidden = !chosen;
    const blamed = response.at("advantage", at, pass) < 0;
    const hint = chosen ? [] : [el("p", { class: "note", text: blamed ? fill(labels.card_proposed, { learner: name }) : labels.card_empty })];
    this.body.replaceChildren(...lines(response, at, pass, group, labels).map((line) => this.#line(line)));
    this.root.querySelector(".note")?.remove();
    this.body.before(...hint);
  }

  empty(text) {
    this.title.textContent = this.labels.card;
    this.sub.textContent = "";
    this.close.hidden = true;
    this.root.querySelector(".note")?.remove();
    this.body.replaceChildren();
    this.body.before(el("p", { class: "note", text }));
  }

  #line({ key, parts, code, sub, help }) {
    const { labels } = this;
    const value = parts.map((part) => (typeof part === "string" ? part : el(part.tone === "mute" ? "span" : "b", { class: part.tone, text: part.text })));
    const file = code && el("code", { class: "file", text: code, title: `core/algorithms/${code}` });
    return el("div", { class: sub ? "line sub" : "line", data: { line: key } },
      el("dt", { text: labels.lines[key], title: help ?? labels.line_help[key] ?? "" }), el("dd", {}, el("span", {}, value), file));
  }
}
