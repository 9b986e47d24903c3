// The timeline: go to any finished step while the run goes on, play through it, or follow it live.

import { attr, el, say } from "./dom.js";
import { fill } from "./format.js";

/** @import { Labels } from "./labels.js" */

const BEAT = 550; // milliseconds a step while playing

export class Timeline {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #playing;
  /** @type {number[]} the kept steps, in order */
  steps = [];
  /** @type {number | null} the shown one */
  step = null;

  /** @param {{ labels: Labels, onGo: (step: number) => void }} options */
  constructor({ labels, onGo }) {
    this.labels = labels;
    this.onGo = onGo;
    this.range = el("input", {
      type: "range",
      min: 0,
      max: 0,
      value: 0,
      "aria-label": labels.timeline,
      data: { testid: "timeline" },
    });
    this.range.oninput = () => this.#go(Number(this.range.value));
    this.back = button("◂", labels.previous_step, () => this.#go(this.#at() - 1));
    this.forth = button("▸", labels.next_step, () => this.#go(this.#at() + 1));
    this.play = button("▶", labels.play, () => (this.#playing === undefined ? this.#start() : this.stop()));
    this.play.dataset.testid = "play";
    this.root = el("div", { class: "timeline" }, this.play, this.back, this.range, this.forth);
  }

  /**
   * @param {number[]} steps the kept steps, in order
   * @param {number | null} step the shown one
   */
  draw(steps, step) {
    this.steps = steps;
    this.step = step;
    attr(this.range, "max", Math.max(0, steps.length - 1));
    const at = String(Math.max(0, this.#at()));
    if (this.range.value !== at) this.range.value = at;
    this.range.disabled = steps.length < 2;
    const words = step === null ? this.labels.no_step_yet : fill(this.labels.step_n, { step: step + 1 });
    attr(this.range, "aria-valuetext", words);
    this.back.disabled = this.#at() <= 0;
    this.forth.disabled = this.#at() >= steps.length - 1;
    this.play.disabled = steps.length < 2;
  }

  #at() {
    return this.step === null ? -1 : this.steps.indexOf(this.step);
  }

  /** @param {number} at */
  #go(at) {
    this.stop();
    if (this.steps[at] !== undefined) this.onGo(this.steps[at]);
  }

  /** From the shown step on (from the first, if it is the last), a step about every half second. */
  #start() {
    const next = () => {
      const at = this.#at() + 1;
      if (at >= this.steps.length) return this.stop();
      this.onGo(this.steps[at]);
      this.#playing = setTimeout(next, BEAT);
    };
    if (this.#at() === this.steps.length - 1) this.onGo(this.steps[0]);
    this.#playing = setTimeout(next, BEAT);
    this.#label();
  }

  stop() {
    clearTimeout(this.#playing);
    this.#playing = undefined;
    this.#label();
  }

  #label() {
    const playing = this.#playing !== undefined;
    const label = playing ? this.labels.play_stop : this.labels.play;
    say(this.play, playing ? "❚❚" : "▶");
    attr(this.play, "aria-label", label);
    attr(this.play, "title", label);
  }
}

/** @type {(text: string, label: string, onclick: () => void) => HTMLButtonElement} */
const button = (text, label, onclick) =>
  el("button", { type: "button", text, title: label, "aria-label": label, onclick });
