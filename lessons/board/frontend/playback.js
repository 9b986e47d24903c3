// What plays, whatever it is: where it has come to, a clock that moves it on, and the controls for it. For whoever prefers
// less motion it goes from stop to stop; out of view it rests.

import { Clock } from "./pipeline/clock.js";
import { Player } from "./player.js";

/** @import { Form } from "./player.js" */

/**
 * @typedef {object} Course
 * @property {(isSet: boolean) => void} onMove draw it: it was set there (isSet), has come there, has begun or paused
 * @property {(at: number, seconds: number) => number} later where it is so many seconds on
 * @property {(at: number) => number} [onward] the next stop; without it, the next whole number
 * @property {(at: number) => number} [backward] the stop before
 * @property {(at: number, way: 1 | -1) => number} [beat] where an arrow key leads; without it, to a whole number
 * @property {boolean} [hasStops] with buttons for the stops
 * @property {boolean} [isWhole] it comes to rest at whole numbers alone
 * @property {(at: number) => number} [settled] where it comes to rest for what is between two stops
 * @property {(at: number) => boolean} [isOver] whether play begins anew; without it, at the end
 * @property {number} [rest] milliseconds that a stop stands where nothing is to move
 * @property {() => boolean} [isStill] whether nothing is to move; without it, what the browser says
 */

/** @param {number} at */
const after = (at) => Math.floor(at + 1e-9) + 1;
/** @param {number} at */
const before = (at) => Math.ceil(at - 1e-9) - 1;

/** What this browser's user prefers. */
function preference() {
  const reduced = globalThis.matchMedia?.("(prefers-reduced-motion: reduce)") ?? null;
  return () => reduced?.matches === true;
}

export class Playback {
  /** So much has gone by; between two whole numbers, too. */
  at = 0;
  /** The slider is in somebody's hand. */
  isDragged = false;
  #end = 0;
  /** @type {IntersectionObserver | null} */
  #views = null;

  /**
   * @param {string} name for tests
   * @param {Course & Form} course
   */
  constructor(name, course) {
    const { onMove, later, onward = after, backward = before, hasStops = false, rest, ...form } = course;
    const beat = course.beat ?? ((at, way) => (way > 0 ? after(at) : before(at)));
    this.onMove = onMove;
    this.isWhole = course.isWhole === true;
    this.settled = course.settled ?? ((at) => at);
    this.isOver = course.isOver ?? ((at) => at >= this.#end);
    this.isStill = course.isStill ?? preference();
    const frame = (/** @type {number} */ seconds) => this.#came(later(this.at, seconds * this.player.pace));
    this.clock = new Clock({ frame, step: () => this.#came(onward(this.at)), isStill: () => this.isStill(), rest });
    const onStop = (/** @type {1 | -1} */ way) => this.go(way > 0 ? onward(this.at) : backward(this.at));
    this.player = new Player(name, {
      ...form,
      onPlay: () => this.toggle(),
      onGo: (at) => this.go(at),
      onDrag: (at) => this.#drag(at),
      onDrop: (at) => this.#drop(at),
      onBeat: (way) => this.go(beat(this.at, way)),
      onStop: hasStops ? onStop : undefined,
    });
    this.root = this.player.root;
  }

  get isPlaying() {
    return this.clock.isRunning;
  }

  /** @param {number} end the last position @param {Record<string, string>} words */
  draw(end, words) {
    this.#end = end;
    this.player.draw(end, words);
  }

  /** @param {string} says where one is, in words @param {Record<string, string>} words */
  show(says, words) {
    this.player.show(this.at, this.isPlaying, says, words);
  }

  /** Plays on, from the beginning where it is at its end; or pauses. */
  toggle() {
    if (this.isPlaying) {
      this.clock.stop();
      this.at = this.isWhole ? Math.floor(this.at) : this.settled(this.at);
    } else {
      if (this.isOver(this.at)) this.at = 0;
      this.clock.start();
    }
    this.onMove(false);
  }

  /** Stops there. @param {number} at */
  go(at) {
    this.isDragged = false;
    this.#stopAt(this.settled(at));
  }

  /** Stops where it is, or at `at`, and draws nothing. @param {number} [at] */
  halt(at = this.at) {
    this.clock.stop();
    this.isDragged = false;
    this.at = at;
  }

  /**
   * Plays on only while this is in view; so do other clocks of the same picture.
   * @param {Element} root
   * @param {Clock[]} others
   */
  watch(root, ...others) {
    if (!globalThis.IntersectionObserver) return;
    this.#views = new IntersectionObserver((seen) => {
      for (const clock of [this.clock, ...others]) clock.see(seen.at(-1)?.isIntersecting !== false);
    });
    this.#views.observe(root);
  }

  close() {
    this.clock.stop();
    this.#views?.disconnect();
  }

  /** @param {number} at */
  #drag(at) {
    this.isDragged = this.isWhole;
    this.#stopAt(this.settled(at));
  }

  /** @param {number} at */
  #drop(at) {
    if (this.isDragged) this.go(Math.round(at));
  }

  /** @param {number} at */
  #stopAt(at) {
    this.clock.stop();
    this.at = Math.min(this.#end, Math.max(0, at));
    this.onMove(true);
  }

  /** @param {number} at */
  #came(at) {
    this.at = Math.min(this.#end, at);
    const goesOn = this.at < this.#end;
    if (!goesOn) this.clock.stop();
    this.onMove(false);
    return goesOn;
  }
}
