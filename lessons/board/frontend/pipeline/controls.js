// The pipeline's controls: play, station by station, scrub, speed; and the slider that turns one learner into the other.

import { attr, el, say } from "../dom.js";
import { button, Playing, set, slider } from "../playing.js";
import { END } from "./stations.js";

/** @import { PlayWishes } from "../playing.js" */
/** @import { Mode, Sent } from "./types.js" */

/**
 * @typedef {object} MorphWishes
 * @property {(morph: number) => void} onMorph the slider was moved
 * @property {(mode: Mode) => void} onMode one of the two was chosen
 */

export class Controls {
  /** @param {PlayWishes & MorphWishes} wishes */
  constructor(wishes) {
    this.playing = new Playing("pipeline", wishes);
    this.morph = slider("pipeline-morph");
    this.morph.oninput = () => wishes.onMorph(Number(this.morph.value));
    this.ppo = button("mode ppo", () => wishes.onMode("ppo"));
    this.grpo = button("mode grpo", () => wishes.onMode("grpo"));
    this.morphing = el("div", { class: "morphing", role: "group" }, this.ppo, this.morph, this.grpo);
    this.root = el("div", { class: "controls" }, this.morphing, this.playing.root);
  }

  /** How many times as fast as at first. */
  get pace() {
    return this.playing.pace;
  }

  /** @param {Sent} sent */
  draw({ words, names }) {
    this.playing.draw(words, END);
    attr(this.morph, "aria-label", words.morph);
    attr(this.morphing, "aria-label", words.morph);
    say(this.ppo, names.ppo);
    say(this.grpo, names.grpo);
  }

  /**
   * @param {{ position: number, morph: number, mode: Mode, isPlaying: boolean, says: string, both: string }} state `says`:
   *   where one is, in words; `both`: whose pipeline it is just now
   * @param {Record<string, string>} words
   */
  show({ position, morph, mode, isPlaying, says, both }, words) {
    this.playing.show({ position, isPlaying, says }, words);
    set(this.morph, morph);
    attr(this.morph, "aria-valuetext", both);
    attr(this.ppo, "aria-pressed", mode === "ppo");
    attr(this.grpo, "aria-pressed", mode === "grpo");
  }
}
