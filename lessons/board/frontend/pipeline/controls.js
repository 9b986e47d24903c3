// The pipeline's controls: play, station by station, scrub, speed; and the slider that turns one learner into the other.

import { attr, el, say } from "../dom.js";
import { button, set, slider } from "../player.js";

/** @import { Playback } from "../playback.js" */
/** @import { Mode, Sent } from "./types.js" */

/**
 * @typedef {object} MorphWishes
 * @property {(morph: number) => void} onMorph the slider was moved
 * @property {(mode: Mode) => void} onMode one of the two was chosen
 */

export class Controls {
  /**
   * @param {Playback} playback
   * @param {MorphWishes} wishes
   */
  constructor(playback, wishes) {
    this.morph = slider("pipeline-morph");
    this.morph.oninput = () => wishes.onMorph(Number(this.morph.value));
    this.ppo = button("mode ppo", () => wishes.onMode("ppo"));
    this.grpo = button("mode grpo", () => wishes.onMode("grpo"));
    this.morphing = el("div", { class: "morphing", role: "group" }, this.ppo, this.morph, this.grpo);
    this.root = el("div", { class: "controls" }, this.morphing, playback.root);
  }

  /** @param {Sent} sent */
  draw({ words, names }) {
    attr(this.morph, "aria-label", words.morph);
    attr(this.morphing, "aria-label", words.morph);
    say(this.ppo, names.ppo);
    say(this.grpo, names.grpo);
  }

  /**
   * @param {number} morph
   * @param {Mode} mode
   * @param {string} both whose pipeline it is just now, in words
   */
  show(morph, mode, both) {
    set(this.morph, morph);
    attr(this.morph, "aria-valuetext", both);
    attr(this.ppo, "aria-pressed", mode === "ppo");
    attr(this.grpo, "aria-pressed", mode === "grpo");
  }
}
