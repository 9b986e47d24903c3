// The timeline: go to any finished step while the run goes on, play through it, or follow it live.

import { attr, el, say } from "./dom.js";
import { fill } from "./format.js";

export class Timeline {
  #playing = null;

  constructor({ labels, onGo }) {
    Object.assign(this, { labels, onGo });
    const button = (text, label, onclick) => el("button", { type: "button", text, title: label, "aria-label": label, onclick });
    this.range = el("input", { type: "range", min: 0, max: 0, value: 0, "aria-label": labels.timeline, data: { testid: "timeline" } });
    this.range.oninput = () => this.#go(Number(this.range.value));
    this.back = button("◂", labels.previous_step, () => this.#go(this.#at() - 1));
    this.forth = button("▸", labels.next_step, () => this.#go(this.#at() + 1));
    this.play = button("▶", labels.play, () => (this.#playing ? this.stop() : this.#start()));
    this.play.dataset.testid = "play";
    this.root = el("div", { class: "timeline" }, this.play, this.back, this.range, this.forth);
  }

  /** `steps` are the kept steps in order, `step` the shown one. */
  draw(steps, step) {
    Object.assign(this, { steps, step });
    attr(this.range, "max", Math.max(0, steps.length - 1));
    const at = String(Math.max(0, this.#at()));
    if (this.range.value !== at) this.range.value = at;
    this.range.disabled = steps.length < 2;
    this.range.setAttribute("aria-valuetext", step === null ? this.labels.no_step_yet : fill(this.labels.step_n, { step: step + 1 }));
    this.back.disabled = this.#at() <= 0;
    this.forth.disabled = this.#at() >= steps.length - 1;
    this.play.disabled = steps.length < 2;
  }

  #at() {
    return this.steps.indexOf(this.step);
  }

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
      this.#playing = setTimeout(next, 550);
    };
    if (this.#at() === this.steps.length - 1) this.onGo(this.steps[0]);
    this.#playing = setTimeout(next, 550);
    this.#label();
  }

  stop() {
    clearTimeout(this.#playing);
    this.#playing = null;
    this.#label();
  }

  #label() {
    const label = this.#playing ? this.labels.play_stop : this.labels.play;
    say(this.play, this.#playing ? "❚❚" : "▶");
    attr(this.play, "aria-label", label);
    attr(this.play, "title", label);
  }
}
