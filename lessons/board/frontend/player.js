// The controls of whatever plays: play or pause and a slider over what goes by; where wanted, buttons to the stops before
// and after, a choice of speeds, and a line that says where one is. What plays, and its clock: playback.js.

import { attr, el, say } from "./dom.js";

const SPEEDS = [0.5, 1, 2];

/**
 * @typedef {object} Wishes
 * @property {() => void} onPlay play or pause
 * @property {(at: number) => void} onGo so much has gone by
 * @property {(at: number) => void} [onDrag] the slider is dragged there; without it, as `onGo`
 * @property {(at: number) => void} [onDrop] the slider was let go there
 * @property {(way: 1 | -1) => void} [onStop] to the next stop or the one before; with it there are buttons
 * @property {(way: 1 | -1) => void} [onBeat] what an arrow key does; without it, the whole number before or after
 */
/**
 * `grain`: how finely the slider can be dragged.
 * @typedef {{ hasSpeeds?: boolean, hasText?: boolean, grain?: number }} Form
 */

export class Player {
  #at = 0;

  /**
   * @param {string} name for tests
   * @param {Wishes & Form} options
   */
  constructor(name, options) {
    const { onPlay, onGo, onDrag = onGo, onDrop, onStop, onBeat } = options;
    const { hasSpeeds = false, hasText = true, grain = 0.01 } = options;
    this.onPlay = onPlay;
    this.onGo = onGo;
    this.onStop = onStop;
    this.onBeat = onBeat;
    this.play = button("play", onPlay);
    this.play.dataset.testid = `${name}-play`;
    this.back = button("step", () => onStop?.(-1));
    this.next = button("step", () => onStop?.(1));
    say(this.back, "◂");
    say(this.next, "▸");
    this.scrub = slider(`${name}-scrub`, grain);
    this.scrub.oninput = () => onDrag(Number(this.scrub.value));
    if (onDrop) this.scrub.onchange = () => onDrop(Number(this.scrub.value));
    this.scrub.onkeydown = (event) => this.#keys(event);
    this.speed = el("select", {});
    this.says = el("p", { class: "says", "aria-live": "polite", data: { testid: `${name}-says` } });
    const [back, next] = onStop ? [this.back, this.next] : [];
    const speed = hasSpeeds ? el("span", { class: "speed" }, this.speed) : null;
    const walk = el("div", { class: "walk" }, this.play, back ?? null, this.scrub, next ?? null, speed);
    this.walk = walk;
    walk.style.visibility = "hidden"; // until its buttons have names: a button that says nothing is none
    this.root = el("div", { class: "player" }, walk, hasText ? this.says : null);
  }

  /** How many times as fast as at first. */
  get pace() {
    return Number(this.speed.value) || 1;
  }

  /** @param {number} last @param {Record<string, string>} words */
  draw(last, words) {
    attr(this.scrub, "max", last);
    attr(this.scrub, "aria-label", words.scrub);
    label(this.back, words.back);
    label(this.next, words.next);
    attr(this.speed, "aria-label", words.speed);
    if (this.speed.options.length) return;
    this.speed.append(...SPEEDS.map((x) => el("option", { value: x, text: `${x}×` })));
    this.speed.value = "1";
  }

  /**
   * @param {number} at
   * @param {boolean} isPlaying
   * @param {string} says where that is, in words
   * @param {Record<string, string>} words
   */
  show(at, isPlaying, says, words) {
    this.#at = at;
    set(this.scrub, at);
    attr(this.scrub, "aria-valuetext", says);
    this.back.disabled = at <= 0;
    this.next.disabled = at >= Number(this.scrub.max);
    say(this.play, isPlaying ? "❚❚" : "▶");
    label(this.play, isPlaying ? words.pause : words.play);
    say(this.says, says);
    this.walk.style.visibility = "";
  }

  /** @param {KeyboardEvent} event */
  #keys(event) {
    const beat = (/** @type {1 | -1} */ way) => () =>
      this.onBeat ? this.onBeat(way) : this.onGo(way > 0 ? Math.floor(this.#at) + 1 : Math.ceil(this.#at) - 1);
    const stop = (/** @type {1 | -1} */ way) => (this.onStop ? () => this.onStop?.(way) : undefined);
    /** @type {Record<string, (() => void) | undefined>} */
    const does = {
      ArrowRight: beat(1),
      ArrowUp: beat(1),
      ArrowLeft: beat(-1),
      ArrowDown: beat(-1),
      PageUp: stop(1),
      PageDown: stop(-1),
      Home: () => this.onGo(0),
      End: () => this.onGo(Number(this.scrub.max)),
      " ": this.onPlay,
    };
    const wish = does[event.key];
    if (!wish) return;
    event.preventDefault();
    wish();
  }
}

/** @param {HTMLInputElement} range @param {number} value */
export function set(range, value) {
  if (Number(range.value) !== value) range.value = String(value);
}

/** @param {HTMLElement} node @param {string | undefined} text */
function label(node, text = "") {
  attr(node, "aria-label", text);
  attr(node, "title", text);
}

/** @param {string} name @param {() => void} onclick */
export const button = (name, onclick) => el("button", { type: "button", class: name, onclick });

/** @param {string} testid @param {number} [grain] */
export const slider = (testid, grain = 0.001) =>
  el("input", { type: "range", min: 0, max: 1, step: grain, value: 0, data: { testid } });
