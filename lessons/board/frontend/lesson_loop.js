// The picture of the loop: round after round of a real run, as the pipeline's component plays it. A prompt comes, responses
// are written and scored, and the update changes how probable each of them is; of a run that goes on, more rounds come
// while it plays. Every number is the trace's.

import { attr, el, say } from "./dom.js";
import { fill, sentences } from "./format.js";
import { Ring } from "./loop/ring.js";
import { doneAt, endOf, line, moved, paced, placeAt, STATIONS, sentence, whereabouts } from "./loop/rounds.js";
import { Success } from "./loop/success.js";
import { later } from "./pipeline/stations.js";
import { Playback } from "./playback.js";

/** @import { Sent } from "./loop/types.js" */

const FIRST = endOf(1);
const LINE = 22; // letters of a response that a phone has room for in a line

/** Whether some response takes two lines on a phone, so that all have room for as many. @param {Sent} sent */
const isLong = ({ rounds }) => rounds.some(({ written }) => written.some((x) => x.tokens.join("").length > LINE));

export default class LoopPicture {
  /** @type {Sent | null} */
  #sent = null;
  #text = "";
  #dark = false;
  #hasPlayed = false;
  /** The run whose first round plays as soon as it comes. */
  #awaited = "";
  /** What the ring shows: a round, as it was handed over. */
  #shown = "";
  #width = 0;
  /** @type {{ seconds: number }[]} */
  #paced = [];

  /** @param {{ root: HTMLElement, send: (event: string, value: unknown) => void }} options */
  constructor({ root }) {
    this.playback = new Playback("loop", {
      onMove: () => this.#moved(),
      later: (at, seconds) => later(at, seconds, this.#paced),
      // A station on in the first round, then a round on, for whoever prefers that nothing moves.
      onward: (at) => Math.floor(at + 1e-9) + (at < FIRST - 1e-9 ? 1 : FIRST),
      isOver: (at) => at >= this.#end || !this.#hasPlayed,
      hasSpeeds: true,
      grain: 0.001,
    });
    this.success = new Success();
    this.title = el("h3");
    this.share = el("p", { class: "note" });
    this.curve = el("div", { class: "panel curve" }, this.title, this.success.svg, this.share);
    this.ring = new Ring((key) => this.#pressed(key), this.curve);
    this.whose = el("span", { class: "same", data: { testid: "loop-whose" } });
    this.summary = el("summary");
    this.lines = el("ol");
    this.fold = el("details", { class: "fold" }, this.summary, this.lines);
    this.playback.player.walk.prepend(this.whose);
    this.root = el("div", { class: "pipeline loop" }, this.playback.root, this.ring.root, this.fold);
    root.append(this.root);
    this.sizes = new ResizeObserver(() => this.#resized());
    this.sizes.observe(this.root);
    this.playback.watch(this.root);
  }

  /** @param {Sent} sent @param {{ dark: boolean }} theme */
  draw(sent, { dark }) {
    const text = JSON.stringify([sent, dark]);
    if (text === this.#text) return;
    const before = this.#sent;
    this.#dark = dark;
    this.#text = text;
    this.#sent = sent;
    this.#paced = paced(sent.rounds.length);
    this.root.style.setProperty("--grpo", `var(--learner-${sent.colour})`);
    this.root.style.setProperty("--rows", String(sent.rows));
    this.playback.draw(this.#end, sent.words);
    say(this.title, sent.words.success);
    say(this.whose, sent.words.whose);
    say(this.summary, sent.words.as_text);
    attr(this.root, "data-own", sent.own);
    attr(this.root, "data-long", isLong(sent));
    const plays = this.#carryOn(before, sent);
    this.#redraw();
    if (plays) this.playback.toggle();
  }

  close() {
    this.playback.close();
    this.ring.close();
    this.sizes.disconnect();
  }

  get #end() {
    return endOf(this.#sent?.rounds.length ?? 0);
  }

  /**
   * Where it stands with what was just handed over; whether it is to play from there by itself, as somebody pressed for
   * these rounds, or had watched all that there were.
   * @param {Sent | null} before
   * @param {Sent} sent
   */
  #carryOn(before, sent) {
    const { playback } = this;
    if (sent.awaited) {
      this.#awaited = sent.awaited;
      playback.halt();
    }
    if (before?.run !== sent.run) {
      const isAwaited = sent.run === this.#awaited;
      // Else the first round, with what it came to.
      playback.halt(isAwaited ? 0 : Math.min(FIRST, this.#end));
      this.#hasPlayed = false;
      if (isAwaited) this.#awaited = "";
      return isAwaited;
    }
    const wasAtEnd = playback.at >= endOf(before.rounds.length);
    playback.at = moved(playback.at, before.rounds, sent.rounds);
    const hasMore = sent.rounds.length > before.rounds.length;
    if (hasMore && wasAtEnd) this.#hasPlayed = true;
    return hasMore && wasAtEnd && !playback.isPlaying;
  }

  #moved() {
    this.#hasPlayed = true;
    this.#paint();
  }

  /** A box is its station, in the round on show. @param {string} key */
  #pressed(key) {
    const { round } = placeAt(this.playback.at, this.#sent?.rounds.length ?? 0);
    this.playback.go(endOf(round) + STATIONS.findIndex((x) => x.key === key) + 1);
  }

  #resized() {
    if (Math.abs(this.root.clientWidth - this.#width) > 2) this.#redraw();
  }

  #redraw() {
    const sent = this.#sent;
    if (!sent) return;
    this.#width = this.root.clientWidth;
    this.#shown = "";
    this.success.draw(sent);
    this.#paint();
  }

  #paint() {
    const sent = this.#sent;
    if (!sent?.rounds.length) return;
    const place = placeAt(this.playback.at, sent.rounds.length);
    const round = sent.rounds[place.round];
    const shown = `${sent.run} ${round.step}`;
    if (this.#shown !== shown) this.#drawRound(place.round, sent);
    this.#shown = shown;
    this.ring.paint(place, this.playback.isStill());
    this.#paintShare(place, sent);
    const { key } = STATIONS[place.station];
    const { isPlaying } = this.playback;
    // Who listens is told where it stops, and not of every station on the way.
    attr(this.playback.player.says, "aria-live", isPlaying ? "off" : "polite");
    const here = sentences([whereabouts(place, sent), sentence(round, key, sent)]);
    this.playback.show(sent.waiting || here, sent.words);
    const rounds = String(sent.rounds.length);
    Object.assign(this.root.dataset, { round: String(place.round), rounds, station: key, playing: String(isPlaying) });
  }

  /** @param {number} at @param {Sent} sent */
  #drawRound(at, sent) {
    const round = sent.rounds[at];
    this.ring.draw(round, sent, this.#dark);
    const says = STATIONS.map(({ key }) => sentence(round, key, sent));
    const lines = [...says, ...round.written.map((x) => line(x, sent))];
    this.lines.replaceChildren(...lines.map((text) => el("li", { text })));
  }

  /** The curve as far as the round's rewards are known. @param {{ round: number, within: number }} place @param {Sent} sent */
  #paintShare(place, sent) {
    const isScored = doneAt("reward", place) > 0;
    const scored = isScored ? sent.rounds[place.round].step : place.round ? sent.rounds[place.round - 1].step : -1;
    this.success.show(sent, scored);
    const share = {
      step: scored + 1,
      right: Math.round((sent.success[scored] ?? 0) * sent.responses),
      responses: sent.responses,
    };
    say(this.share, scored < 0 ? "\u00a0" : fill(sent.words.so_far, share));
  }
}
