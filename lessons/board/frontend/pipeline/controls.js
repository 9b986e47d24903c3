// The pipeline's controls: play, station by station, scrub, speed; and the slider that turns one learner into the other.

import { attr, el, say } from "../dom.js";
import { END } from "./stations.js";

/** @import { Mode, Sent } from "./types.js" */

const SPEEDS = [0.5, 1, 2];

/**
 * @typedef {object} Wishes
 * @property {() => void} onPlay play or pause
 * @property {() => void} onNext to the end of the next station
 * @property {() => void} onBack
 * @property {(position: number) => void} onScrub
 * @property {(way: 1 | -1) => void} onBeat one token, or one response, on or back
 * @property {(morph: number) => void} onMorph the slider was moved
 * @property {(mode: Mode) => void} onMode one of the two was chosen
 */

export class Controls {
  /** @param {Wishes} wishes */
  constructor(wishes) {
    this.play = button("play", wishes.onPlay);
    this.play.dataset.testid = "pipeline-play";
    this.back = button("step", wishes.onBack);
    this.next = button("step", wishes.onNext);
    say(this.back, "◂");
    say(this.next, "▸");
    this.scrub = slider("pipeline-scrub", END);
    this.scrub.oninput = () => wishes.onScrub(Number(this.scrub.value));
    this.scrub.onkeydown = (event) => this.#keys(event, wishes);
    this.speed = el("select", {});
    this.speedLabel = el("label", { class: "unseen" });
    const speed = el("span", { class: "speed" }, this.speed);
    this.morph = slider("pipeline-morph", 1);
    this.morph.oninput = () => wishes.onMorph(Number(this.morph.value));
    this.ppo = button("mode ppo", () => wishes.onMode("ppo"));
    this.grpo = button("mode grpo", () => wishes.onMode("grpo"));
    const morphing = el("div", { class: "morphing", role: "group" }, this.ppo, this.morph, this.grpo);
    this.morphing = morphing;
    const walk = el("div", { class: "walk" }, this.play, this.back, this.scrub, this.next, speed);
    this.root = el("div", { class: "controls" }, morphing, walk);
  }

  /** How many times as fast as at first. */
  get pace() {
    return Number(this.speed.value) || 1;
  }

  /** @param {Sent} sent */
  draw({ words, names }) {
    label(this.back, words.back);
    label(this.next, words.next);
    attr(this.scrub, "aria-label", words.scrub);
    attr(this.morph, "aria-label", words.morph);
    attr(this.morphing, "aria-label", words.morph);
    attr(this.speed, "aria-label", words.speed);
    say(this.ppo, names.ppo);
    say(this.grpo, names.grpo);
    if (!this.speed.options.length) {
      this.speed.append(...SPEEDS.map((x) => el("option", { value: x, text: `${x}×` })));
      this.speed.value = "1";
    }
  }

  /**
   * @param {{ position: number, morph: number, mode: Mode, isPlaying: boolean, says: string, both: string }} state `says`:
   *   where one is, in words; `both`: whose pipeline it is just now
   * @param {Record<string, string>} words
   */
  show({ position, morph, mode, isPlaying, says, both }, words) {
    set(this.scrub, position);
    set(this.morph, morph);
    attr(this.scrub, "aria-valuetext", says);
    attr(this.morph, "aria-valuetext", both);
    attr(this.ppo, "aria-pressed", mode === "ppo");
    attr(this.grpo, "aria-pressed", mode === "grpo");
    this.back.disabled = position <= 0;
    this.next.disabled = position >= END;
    say(this.play, isPlaying ? "❚❚" : "▶");
    label(this.play, isPlaying ? words.pause : words.play);
  }

  /** @param {KeyboardEvent} event @param {Wishes} wishes */
  #keys(event, wishes) {
    /** @type {Record<string, () => void>} */
    const keys = {
      ArrowRight: () => wishes.onBeat(1),
      ArrowUp: () => wishes.onBeat(1),
      ArrowLeft: () => wishes.onBeat(-1),
      ArrowDown: () => wishes.onBeat(-1),
      PageUp: wishes.onNext,
      PageDown: wishes.onBack,
    };
    const wish = keys[event.key];
    if (!wish) return;
    event.preventDefault();
    wish();
  }
}

/** @param {HTMLInputElement} range @param {number} value */
function set(range, value) {
  if (Math.abs(Number(range.value) - value) > 1e-4) range.value = String(value);
}

/** @param {HTMLElement} node @param {string} text */
function label(node, text) {
  attr(node, "aria-label", text);
  attr(node, "title", text);
}

/** @param {string} name @param {() => void} onclick */
const button = (name, onclick) => el("button", { type: "button", class: name, onclick });

/** @param {string} testid @param {number} max */
const slider = (testid, max) => el("input", { type: "range", min: 0, max, step: 0.001, value: 0, data: { testid } });
