// One response under the credit of several learners, playing: its tokens appear one by one, and under each a bar a learner.

import { scale } from "./colours.js";
import { attr, el, say } from "./dom.js";
import { fill, signed } from "./format.js";
import { Clock } from "./pipeline/clock.js";
import { chipText, named } from "./tokens.js";

/**
 * `values` are as many as tokens, or null where they are not to be seen yet; `says` is a short note under the name.
 * @typedef {{ name: string, colour: string, values: number[] | null, says: string }} CreditRow
 */
/**
 * `slip`: the place of the token to point out, if any.
 * @typedef {{ tokens: string[], rows: CreditRow[], slip: number | null, alt: string, words: Record<string, string> }} SentCredits
 */

const WHOLE = 4.2; // seconds for the whole response …
const LONGEST = 0.3; // … but no more than this for a token
const HEAD = 62; // pixels of the rows' names
const NARROWEST = 23; // pixels of a column …
const GAP = 1; // … and between two

/**
 * So many tokens in lines of about the same length, none wider than `width` pixels.
 * @param {number} count
 * @param {number} width
 * @param {number} column pixels of a token
 * @param {number} head pixels before the first one
 * @returns {[number, number][]} from, to (exclusive)
 */
export function linesOf(count, width, column, head = HEAD) {
  const most = Math.max(1, Math.floor((width - head) / (column + GAP)));
  const lines = Math.max(1, Math.ceil(count / most));
  const each = Math.ceil(count / lines);
  return Array.from({ length: lines }, (_, i) => [i * each, Math.min(count, (i + 1) * each)]);
}

/**
 * A column as wide as its widest token; somewhat narrower where the whole response then stands in one line.
 * @param {string[]} tokens
 * @param {number} [width] pixels of a line
 */
export function columnOf(tokens, width = 0) {
  const widest = Math.max(...tokens.map((x) => (chipText(x).size === "small" ? 2 : [...chipText(x).text].length)));
  const usual = Math.min(96, Math.max(NARROWEST, 9.5 * widest + 6));
  const alone = Math.floor((width - HEAD) / tokens.length) - GAP;
  return alone < usual && alone >= Math.min(NARROWEST, 9.5 * widest + 1) ? alone : usual;
}

/**
 * Where bars stand, in shares of a row's height from its top: 0 is at the same place in all rows.
 * @param {number[]} values of all rows
 * @returns {{ zero: number, bar: (value: number) => { top: number, height: number } }}
 */
export function barsOf(values) {
  const high = Math.max(0, ...values);
  const low = Math.min(0, ...values);
  const whole = high - low || 1;
  const zero = high / whole;
  return { zero, bar: (value) => ({ top: value > 0 ? zero - value / whole : zero, height: Math.abs(value) / whole }) };
}

export default class LessonCredits {
  /** @type {SentCredits | null} */
  #sent = null;
  /** @type {HTMLElement[][]} a token's nodes: its chip and its cells */
  #columns = [];
  #shown = 0; // tokens that are there
  #part = 0; // of the next one, in time
  #key = "";
  #width = 0;
  #dark = false;
  #begun = false;
  #before = 0; // when the last frame was drawn

  /** @param {{ root: HTMLElement }} options */
  constructor({ root }) {
    this.reduced = globalThis.matchMedia?.("(prefers-reduced-motion: reduce)") ?? null;
    this.clock = new Clock({ frame: () => this.#play(), step: () => false, isStill: () => false });
    this.button = el("button", { type: "button", class: "play", data: { testid: "credits-play" } });
    this.button.onclick = () => this.#toggle();
    this.scrub = el("input", { type: "range", min: 0, step: 1, data: { testid: "credits-scrub" } });
    this.scrub.oninput = () => this.#go(Number(this.scrub.value));
    this.figure = el("div", { class: "figure", role: "img" });
    this.figure.onpointerover = (event) => this.#point(event.target);
    this.figure.onpointerleave = () => this.#read(this.#shown - 1);
    this.readout = el("p", { class: "readout", "aria-hidden": true }); // the slider says the same
    const walk = el("div", { class: "walk" }, this.button, this.scrub);
    this.root = el("div", { class: "credits" }, this.figure, this.readout, walk);
    root.append(this.root);
    this.observer = new ResizeObserver(() => this.#resize());
    this.observer.observe(this.root);
    const Observer = globalThis.IntersectionObserver;
    this.views = Observer ? new Observer((seen) => this.#see(seen.at(-1)?.isIntersecting !== false)) : null;
    this.views?.observe(this.root);
  }

  /**
   * @param {SentCredits} sent
   * @param {{ dark: boolean }} theme
   */
  draw(sent, { dark }) {
    const key = JSON.stringify([sent, dark]);
    if (key === this.#key) return;
    const other = JSON.stringify(sent.tokens) !== JSON.stringify(this.#sent?.tokens);
    [this.#key, this.#sent, this.#dark] = [key, sent, dark];
    attr(this.figure, "aria-label", sent.alt);
    attr(this.scrub, "aria-label", sent.words.scrub);
    attr(this.scrub, "max", sent.tokens.length);
    this.button.hidden = this.#isStill;
    if (other) this.#shown = this.#isStill ? sent.tokens.length : 0;
    this.#build();
    if (other && !this.#isStill) {
      this.#begun = true;
      this.#start();
    }
    this.#paint();
  }

  close() {
    this.clock.stop();
    this.observer.disconnect();
    this.views?.disconnect();
  }

  get #isStill() {
    return this.reduced?.matches === true;
  }

  /** @param {boolean} isInView */
  #see(isInView) {
    this.#before = performance.now();
    this.clock.see(isInView);
  }

  #toggle() {
    if (this.clock.isRunning) this.clock.stop();
    else {
      if (this.#shown >= (this.#sent?.tokens.length ?? 0)) this.#shown = 0;
      this.#start();
    }
    this.#paint();
  }

  #start() {
    this.#before = performance.now();
    this.clock.start();
  }

  /** @param {number} shown */
  #go(shown) {
    this.clock.stop();
    this.#shown = shown;
    this.#paint();
  }

  /** By the time that went by, not by frames: on a slow machine tokens come as fast, several at a time. */
  #play() {
    const count = this.#sent?.tokens.length ?? 0;
    const now = performance.now();
    const seconds = Math.min(1, (now - this.#before) / 1000);
    this.#before = now;
    this.#part += seconds / Math.min(LONGEST, WHOLE / Math.max(1, count));
    const more = Math.floor(this.#part);
    this.#part -= more;
    this.#shown = Math.min(count, this.#shown + more);
    const goesOn = this.#shown < count;
    if (!goesOn) this.clock.stop();
    if (more) this.#paint();
    return goesOn;
  }

  #resize() {
    if (!this.#sent || this.root.clientWidth === this.#width) return;
    this.#build();
    this.#paint();
  }

  #build() {
    if (!this.#sent) return;
    const { tokens, rows, slip } = this.#sent;
    this.#width = this.root.clientWidth;
    const column = columnOf(tokens, this.#width || 800);
    const values = rows.flatMap((x) => x.values ?? []);
    const colours = scale(values, { centre: 0 }, this.#dark);
    const { zero, bar } = barsOf(values);
    this.#columns = tokens.map((token, at) => {
      const { text, size } = chipText(token);
      const chip = el("span", { class: `tk ${size} ${at === slip ? "slip" : ""}`, text, data: { at } });
      const cells = rows.map((row) => {
        if (!row.values) return el("span", { class: "bar-cell hidden", text: "?", data: { at } });
        const { top, height } = bar(row.values[at]);
        const style = { top: `${100 * top}%`, height: `${100 * height}%` };
        const fillIn = el("i", { style: { ...style, background: colours.colour(row.values[at])?.background ?? "" } });
        return el("span", { class: "bar-cell", style: { "--zero": `${100 * zero}%` }, data: { at } }, fillIn);
      });
      return [chip, ...cells];
    });
    const lines = linesOf(tokens.length, this.#width || 800, column);
    this.figure.replaceChildren(...lines.map(([from, to], i) => this.#line(from, to, column, i === 0)));
  }

  /**
   * @param {number} from
   * @param {number} to
   * @param {number} column
   * @param {boolean} isFirst
   */
  #line(from, to, column, isFirst) {
    const rows = this.#sent?.rows ?? [];
    const heads = rows.map((row) => {
      const name = el("b", { text: row.name, style: { color: `var(--ink-${row.colour})` } });
      return el("span", { class: "row-name" }, name, isFirst ? el("small", { text: row.says }) : null);
    });
    const parts = [el("span", { class: "row-name" }), ...heads].map((head, i) => [
      head,
      ...this.#columns.slice(from, to).map((nodes) => nodes[i]),
    ]);
    const style = { "grid-template-columns": `${HEAD}px repeat(${to - from}, ${column}px)` };
    return el("div", { class: "credit-line", style }, parts.flat());
  }

  #paint() {
    const sent = this.#sent;
    if (!sent) return;
    for (const [at, nodes] of this.#columns.entries()) {
      for (const node of nodes) node.classList.toggle("there", at < this.#shown);
    }
    const { words } = sent;
    const isDone = this.#shown >= sent.tokens.length;
    const name = this.clock.isRunning ? words.pause : isDone && this.#begun ? words.again : words.play;
    say(this.button, this.clock.isRunning ? "❚❚" : isDone ? "↻" : "▶");
    attr(this.button, "aria-label", name);
    attr(this.button, "title", name);
    this.scrub.value = String(this.#shown);
    this.#read(this.#shown - 1);
    attr(this.scrub, "aria-valuetext", this.readout.textContent || "0");
    Object.assign(this.root.dataset, { shown: this.#shown, playing: this.clock.isRunning });
  }

  /** @param {EventTarget | null} target */
  #point(target) {
    const node = target instanceof Element ? target.closest("[data-at].there") : null;
    if (node instanceof HTMLElement) this.#read(Number(node.dataset.at));
  }

  /**
   * What either learner gives a token.
   * @param {number} at
   */
  #read(at) {
    if (!this.#sent) return;
    const { tokens, rows, words, slip } = this.#sent;
    const known = tokens[at] !== undefined;
    const place = known
      ? fill(words.says, { token: named(chipText(tokens[at]).text), n: at + 1, all: tokens.length })
      : "";
    const value = (/** @type {number[] | null} */ values) => (values ? signed(values[at], 2, words.none) : "?");
    const each = rows.map(({ name, values }) => fill(words.value, { name, value: value(values) }));
    const more = at === slip ? [words.slip] : [];
    say(this.readout, known ? place + words.colon + [...each, ...more].join(words.comma) : "");
    this.#columns.forEach((nodes, i) => {
      for (const node of nodes) node.classList.toggle("read", i === at);
    });
  }
}
