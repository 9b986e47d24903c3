// The sub-steps of a training step, played in the browser: numbers of one real response, or of one real group, follow from
// what is stored and from the settings that a person chooses. Nobody is asked for anything.

import { attr, el, say } from "../dom.js";
import { fill } from "../format.js";
import { arrival, beats, later, onward, placeOf, turn, backward as wayBack } from "../pipeline/stations.js";
import { Playback } from "../playback.js";
import { Answers } from "./answers.js";
import { Clip } from "./clip.js";
import { Columns } from "./columns.js";
import { Numbers } from "./numbers.js";
import { lines, sentence } from "./says.js";
import { Sliders } from "./sliders.js";

/** @import { SliderData, StationData, StepperSent } from "./types.js" */

/** Terms that are what they are by all that was stored. */
const NORMALISED = ["advantage", "credit"];

export class Stepper {
  /** @type {Numbers | null} */
  #numbers = null;
  #sent = "";
  #dark = false;
  #spot = 0;
  #drawn = "";
  #formula = "";

  /** @param {{ root: HTMLElement }} options */
  constructor({ root }) {
    this.playback = new Playback("stepper", {
      onMove: () => this.#paint(),
      later: (at, seconds) => later(at, seconds, this.#stations),
      onward: (at) => onward(at, this.#end),
      backward: wayBack,
      beat: (at, way) => this.#beat(at, way),
      hasStops: true,
      hasSpeeds: true,
      hasText: false,
      grain: 0.001,
    });
    this.sliders = new Sliders({ onSet: (slider, x) => this.#set(slider, x), onReset: () => this.#reset() });
    this.columns = new Columns({ onChoose: (column) => this.#chosen(column) });
    this.clip = new Clip({ onDrag: (token, ratio) => this.#change((x) => x.drag(token, ratio)) });
    this.answers = new Answers();
    this.title = el("b", { class: "station" });
    this.sentence = el("span");
    const live = { class: "announced", "aria-live": "polite", "aria-atomic": "true" };
    this.announced = el("p", { ...live, data: { testid: "stepper-announced" } }, this.title, this.sentence);
    this.formulas = el("div", { class: "formulas mono", data: { testid: "stepper-formulas" } });
    this.over = el("p", { class: "note" });
    const extra = el("div", { class: "extra" }, this.clip.root, this.answers.root);
    const below = [this.columns.root, this.formulas, extra, this.over];
    this.root = el("div", { class: "stepper" }, this.playback.root, this.sliders.root, this.announced, below);
    this.root.onkeydown = (event) => this.#keys(event);
    root.append(this.root);
    this.playback.watch(this.root);
  }

  /**
   * @param {StepperSent} sent
   * @param {{ dark: boolean }} theme
   */
  draw(sent, { dark }) {
    const text = JSON.stringify(sent);
    if (text === this.#sent && dark === this.#dark) return;
    if (text !== this.#sent) {
      const isFirst = !this.#sent;
      this.#sent = text;
      this.#numbers = new Numbers(sent);
      this.#spot = sent.spot;
      const [{ playback }, count] = [this, sent.stations.length];
      if (isFirst) playback.at = sent.stations.findIndex((x) => x.key === sent.start) + 1 || count;
      playback.at = Math.min(playback.at, count);
      playback.draw(count, sent.words);
      this.sliders.draw(sent);
      this.answers.draw(this.#numbers);
      this.root.style.setProperty("--own", `var(--learner-${sent.colour})`);
      attr(this.columns.root, "aria-label", sent.words.columns);
    }
    this.#dark = dark;
    this.#refresh();
  }

  close() {
    this.playback.close();
    this.columns.close();
  }

  get #stations() {
    return this.#numbers?.sent.stations ?? [];
  }

  get #end() {
    return this.#stations.length;
  }

  // What a person does

  /** The position one token, or one response, on or back. @param {number} p @param {1 | -1} way */
  #beat(p, way) {
    const station = way > 0 ? Math.min(this.#end - 1, Math.floor(p + 1e-9)) : Math.max(0, Math.ceil(p - 1e-9) - 1);
    const stops = [0, ...beats(this.#count(this.#stations[station]))].map((x) => station + x);
    return (way > 0 ? stops.find((x) => x > p + 1e-6) : stops.findLast((x) => x < p - 1e-6)) ?? p;
  }

  /** How many go through a sub-step one by one. @param {StationData} station */
  #count({ each }) {
    return each ? (this.#numbers?.columns ?? 1) : 1;
  }

  /** What a setting does is seen from its own sub-step on. @param {SliderData} slider @param {number} value */
  #set(slider, value) {
    const seen = this.#stations.findIndex((x) => x.key === slider.station) + 1;
    if (this.playback.at < seen) this.playback.go(seen);
    this.#change((numbers) => numbers.set(slider, value));
  }

  #reset() {
    this.#change((numbers) => numbers.reset());
    this.playback.player.scrub.focus();
  }

  /** A token is looked at; a response's reward is flipped. @param {number} column */
  #chosen(column) {
    this.#spot = column;
    if (!this.#numbers?.sent.flips) {
      this.playback.halt(Math.max(1e-6, Math.ceil(this.playback.at - 1e-9))); // else the spotlight is where it plays
      this.#refresh();
    } else if (column < this.#numbers.counted) this.#change((numbers) => numbers.flip(column));
  }

  /** @param {(numbers: Numbers) => void} how */
  #change(how) {
    if (!this.#numbers) return;
    how(this.#numbers);
    this.#refresh();
  }

  /** Space plays and pauses on a slider, too. @param {KeyboardEvent} event */
  #keys(event) {
    if (event.key !== " " || event.defaultPrevented || !(event.target instanceof HTMLInputElement)) return;
    event.preventDefault();
    this.playback.toggle();
  }

  // Drawing

  /** Numbers are others than before. */
  #refresh() {
    const numbers = this.#numbers;
    if (!numbers) return;
    this.sliders.show(numbers);
    this.columns.refresh();
    this.answers.refresh(numbers, this.#dark);
    this.#drawn = this.#formula = "";
    this.#paint();
  }

  #paint() {
    const numbers = this.#numbers;
    if (!numbers) return;
    const { words, stations } = numbers.sent;
    const { station, done } = placeOf(this.playback.at, this.#end);
    const now = stations[station];
    if (this.#drawn !== now.key) this.#station(now, numbers);
    const spot = this.#spotAt(now, done);
    this.columns.paint(done, spot);
    this.answers.paint(now.extra === "tokens" ? done : 0);
    this.#lines(now, numbers, spot, done);
    const places = { n: station + 1, all: stations.length, title: now.title, share: Math.round(100 * done) };
    this.playback.show(fill(words.scrub_says, places), words);
    Object.assign(this.root.dataset, { station: now.key, playing: String(this.playback.isPlaying) });
  }

  /** @param {StationData} now @param {Numbers} numbers */
  #station(now, numbers) {
    this.#drawn = now.key;
    const { words, stations, about } = numbers.sent;
    const isNormalised = words.normalised && now.rows.some((x) => NORMALISED.includes(x.name));
    say(this.over, isNormalised ? fill(words.normalised, { ...about, size: numbers.size }) : "");
    say(this.title, fill(words.station_of, { n: stations.indexOf(now) + 1, all: stations.length, title: now.title }));
    say(this.sentence, sentence(now, numbers));
    this.columns.draw(numbers, now, this.#dark);
    this.columns.refresh();
    this.clip.root.hidden = now.extra !== "clip";
    this.answers.root.hidden = now.extra !== "tokens";
  }

  /** Whose turn it is while a sub-step goes on; the chosen one before and after. @param {StationData} now @param {number} done */
  #spotAt({ each, backward }, done) {
    const n = this.#numbers?.columns ?? 1;
    const at = each && done < 1 ? turn(n, done) : -1;
    return at < 0 ? this.#spot : backward ? n - 1 - at : at;
  }

  /** @param {StationData} now @param {Numbers} numbers @param {number} spot @param {number} done */
  #lines(now, numbers, spot, done) {
    const isThere = now.each || arrival(0, 1, done) >= 1;
    const key = `${now.key} ${spot} ${isThere}`;
    if (key === this.#formula) return;
    this.#formula = key;
    const all = isThere ? lines(now, numbers, spot) : [];
    const items = all.map(({ label, parts }) =>
      el(
        "div",
        {},
        el("span", { class: "term", text: `${label}: ` }),
        parts.map((x) => (typeof x === "string" ? x : el("b", { class: x.tone, text: x.text }))),
      ),
    );
    this.formulas.replaceChildren(...items);
    if (now.extra === "clip") this.clip.draw(numbers, spot);
  }
}
