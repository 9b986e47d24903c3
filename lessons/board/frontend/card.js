// The formula card: the chosen token's numbers, each in the formula that made it, and the file that computed it.

import { lines } from "./card_lines.js";
import { el } from "./dom.js";
import { fill, learnerTitle } from "./format.js";
import { named } from "./tokens.js";

/** @import { Line } from "./card_parts.js" */
/** @import { Response } from "./tokens.js" */
/** @import { Labels } from "./labels.js" */
/** @import { ColourNames } from "./strip_types.js" */

export class Card {
  /** @param {{ labels: Labels, colours: ColourNames, onClear: () => void }} options */
  constructor({ labels, colours, onClear }) {
    this.labels = labels;
    this.colours = colours;
    this.title = el("h3", { "aria-live": "polite" });
    this.sub = el("span", { class: "sub" });
    this.close = el("button", {
      type: "button",
      class: "quiet",
      text: "✕",
      hidden: true,
      "aria-label": labels.card_close,
      title: labels.card_close,
      onclick: onClear,
    });
    this.note = el("p", { class: "note", hidden: true });
    this.body = el("dl");
    const head = el("div", { class: "head" }, this.title, this.sub, this.close);
    this.root = el("section", { class: "card", "aria-label": labels.card }, head, this.note, this.body);
  }

  /**
   * The token at index `at` of a response, after a pass. `opens`: why the page proposes this token; null where a person
   * chose it.
   * @param {{ response: Response, at: number, pass: number, opens: import("./proposed.js").Proposed | null }} token
   */
  show({ response, at, pass, opens }) {
    const { labels } = this;
    const learner = learnerTitle(labels, response.learner);
    const place = { learner, response: response.index + 1, position: response.position[at] + 1 };
    this.title.textContent = fill(labels.card_title, { token: named(response.token[at]) });
    this.sub.textContent = fill(labels.card_place, place);
    this.sub.style.color = `var(--ink-${this.colours[response.learner]})`;
    this.close.hidden = opens !== null;
    this.#say(opens ? this.#why(opens, learner) : "");
    let before = "";
    const drawn = lines(response, at, pass, labels).map((line) => {
      const root = drawLine(line, before);
      before = line.source ?? "";
      return root;
    });
    this.body.replaceChildren(...drawn);
  }

  /**
   * @param {import("./proposed.js").Proposed} opens
   * @param {string} learner
   */
  #why({ token, why, alike }, learner) {
    const { card_why: words, card_proposed_alike: several, card_other: other } = this.labels;
    if (!token || why === "") return other;
    return fill(why === "blamed" && alike > 1 ? several : words[why], { learner, count: alike });
  }

  /** @param {string} text */
  empty(text) {
    this.title.textContent = this.labels.card;
    this.sub.textContent = "";
    this.close.hidden = true;
    this.body.replaceChildren();
    this.#say(text);
  }

  /** @param {string} text */
  #say(text) {
    this.note.textContent = text;
    this.note.hidden = text === "";
  }
}

/**
 * A line; its file stands there unless the line above has the same.
 * @param {Line} line
 * @param {string} before the source of the line above
 */
function drawLine({ key, label, help, parts, source = "", sub, aside }, before) {
  const value = parts.map((part) =>
    typeof part === "string" ? part : el(part.tone === "mute" ? "span" : "b", { class: part.tone, text: part.text }),
  );
  const path = pathOf(source);
  const file =
    path && path !== pathOf(before) ? el("code", { class: "file", text: path.split("/").at(-1), title: source }) : null;
  const title = el("dt", { text: label, title: help ?? "" });
  return el(
    "div",
    { class: sub ? "line sub" : "line", data: { line: key } },
    title,
    el("dd", {}, el("span", {}, value), file),
    aside ? el("dd", { class: "aside", text: aside }) : null,
  );
}

/** "core/algorithms/kl.py:kl_k1" → the file. @param {string} source */
const pathOf = (source) => source.split(":")[0];
