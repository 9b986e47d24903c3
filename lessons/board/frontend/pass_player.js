// Plays a step's update passes, from before the first to after the last: play, pause, a pass at a time, or dragged.

import { attr, el, say } from "./dom.js";
import { fill } from "./format.js";

/** @import { Labels } from "./types.js" */

const BEAT = 1800; // milliseconds a pass
const DRAGGED = 0.01; // of a pass: how finely it can be dragged

/**
 * Where playing has come to: a pass drifts slowly at first and at its end, so that each is seen as one.
 * @param {number} elapsed milliseconds
 * @param {number} from the pass where it began
 * @param {number} last
 */
export function momentAt(elapsed, from, last) {
  const passed = Math.min(from + elapsed / BEAT, last);
  const pass = Math.floor(passed);
  const part = passed - pass;
  return pass + part * part * (3 - 2 * part);
}

export class PassPlayer {
  #last = 0;
  #pass = 0;
  /** @type {number | null} while it plays, what ends it */
  #frame = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #what = "";

  /**
   * @param {object} options
   * @param {Labels} options.labels
   * @param {(moment: number | null) => void} options.onMoment where the points are; null: at the pass on show
   * @param {(pass: number) => void} options.onPass a pass is reached
   * @param {(pass: number) => string} options.says what is to be known of a pass
   * @param {() => boolean} [options.still] whether a person wants nothing to move by itself: then it steps
   */
  constructor({ labels, onMoment, onPass, says, still = prefersStill }) {
    this.labels = labels;
    this.onMoment = onMoment;
    this.onPass = onPass;
    this.says = says;
    this.still = still;
    this.play = button("▶", labels.play_passes, () => (this.playing ? this.stop() : this.#start()));
    this.play.dataset.testid = "play-passes";
    this.back = button("◂", labels.previous_pass, () => this.#go(this.#pass - 1));
    this.forth = button("▸", labels.next_pass, () => this.#go(this.#pass + 1));
    const range = { type: "range", min: 0, max: 1, step: DRAGGED, "aria-label": labels.pass };
    this.range = el("input", { ...range, data: { testid: "scrub-passes" } });
    this.range.oninput = () => this.#drag(Number(this.range.value));
    this.range.onchange = () => this.#go(Math.round(Number(this.range.value)));
    this.range.onkeydown = (event) => this.#key(event);
    this.text = el("span", { class: "note", role: "status", data: { testid: "pass-says" } });
    this.root = el("div", { class: "timeline player" }, this.back, this.play, this.forth, this.range, this.text);
  }

  get playing() {
    return this.#frame !== null || this.#timer !== undefined;
  }

  /**
   * @param {number} pass the one on show
   * @param {number} last
   * @param {unknown} what another step, or other learners, end what is played
   */
  draw(pass, last, what) {
    const shown = String(what);
    if (shown !== this.#what) this.#halt();
    this.#what = shown;
    this.#pass = pass;
    this.#last = last;
    attr(this.range, "max", last);
    this.root.hidden = last < 1;
    if (!this.playing) this.range.value = String(pass);
    this.#label();
  }

  #start() {
    if (this.#pass >= this.#last) this.#reach(0);
    if (this.still()) return this.#step();
    const from = this.#pass;
    /** @type {number | null} */
    let begun = null;
    const draw = (/** @type {number} */ now) => {
      begun ??= now;
      const moment = momentAt(now - begun, from, this.#last);
      this.range.value = String(moment);
      this.onMoment(moment);
      const pass = Math.floor(moment);
      if (pass > this.#pass) this.#reach(pass);
      if (moment >= this.#last) return this.stop();
      this.#frame = requestAnimationFrame(draw);
    };
    this.#frame = requestAnimationFrame(draw);
    this.#label();
  }

  /** A pass at a time, where nothing is to move by itself. */
  #step() {
    this.#timer = setTimeout(() => {
      this.#reach(this.#pass + 1);
      if (this.#pass < this.#last) this.#step();
      else this.stop();
    }, BEAT);
    this.#label();
  }

  /** @param {number} pass */
  #reach(pass) {
    this.#pass = pass;
    this.onPass(pass);
    this.#label();
  }

  /** @param {number} pass */
  #go(pass) {
    this.#halt();
    this.#reach(Math.min(this.#last, Math.max(0, pass)));
    this.range.value = String(this.#pass);
  }

  /** @param {number} moment */
  #drag(moment) {
    this.#halt();
    this.range.value = String(moment);
    this.onMoment(moment);
  }

  /** Arrow keys go from pass to pass, not by hundredths. @param {KeyboardEvent} event */
  #key(event) {
    const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, Home: -Infinity, End: Infinity }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    this.#go(this.#pass + by);
  }

  /** Ends what is played, and shows the pass that was reached. */
  stop() {
    this.#halt();
    this.range.value = String(this.#pass);
    this.#label();
  }

  #halt() {
    if (this.#frame !== null) cancelAnimationFrame(this.#frame);
    clearTimeout(this.#timer);
    this.#frame = null;
    this.#timer = undefined;
    this.onMoment(null);
  }

  #label() {
    const { labels, playing } = this;
    const label = playing ? labels.play_stop : labels.play_passes;
    say(this.play, playing ? "❚❚" : "▶");
    attr(this.play, "aria-label", label);
    attr(this.play, "title", label);
    this.back.disabled = this.#pass <= 0;
    this.forth.disabled = this.#pass >= this.#last;
    const place = fill(labels.pass_of, { pass: this.#pass, passes: this.#last });
    const text = fill(labels.playing_says, { place, says: this.says(this.#pass) });
    say(this.text, text);
    attr(this.range, "aria-valuetext", text);
    this.root.dataset.pass = String(this.#pass);
    this.root.dataset.playing = String(playing);
  }
}

const prefersStill = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;

/** @type {(text: string, label: string, onclick: () => void) => HTMLButtonElement} */
const button = (text, label, onclick) =>
  el("button", { type: "button", text, title: label, "aria-label": label, onclick });
