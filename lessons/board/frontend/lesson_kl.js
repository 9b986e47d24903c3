// The picture of the lesson on KL: a step's tokens come in one by one, land on the curves of three estimates, and the
// estimates' means settle, or do not, beside the exact KL. Numbers are the trace's; the curves are the terms'.

import { el, say } from "./dom.js";
import { fill, fixed, sentences, signed } from "./format.js";
import { Curves, NAMES } from "./kl/curves.js";
import { Running } from "./kl/running.js";
import { Playback } from "./playback.js";

/** @import { Sent } from "./kl/types.js" */

const [AT_FIRST, GROWTH] = [3, 0.75]; // tokens a second in the beginning, and how many more a second with every token
const FIRST_STEP = 10;

/** @param {number} at @param {number} seconds */
const later = (at, seconds) => at + seconds * (AT_FIRST + GROWTH * at);

/** Twice as many, for whoever prefers that nothing moves. @param {number} at */
const twice = (at) => Math.max(FIRST_STEP, 2 * Math.floor(at));

export default class KlPicture {
  /** @type {Sent | null} */
  #sent = null;
  #text = "";

  /** @param {{ root: HTMLElement, send: (event: string, value: unknown) => void }} options */
  constructor({ root }) {
    // So many tokens have come in; between them also.
    this.playback = new Playback("kl", { onMove: () => this.#paint(), later, onward: twice, grain: 1 });
    this.curves = new Curves();
    this.running = new Running();
    this.captions = [el("h3"), el("h3")];
    const panels = [this.curves, this.running].map(({ svg }, i) =>
      el("div", { class: "panel" }, this.captions[i], svg),
    );
    this.means = el("dl", { class: "means" });
    this.newest = el("p", { class: "newest-says" });
    this.root = el(
      "div",
      { class: "kl-picture" },
      this.playback.root,
      el("div", { class: "panels" }, panels),
      this.means,
    );
    this.root.append(this.newest);
    root.append(this.root);
    this.playback.watch(this.root);
    this.sizes = new ResizeObserver(() => this.#resized());
    this.sizes.observe(this.root);
  }

  /** @param {Sent} sent */
  draw(sent) {
    const text = JSON.stringify(sent);
    if (text === this.#text) return;
    this.#text = text;
    this.#sent = sent;
    this.playback.halt(this.#last); // it stands complete until somebody presses play
    this.playback.draw(sent.log_ratio.length, sent.words);
    say(this.captions[0], sent.words.curves);
    say(this.captions[1], sent.words.running);
    this.#redraw();
  }

  close() {
    this.playback.close();
    this.sizes.disconnect();
  }

  get #last() {
    return this.#sent?.log_ratio.length ?? 0;
  }

  #width = 0;
  #resized() {
    if (Math.abs(this.root.clientWidth - this.#width) > 2) this.#redraw();
  }

  #redraw() {
    const sent = this.#sent;
    if (!sent) return;
    this.#width = this.root.clientWidth;
    this.curves.draw(sent, sent.words.alt_curves);
    const means = NAMES.map((name) => `${name} ${signed(sent.running[name].at(-1), 3)}`).join(sent.words.comma);
    const exact = fixed(sent.running.exact.at(-1), 3);
    this.running.draw(sent, fill(sent.words.alt_running, { exact, means, all: this.#last }));
    this.#paint();
  }

  #paint() {
    const sent = this.#sent;
    if (!sent) return;
    const count = Math.floor(this.playback.at);
    const isPlaying = this.playback.isPlaying;
    this.curves.show(sent, count);
    this.running.show(sent, count);
    const { words, running } = sent;
    const parts = (/** @type {"exact" | "k1" | "k2" | "k3"} */ name) => [
      el("dt", { class: `key ${name}`, text: name === "exact" ? words.exact : name }),
      el("dd", { class: "num", text: count ? signed(running[name][count - 1], 3) : words.none }),
    ];
    this.means.replaceChildren(...["exact", ...NAMES].flatMap((x) => parts(/** @type {"exact"} */ (x))));
    say(this.newest, count ? this.#named(count - 1) : "");
    // Who listens is told where it stops, and not of every token on the way.
    const says = count ? fill(words.so_far, { count, all: this.#last }) : fill(words.start, { all: this.#last });
    const means = NAMES.map((x) => `${x} ${signed(running[x][Math.max(0, count - 1)], 3)}`).join(words.comma);
    const exact = fixed(running.exact[Math.max(0, count - 1)], 3);
    const whole = count ? sentences([says, fill(words.means, { exact, means })]) : says;
    this.playback.show(isPlaying ? words.coming : whole, words);
    Object.assign(this.root.dataset, { count: String(count), playing: String(isPlaying) });
  }

  /** The token that came in last. @param {number} i */
  #named(i) {
    const { words, tokens, position, response, responses, log_ratio: x, estimates } = /** @type {Sent} */ (this.#sent);
    const values = NAMES.map((name) => `${name} ${signed(estimates[name][i], 3)}`).join(words.comma);
    const place = { token: tokens[i], position: position[i] + 1, response: responses[response[i]] };
    return fill(words.newest, { ...place, x: signed(x[i], 3), values, exact: fixed(estimates.exact[i], 3) });
  }
}
