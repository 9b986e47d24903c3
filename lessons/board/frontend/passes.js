// A step's update passes, played: points drift from before the first to after the last.

import { fill } from "./format.js";
import { Playback } from "./playback.js";

/** @import { Labels } from "./labels.js" */

const SECONDS = 1.8; // a pass

/**
 * A pass drifts slowly at first and at its end, so that each is seen as one.
 * @param {number} at passes that have gone by
 */
export function eased(at) {
  const part = at - Math.floor(at);
  return Math.floor(at) + part * part * (3 - 2 * part);
}

export class Passes {
  #last = 0;
  #pass = 0;
  #what = "";
  #text = "";

  /**
   * @param {object} options
   * @param {Labels} options.labels
   * @param {(moment: number | null) => void} options.onMoment where the points are; null: at the pass on show
   * @param {(pass: number) => void} options.onPass a pass is reached
   * @param {(pass: number) => string} options.says what is to be known of a pass
   * @param {() => boolean} [options.isStill] whether nothing is to move by itself: then it steps
   */
  constructor({ labels, onMoment, onPass, says, isStill }) {
    this.labels = labels;
    this.onMoment = onMoment;
    this.onPass = onPass;
    this.says = says;
    this.playback = new Playback("passes", {
      onMove: (isSet) => this.#moved(isSet),
      later: (at, seconds) => at + seconds / SECONDS,
      hasStops: true,
      isWhole: true,
      rest: 1000 * SECONDS,
      isStill,
    });
    this.root = this.playback.root;
    this.words = {
      play: labels.play_passes,
      pause: labels.play_stop,
      back: labels.previous_pass,
      next: labels.next_pass,
      scrub: labels.pass,
    };
  }

  /**
   * @param {number} pass the one on show
   * @param {number} last
   * @param {unknown} what another step, or other learners, end what is played
   */
  draw(pass, last, what) {
    const shown = String(what);
    if (shown !== this.#what) this.stop();
    this.#what = shown;
    this.#pass = pass;
    this.#last = last;
    this.root.hidden = last < 1;
    if (!this.playback.isPlaying) this.playback.at = pass;
    this.playback.draw(last, this.words);
    this.#read();
    this.#show();
  }

  /** Ends what is played, at the pass that was reached. */
  stop() {
    this.playback.halt(this.#pass);
    this.onMoment(null);
    this.#show();
  }

  close() {
    this.stop();
    this.playback.close();
  }

  /** @param {boolean} isSet */
  #moved(isSet) {
    const { at, isPlaying, isDragged } = this.playback;
    const isBetween = isPlaying && !this.playback.isStill();
    this.onMoment(isDragged ? at : isBetween ? eased(at) : null);
    const pass = Math.floor(at);
    if (!isDragged && (isSet || pass !== this.#pass)) {
      this.#pass = pass;
      this.onPass(pass);
      this.#read();
    }
    this.#show();
  }

  /** What is to be known of the pass that was reached. */
  #read() {
    const place = fill(this.labels.pass_of, { pass: this.#pass, passes: this.#last });
    this.#text = fill(this.labels.playing_says, { place, says: this.says(this.#pass) });
  }

  #show() {
    this.playback.show(this.#text, this.words);
    Object.assign(this.root.dataset, { pass: String(this.#pass), playing: String(this.playback.isPlaying) });
  }
}
