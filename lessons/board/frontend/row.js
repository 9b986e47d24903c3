// @ts-nocheck: one strip for home, lessons and lab takes its place.
// One response as a row: its verdict, its tokens (its text where no tokens were kept), folded where that is long.

import { attr, el, say } from "./dom.js";
import { fill, fixed, isNumber, signed } from "./format.js";
import { chipText, inLines } from "./tokens.js";

const MOST = 105; // px: three lines of chips with their margins; .folded in lab.css says the same
const SLACK = 10; // what is hardly longer is not worth a button
const NARROWEST = 25; // px: a chip with its gap; so many fit at most

export class Row {
  chips = [];

  /** `open`: whether a person unfolded this row before; `paint` colours a new chip, `onFold` hears when one folds. */
  constructor(response, index, { labels, open, paint, onFold }) {
    Object.assign(this, { labels, open, response, paint, onFold });
    this.end = response.truncated ? el("span", { class: "cut", text: labels.cut_off, title: labels.cut_off_help }) : null;
    this.inner = response.length
      ? el("div", { class: "chips" }, this.end)
      : el("div", { class: "said" }, this.#credit(), inLines(response.text), this.end);
    this.clip = el("div", { class: "clip" }, this.inner);
    this.buttonText = el("span");
    this.button = el("button", { type: "button", class: "quiet more", hidden: true, onclick: () => this.#toggle() },
      el("span", { class: "unseen", text: `${fill(labels.response_n, { n: index + 1 })} ` }), this.buttonText);
    this.root = el("div", { class: "strip" }, this.#verdict(index), el("div", { class: "cell" }, this.clip, this.button));
  }

  /** Makes as many chips as can be seen in a row of this width while it is folded, or all; those there stay. */
  fillUp(width) {
    const wanted = this.open ? Infinity : 3 * Math.ceil(width / NARROWEST) + 1;
    const fresh = [];
    while (this.chips.length < Math.min(wanted, this.response.length)) {
      const chip = this.#chip(this.chips.length);
      this.chips.push(chip);
      fresh.push(chip);
      this.paint(chip);
    }
    if (this.end) this.end.before(...fresh);
    else this.inner.append(...fresh);
  }

  /** Reads how long the row is; apart from `fold`, so that many rows are laid out once. */
  measure() {
    this.long = this.chips.length < this.response.length || this.inner.offsetHeight > MOST + SLACK;
  }

  fold() {
    const folded = this.long && !this.open;
    this.clip.classList.toggle("folded", folded);
    this.button.hidden = !this.long;
    attr(this.button, "aria-expanded", !folded);
    const { labels } = this;
    const all = this.response.length ? fill(labels.show_all, { n: this.response.length }) : labels.show_whole;
    say(this.buttonText, folded ? all : labels.show_less);
  }

  /** The chip at a position, made if need be. */
  chipOf(position) {
    const at = this.response.position.indexOf(position);
    if (at >= this.chips.length) this.complete();
    return this.chips[at];
  }

  /** Every chip, also of what is folded away: somebody is about to walk there. */
  complete() {
    const { open } = this;
    this.open = true;
    this.fillUp(0);
    this.open = open;
  }

  /** Unfolds the row if this chip would be out of sight. */
  reveal(chip) {
    if (!this.clip.classList.contains("folded") || chip.offsetTop < MOST - 5) return;
    this.#unfold();
  }

  #unfold() {
    this.open = true;
    this.fillUp(0);
    this.fold();
  }

  #toggle() {
    if (this.open) {
      this.open = false;
      this.fold();
    } else this.#unfold();
    this.onFold(this.open);
  }

  #chip(at) {
    const { response } = this;
    const { text, size } = chipText(response.token[at]);
    const chip = el("button", { type: "button", class: "t", tabindex: -1, text });
    return Object.assign(chip, { token: { learner: response.learner, sample: response.sample, position: response.position[at] }, size, response, at });
  }

  /** Where no tokens were kept, what the whole response was credited with, if that follows from the rewards. */
  #credit() {
    const { credit } = this.response;
    return isNumber(credit) ? el("span", { class: "credit num", text: fill(this.labels.credit_is, { value: signed(credit, 2) }) }) : null;
  }

  #verdict(index) {
    const { success, reward } = this.response;
    const [mark, words] = { true: ["✓", "right"], false: ["✗", "wrong"] }[success] ?? ["–", "unjudged"];
    const said = fill(this.labels[words], { n: index + 1, reward: fixed(reward, 2, this.labels.not_recorded) });
    return el("span", { class: success ? "verdict good" : "verdict", title: said },
      el("span", { "aria-hidden": "true", text: `${mark} ${shortReward(reward)}` }), el("span", { class: "unseen", text: said }));
  }
}

const shortReward = (reward) => (Number.isInteger(reward) ? String(reward).replace("-", "−") : fixed(reward, 2, ""));
