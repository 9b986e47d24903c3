// Controls of what plays: play or pause, one stop back and on, where one is, how fast.

import { attr, el, say } from "./dom.js";

const SPEEDS = [0.5, 1, 2];

/**
 * @typedef {object} PlayWishes
 * @property {() => void} onPlay play or pause
 * @property {() => void} onNext to the end of the next station
 * @property {() => void} onBack
 * @property {(position: number) => void} onScrub
 * @property {(way: 1 | -1) => void} onBeat one token, or one response, on or back
 */

export class Playing {
  /**
   * @param {string} name of what plays, before each part's test id
   * @param {PlayWishes} wishes
   */
  constructor(name, wishes) {
    this.play = button("play", wishes.onPlay);
    this.play.dataset.testid = `${name}-play`;
    this.back = button("step", wishes.onBack);
    this.next = button("step", wishes.onNext);
    say(this.back, "◂");
    say(this.next, "▸");
    this.scrub = slider(`${name}-scrub`);
    this.scrub.oninput = () => wishes.onScrub(Number(this.scrub.value));
    this.scrub.onkeydown = (event) => keys(event, wishes);
    this.speed = el("select", {});
    const speed = el("span", { class: "speed" }, this.speed);
    this.root = el("div", { class: "walk" }, this.play, this.back, this.scrub, this.next, speed);
  }

  /** How many times as fast as at first. */
  get pace() {
    return Number(this.speed.value) || 1;
  }

  /** @param {Record<string, string>} words @param {number} end the last position */
  draw(words, end) {
    attr(this.scrub, "max", end);
    label(this.back, words.back);
    label(this.next, words.next);
    attr(this.scrub, "aria-label", words.scrub);
    attr(this.speed, "aria-label", words.speed);
    if (!this.speed.options.length) {
      this.speed.append(...SPEEDS.map((x) => el("option", { value: x, text: `${x}×` })));
      this.speed.value = "1";
    }
  }

  /**
   * @param {{ position: number, isPlaying: boolean, says: string }} state `says`: where one is, in words
   * @param {Record<string, string>} words
   */
  show({ position, isPlaying, says }, words) {
    set(this.scrub, position);
    attr(this.scrub, "aria-valuetext", says);
    this.back.disabled = position <= 0;
    this.next.disabled = position >= Number(this.scrub.max);
    say(this.play, isPlaying ? "❚❚" : "▶");
    label(this.play, isPlaying ? words.pause : words.play);
  }
}

/** @param {KeyboardEvent} event @param {PlayWishes} wishes */
function keys(event, wishes) {
  /** @type {Record<string, () => void>} */
  const known = {
    ArrowRight: () => wishes.onBeat(1),
    ArrowUp: () => wishes.onBeat(1),
    ArrowLeft: () => wishes.onBeat(-1),
    ArrowDown: () => wishes.onBeat(-1),
    PageUp: wishes.onNext,
    PageDown: wishes.onBack,
  };
  const wish = known[event.key];
  if (!wish) return;
  event.preventDefault();
  wish();
}

/** @param {HTMLInputElement} range @param {number} value */
export function set(range, value) {
  if (Math.abs(Number(range.value) - value) > 1e-4) range.value = String(value);
}

/** @param {HTMLElement} node @param {string} text */
function label(node, text) {
  attr(node, "aria-label", text);
  attr(node, "title", text);
}

/** @param {string} name @param {() => void} onclick */
export const button = (name, onclick) => el("button", { type: "button", class: name, onclick });

/** @param {string} testid @param {number} [max] */
export const slider = (testid, max = 1) =>
  el("input", { type: "range", min: 0, max, step: 0.001, value: 0, data: { testid } });
