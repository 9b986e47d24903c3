// The picture of the loop: round after round of a real run. A prompt comes, responses are written and scored, and the
// update changes how probable each of them is. Every number is the trace's.

import { attr, el, say } from "./dom.js";
import { fill, sentences } from "./format.js";
import { Responses } from "./loop/responses.js";
import { Ring } from "./loop/ring.js";
import { doneAt, lastOf, placeAt, sentence, speedIn, whereabouts } from "./loop/rounds.js";
import { Success } from "./loop/success.js";
import { Playback } from "./playback.js";

/** @import { Sent } from "./loop/types.js" */

const AT_REST = 0.001; // of a station before the next round begins

export default class LoopPicture {
  /** @type {Sent | null} */
  #sent = null;
  #text = "";
  #hasPlayed = false;
  #shown = -1;
  #width = 0;

  /** @param {{ root: HTMLElement, send: (event: string, value: unknown) => void }} options */
  constructor({ root }) {
    // So many stations since the first round began.
    this.playback = new Playback("loop", {
      onMove: () => this.#moved(),
      later: (at, seconds) => at + seconds * this.#speedAt(at),
      onward: (at) => this.#onward(at),
      isOver: (at) => at >= this.#last || !this.#hasPlayed,
    });
    this.ring = new Ring();
    this.responses = new Responses();
    this.success = new Success();
    this.title = el("h3");
    this.share = el("p", { class: "note" });
    this.prompt = el("p", { class: "loop-prompt mono" });
    const left = el("div", { class: "panel" }, this.prompt, this.responses.root);
    const right = el("div", { class: "panel" }, this.title, this.success.svg, this.share);
    this.root = el("div", { class: "loop-picture" }, this.playback.root, this.ring.root);
    this.root.append(el("div", { class: "panels" }, left, right));
    root.append(this.root);
    this.sizes = new ResizeObserver(() => this.#resized());
    this.sizes.observe(this.root);
    this.playback.watch(this.root);
  }

  /** @param {Sent} sent */
  draw(sent) {
    const text = JSON.stringify(sent);
    if (text === this.#text) return;
    this.#text = text;
    this.#sent = sent;
    this.playback.halt(sent.rounds.length ? sent.stations.length - AT_REST : 0); // the first round, with what it came to
    this.#hasPlayed = false;
    this.playback.draw(lastOf(sent), sent.words);
    this.ring.draw(sent);
    say(this.title, sent.words.success);
    this.#redraw();
  }

  close() {
    this.playback.close();
    this.sizes.disconnect();
  }

  get #last() {
    return this.#sent ? lastOf(this.#sent) : 0;
  }

  #moved() {
    this.#hasPlayed = true;
    this.#paint();
  }

  /** Stations a second. @param {number} at */
  #speedAt(at) {
    return this.#sent ? speedIn(placeAt(at, this.#sent).round) : 0;
  }

  /** A station on in the first round, then a round on, for whoever prefers that nothing moves. @param {number} at */
  #onward(at) {
    const stations = this.#sent?.stations.length ?? 1;
    return Math.floor(at) + (at < stations ? 1 : stations);
  }

  #resized() {
    if (Math.abs(this.root.clientWidth - this.#width) > 2) this.#redraw();
  }

  #redraw() {
    const sent = this.#sent;
    if (!sent) return;
    this.#width = this.root.clientWidth;
    this.#shown = -1;
    this.success.draw(sent);
    this.#paint();
  }

  #paint() {
    const sent = this.#sent;
    if (!sent?.rounds.length) return;
    const place = placeAt(this.playback.at, sent);
    const round = sent.rounds[place.round];
    if (this.#shown !== place.round) {
      this.responses.draw(round, sent);
      this.#shown = place.round;
    }
    this.ring.show(place.station);
    this.responses.paint(place, sent);
    const isScored = doneAt("reward", place, sent) > 0;
    const scored = isScored ? round.step : place.round ? sent.rounds[place.round - 1].step : -1;
    this.success.show(sent, scored);
    const share = {
      step: scored + 1,
      right: Math.round((sent.success[scored] ?? 0) * sent.responses),
      responses: sent.responses,
    };
    say(this.share, scored < 0 ? "" : fill(sent.words.so_far, share));
    say(this.prompt, round.prompt);
    const here = sentence(round, sent.stations[place.station].key, sent);
    const { isPlaying } = this.playback;
    // Who listens is told where it stops, and not of every station on the way.
    attr(this.playback.player.says, "aria-live", isPlaying ? "off" : "polite");
    this.playback.show(sentences([whereabouts(place, sent), here]), sent.words);
    const { key } = sent.stations[place.station];
    Object.assign(this.root.dataset, { round: String(place.round), station: key, playing: String(isPlaying) });
  }
}
