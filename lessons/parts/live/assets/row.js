// One response as a row: its verdict, its tokens (its text where no tokens were kept), folded where that is long.

import { attr, el, say } from "./dom.js";
import { fill, fixed, isNumber, signed } from "./format.js";
import { chipText, inLines } from "./tokens.js";

const MOST = 105; // px: three lines of chips with their margins; .folded in lab.css says the same
const SLACK = 10; // what is hardly longer is not worth a button

export class Row {
  /** `name` is the learner's; `open` says whether a person unfolded this row before, `onFold` hears when one does. */
  constructor(name, response, index, { labels, open, onFold }) {
    Object.assign(this, { labels, open, response, onFold });
    this.chips = response.position.map((position, i) => this.#chip({ learner: name, sample: response.sample, position }, i));
    this.inner = this.chips.length
      ? el("div", { class: "chips" }, this.chips, response.truncated ? this.#cutOff() : null)
      : el("div", { class: "said" }, this.#credit(), inLines(response.text), response.truncated ? this.#cutOff() : null);
    this.clip = el("div", { class: "clip" }, this.inner);
    this.buttonText = el("span");
    this.button = el("button", { type: "button", class: "quiet more", hidden: true, onclick: () => this.#toggle() },
      el("span", { class: "unseen", text: `${fill(labels.response_n, { n: index + 1 })} ` }), this.buttonText);
    this.root = el("div", { class: "strip" }, this.#verdict(index), el("div", { class: "cell" }, this.clip, this.button));
  }

  /** Reads how long the row is; apart from `fold`, so that many rows are laid out once. */
  measure() {
    this.long = this.inner.offsetHeight > MOST + SLACK;
  }

  fold() {
    const folded = this.long && !this.open;
    this.clip.classList.toggle("folded", folded);
    this.button.hidden = !this.long;
    attr(this.button, "aria-expanded", !folded);
    const { labels } = this;
    const all = this.chips.length ? fill(labels.show_all, { n: this.chips.length }) : labels.show_whole;
    say(this.buttonText, folded ? all : labels.show_less);
  }

  /** Unfolds the row if this chip would be out of sight. */
  reveal(chip) {
    if (!this.clip.classList.contains("folded") || chip.offsetTop < MOST - 5) return;
    this.open = true;
    this.fold();
  }

  #toggle() {
    this.open = !this.open;
    this.fold();
    this.onFold(this.open);
  }

  #chip(token, i) {
    const { text, size } = chipText(this.response.token[i]);
    const chip = el("button", { type: "button", class: "t", tabindex: -1, text });
    return Object.assign(chip, { token, size, response: this.response, at: i });
  }

  /** Where no tokens were kept, what the whole response was credited with, if that follows from the rewards. */
  #credit() {
    const { credit } = this.response;
    return isNumber(credit) ? el("span", { class: "credit num", text: fill(this.labels.credit_is, { value: signed(credit, 2) }) }) : null;
  }

  #cutOff() {
    return el("span", { class: "cut", text: this.labels.cut_off, title: this.labels.cut_off_help });
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
