// Play, pause and a slider over what goes by, such as passes; the keyboard goes from one to the next, the pointer anywhere
// between.

import { attr, el, say } from "./dom.js";

/**
 * @typedef {object} Wishes
 * @property {() => void} onPlay play or pause
 * @property {(at: number) => void} onGo so much has gone by
 */

export class Player {
  #at = 0;

  /**
   * @param {string} name for tests
   * @param {Wishes} wishes
   */
  constructor(name, { onPlay, onGo }) {
    this.onPlay = onPlay;
    this.onGo = onGo;
    this.play = el("button", { type: "button", class: "play", onclick: onPlay, data: { testid: `${name}-play` } });
    this.scrub = el("input", { type: "range", min: 0, step: 0.01, value: 0, data: { testid: `${name}-scrub` } });
    this.scrub.oninput = () => onGo(Number(this.scrub.value));
    this.scrub.onkeydown = (event) => this.#keys(event);
    this.says = el("p", { class: "says", "aria-live": "polite" });
    this.root = el("div", { class: "player" }, el("div", { class: "row" }, this.play, this.scrub), this.says);
  }

  /** @param {number} last @param {Record<string, string>} words */
  draw(last, words) {
    attr(this.scrub, "max", last);
    attr(this.scrub, "aria-label", words.scrub);
  }

  /**
   * @param {number} at
   * @param {boolean} isPlaying
   * @param {string} says where that is, in words
   * @param {Record<string, string>} words
   */
  show(at, isPlaying, says, words) {
    this.#at = at;
    if (Math.abs(Number(this.scrub.value) - at) > 1e-3) this.scrub.value = String(at);
    say(this.play, isPlaying ? "❚❚" : "▶");
    attr(this.play, "aria-label", isPlaying ? words.pause : words.play);
    attr(this.play, "title", isPlaying ? words.pause : words.play);
    attr(this.scrub, "aria-valuetext", says);
    say(this.says, says);
  }

  /** @param {KeyboardEvent} event */
  #keys(event) {
    const [back, on] = [Math.ceil(this.#at) - 1, Math.floor(this.#at) + 1];
    /** @type {Record<string, () => void>} */
    const does = {
      ArrowRight: () => this.onGo(on),
      ArrowUp: () => this.onGo(on),
      ArrowLeft: () => this.onGo(back),
      ArrowDown: () => this.onGo(back),
      " ": this.onPlay,
    };
    if (!(event.key in does)) return;
    event.preventDefault();
    does[event.key]();
  }
}
