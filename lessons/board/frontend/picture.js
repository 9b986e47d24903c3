// A picture that plays: so much of it has gone by, from nothing to all. It stands complete until somebody presses play,
// and moves by itself at no other time; for whoever prefers less motion it goes on in a dozen steps.

import { attr, el, say } from "./dom.js";
import { Playback } from "./playback.js";

const STEPS = 12; // from nothing to all, where nothing is to move

/**
 * What a picture is drawn from: `alt` says in a sentence what is to be seen once all has gone by.
 * @typedef {{ alt: string, words: Record<string, string> }} Shown
 */

/** @template {Shown} S */
export class Picture {
  /** @type {S | null} */
  #sent = null;
  #text = "";
  /** @type {HTMLElement[]} */
  #values = [];
  #width = 0;
  #painted = NaN; // what had gone by when it was last painted

  /**
   * @param {HTMLElement} root
   * @param {string} name before its test ids
   */
  constructor(root, name) {
    this.playback = new Playback(name, {
      onMove: () => this.#paint(),
      later: (at, seconds) => at + (seconds * this.#last) / this.#seconds,
      onward: (at) => Math.floor(at) + Math.ceil(this.#last / STEPS),
      settled: Math.round,
    });
    this.title = el("h3");
    this.figure = el("div", { class: "figure", role: "img" });
    this.figure.onclick = (event) => this.#point(event.target);
    this.keys = el("dl", { class: "keys" });
    this.root = el("div", { class: `picture ${name}-picture` }, this.title, this.keys, this.figure, this.playback.root);
    root.append(this.root);
    this.sizes = new ResizeObserver(() => this.#resized());
    this.sizes.observe(this.root);
    this.playback.watch(this.root);
  }

  get #last() {
    return this.#sent ? this.lastOf(this.#sent) : 0;
  }

  get #seconds() {
    return this.#sent ? this.secondsOf(this.#sent) : 1;
  }

  /** What has gone by when all has. @param {S} _sent @returns {number} */
  lastOf(_sent) {
    throw new Error("a picture says how much of it there is");
  }

  /** Seconds from nothing to all. @param {S} _sent @returns {number} */
  secondsOf(_sent) {
    return 7;
  }

  /** Draws what does not move, for this width. @param {S} _sent @param {number} _width */
  layOut(_sent, _width) {}

  /** Draws what moves smoothly, at every frame. @param {S} _sent @param {number} _at */
  glide(_sent, _at) {}

  /** Draws what changes as one more has gone by. @param {S} _sent @param {number} _at a whole number */
  paint(_sent, _at) {}

  /** What has just gone by, in words. @param {S} _sent @param {number} _at @returns {string} */
  says(_sent, _at) {
    return "";
  }

  /** The same for who does not see the rest of the picture. @param {S} sent @param {number} at */
  spoken(sent, at) {
    return this.says(sent, at);
  }

  /** @param {S} sent */
  draw(sent) {
    const text = JSON.stringify(sent);
    if (text === this.#text) return;
    this.#text = text;
    this.#sent = sent;
    this.playback.halt(this.#last);
    attr(this.figure, "aria-label", sent.alt);
    this.playback.draw(this.#last, sent.words);
    this.#redraw();
  }

  close() {
    this.playback.close();
    this.sizes.disconnect();
  }

  /** @param {number} at */
  go(at) {
    if (this.#sent) this.playback.go(at);
  }

  /** What in the picture has `data-n` leads there. @param {EventTarget | null} target */
  #point(target) {
    const n = target instanceof Element ? target.closest("[data-n]")?.getAttribute("data-n") : null;
    if (n) this.go(Number(n));
  }

  #resized() {
    if (Math.abs(this.root.clientWidth - this.#width) > 2) this.#redraw();
  }

  #redraw() {
    if (!this.#sent) return;
    this.#width = this.root.clientWidth;
    this.layOut(this.#sent, Math.max(240, this.#width || 800));
    this.#painted = NaN;
    this.#paint();
  }

  #paint() {
    const sent = this.#sent;
    if (!sent) return;
    const { isPlaying, at: exactly } = this.playback;
    const at = Math.floor(exactly);
    this.glide(sent, exactly);
    if (at !== this.#painted) this.paint(sent, at);
    this.#painted = at;
    // Who listens is told where it stops, and not of all on the way.
    const says = isPlaying ? sent.words.playing : this.says(sent, at);
    this.playback.show(says, sent.words);
    if (!isPlaying) attr(this.playback.player.scrub, "aria-valuetext", this.spoken(sent, at));
    attr(this.root, "data-at", at);
    attr(this.root, "data-playing", isPlaying);
  }

  /**
   * The lines' names; `setValues` has what each has come to.
   * @param {{ name: string, line: Node }[]} keys
   */
  legend(keys) {
    this.#values = keys.map(() => el("dd", { class: "num" }));
    const parts = keys.map(({ name, line }, i) => el("div", {}, el("dt", {}, line, name), this.#values[i]));
    this.keys.replaceChildren(...parts);
  }

  /** @param {string[]} values in the order of the legend */
  setValues(values) {
    for (const [i, x] of values.entries()) say(this.#values[i], x);
  }
}
