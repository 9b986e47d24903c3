// PPO's and GRPO's pipelines as one drawing: a real step's tokens flow through it, station by station, and a slider turns
// one learner into the other. All numbers come with the data once; while it plays, nobody is asked for anything.

import { el } from "../dom.js";
import { fill } from "../format.js";
import { Playback } from "../playback.js";
import { Batch } from "./batch.js";
import { lock } from "./boxes.js";
import { Clock } from "./clock.js";
import { Controls } from "./controls.js";
import { Drawing } from "./drawing.js";
import { Reading } from "./reading.js";
import { counted } from "./says.js";
import { backward, beats, END, later, onward, placeOf, STATIONS } from "./stations.js";

/** @import { Mode, Sent } from "./types.js" */

const MORPHING = 0.9; // seconds from one learner to the other

export class Pipeline {
  /** @type {Batch | null} */
  #batch = null;
  #sent = "";
  #morph = 0;
  /** Where the slider is going by itself. */
  #goal = 0;

  /** @param {{ root: HTMLElement, send: (event: string, value: unknown) => void }} options */
  constructor({ root, send }) {
    this.send = send;
    this.playback = new Playback("pipeline", {
      onMove: () => this.#paint(),
      later,
      onward,
      backward,
      beat: (at, way) => this.#beat(at, way),
      hasStops: true,
      hasSpeeds: true,
      hasText: false,
      grain: 0.001,
    });
    this.playback.at = END;
    this.morphing = new Clock({ frame: (s) => this.#turn(s), step: () => false, isStill: () => false });
    this.controls = new Controls(this.playback, {
      onMorph: (morph) => this.#become(morph),
      onMode: (mode) => this.#turnTo(mode),
    });
    this.drawing = new Drawing((key) => this.#pressed(key));
    this.reading = new Reading();
    this.legend = el("div", { class: "legend" });
    const { whose, announced, fold } = this.reading;
    const top = el("div", { class: "top" }, this.controls.root, whose, announced);
    const below = [this.reading.root, this.legend, fold];
    this.root = el("div", { class: "pipeline" }, top, this.drawing.root, below);
    this.root.onkeydown = (event) => this.#keys(event);
    root.append(this.root);
    this.playback.watch(this.root, this.morphing);
  }

  /**
   * @param {Sent} sent
   * @param {{ dark: boolean }} theme
   */
  draw(sent, { dark }) {
    const text = JSON.stringify([sent, dark]);
    if (text === this.#sent) return;
    if (!this.#batch) this.#morph = this.#goal = sent.start === "grpo" ? 1 : 0;
    this.#sent = text;
    this.#batch = new Batch(sent);
    this.root.style.setProperty("--ppo", `var(--learner-${sent.colours.ppo})`);
    this.root.style.setProperty("--grpo", `var(--learner-${sent.colours.grpo})`);
    this.playback.draw(END, sent.words);
    this.controls.draw(sent);
    this.drawing.draw(this.#batch, dark);
    this.reading.draw(this.#batch, dark);
    this.#drawLegend(sent.words);
    this.#paint();
  }

  close() {
    this.playback.close();
    this.morphing.stop();
    this.drawing.close();
  }

  /** @param {Record<string, string>} words */
  #drawLegend(words) {
    const swatch = (/** @type {string} */ name) => el("i", { class: `swatch ${name}` });
    const key = (/** @type {(Element | string)[]} */ ...parts) => el("span", { class: "key" }, parts);
    this.legend.replaceChildren(
      key(swatch("trained"), words.trained_long),
      key(swatch("frozen"), lock(), words.frozen_long),
      key(swatch("negative"), words.negative, swatch("positive"), words.positive),
    );
  }

  // What a person does

  /**
   * The position one token, or one response, on or back.
   * @param {number} p
   * @param {1 | -1} way
   */
  #beat(p, way) {
    if (!this.#batch) return p;
    const station = way > 0 ? Math.min(END - 1, Math.floor(p + 1e-9)) : Math.max(0, Math.ceil(p - 1e-9) - 1);
    const stops = [0, ...beats(counted(station, this.#mode, this.#batch).n)].map((x) => station + x);
    const near = way > 0 ? stops.find((x) => x > p + 1e-6) : stops.findLast((x) => x < p - 1e-6);
    return near ?? p;
  }

  /**
   * The slider was moved.
   * @param {number} morph
   */
  #become(morph) {
    this.morphing.stop();
    this.#morph = this.#goal = morph;
    this.#paint();
  }

  /** @param {Mode} mode */
  #turnTo(mode) {
    this.#goal = mode === "grpo" ? 1 : 0;
    if (this.playback.isStill()) this.#become(this.#goal);
    else this.morphing.start();
  }

  /** @param {string} key */
  #pressed(key) {
    const station = STATIONS.findLastIndex((x) => x.acts[this.#mode].box === key);
    if (station >= 0) this.playback.go(station + 1);
    const sent = this.#batch?.sent;
    if (sent?.pickable && key !== sent.picked) this.send("picked", key);
  }

  /**
   * Space plays and pauses on a slider, too; a button, a list or a fold has a meaning of its own for it.
   * @param {KeyboardEvent} event
   */
  #keys(event) {
    if (event.key !== " " || event.defaultPrevented || !(event.target instanceof HTMLInputElement)) return;
    event.preventDefault();
    this.playback.toggle();
  }

  // What happens by itself

  /** @param {number} seconds */
  #turn(seconds) {
    const way = Math.sign(this.#goal - this.#morph);
    const next = this.#morph + (way * seconds) / MORPHING;
    this.#morph = way > 0 ? Math.min(this.#goal, next) : Math.max(this.#goal, next);
    this.#paint();
    return this.#morph !== this.#goal;
  }

  // Drawing

  /** @returns {Mode} */
  get #mode() {
    return this.#morph < 0.5 ? "ppo" : "grpo";
  }

  #paint() {
    const batch = this.#batch;
    if (!batch) return;
    const [mode, morph, position] = [this.#mode, this.#morph, this.playback.at];
    const { station, done } = placeOf(position);
    this.drawing.paint({ position, morph, mode, isStill: this.playback.isStill() });
    this.reading.show({ station, done }, mode);
    const { words, names } = batch.sent;
    const title = words[`station_${STATIONS[station].key}_${mode}`];
    const says = fill(words.scrub_says, { n: station + 1, all: END, title, share: Math.round(100 * done) });
    const isBetween = morph > 0.02 && morph < 0.98;
    const both = isBetween ? fill(words.between, { share: Math.round(100 * morph), ...names }) : names[mode];
    this.playback.show(says, words);
    this.controls.show(morph, mode, both);
    const playing = String(this.playback.isPlaying);
    Object.assign(this.root.dataset, { mode, station: STATIONS[station].key, playing });
  }
}
