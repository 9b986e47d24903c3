// Labelling: two replies to a message, and which one is preferred, by key or pointer. The pairs of a batch come at once and
// the next one stands there as soon as one is labelled; the server is told a moment later, of all labels together.

import { keepLetters } from "./browser_memory.js";
import { attr, el, focusedIn, say } from "./dom.js";
import { fill } from "./format.js";

/**
 * `labels`: a letter a pair of the whole pool ("a", "b", "=": neither, "-": none yet), and `taken_back`: the
 * places of those that were taken back. `first`: the batch's first pair in
 * the pool. `epoch` counts how often they were set otherwise than here (reset, a file): then the server's labels hold.
 * `name`: what the browser remembers them by.
 * @typedef {{ pairs: [string, string, string][], first: number, labels: string, taken_back: number[], epoch: number, name: string,
 *   batches: number, batch: number, words: Record<string, string> }} SentLabels
 */
/** @typedef {"a" | "b" | "="} Label */

const LATER = 700; // milliseconds after the last label until the server is told
const AGAIN = 6000; // milliseconds after which a server that has not said that it has them is told once more …
const MOST = 5; // … so often at most
const NONE = "-";
const TAKEN_BACK = "_"; // tells the server that a label which it has is none any more
/** @type {Record<string, Label>} */
const KEYS = { ArrowLeft: "a", 1: "a", ArrowRight: "b", 2: "b", ArrowDown: "=", 3: "=" };
const UNDO = ["Backspace", "u", "U", "z", "Z"];

export default class Labels {
  /** @type {SentLabels | null} */
  #sent = null;
  #labels = "";
  #epoch = -1;
  #isUntold = false;
  /** @type {Map<number, string>} what was labelled or taken back here since a reset; of all else the server knows better */
  #own = new Map();
  /** @type {Set<number>} places of which the server was told a label, or told one */
  #known = new Set();
  /** @type {Set<number>} places whose label the server has as it was given here */
  #arrived = new Set();
  #repeated = ""; // labels that were told twice, as the server came without them
  #tries = 0; // how often the newest labels were told again, as the server did not come at all
  /** @type {number[]} places in the pool in the order in which they were labelled, the last one last */
  #done = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #later;
  #given = 0; // when the last label was given or taken back, by Date.now()
  #onLeave = () => this.#keep();
  #begun = 0; // when the first label of the batch was given, by performance.now()

  /** @param {{ root: HTMLElement, send: (event: string, value: unknown) => void }} options */
  constructor({ root, send }) {
    this.send = send;
    this.track = el("u");
    this.count = el("span", { class: "count" });
    this.undo = el("button", { type: "button", onclick: () => this.#undo(), data: { testid: "labels-undo" } });
    this.next = el("button", { type: "button", onclick: () => this.#onward(), data: { testid: "labels-next" } });
    this.message = el("p", { class: "message" });
    this.choices = /** @type {Label[]} */ (["a", "b"]).map((x, i) => this.#choice(x, i ? "→ 2" : "← 1"));
    this.neither = el("button", {
      type: "button",
      class: "quiet",
      onclick: (event) => this.#clicked(event, "="),
    });
    this.pair = el("div", { class: "pair", "aria-live": "polite" }, this.message);
    this.pair.append(el("div", { class: "replies" }, ...this.choices.map((x) => x.button)));
    this.over = el("p", { class: "over", role: "status", data: { testid: "labels-over" } });
    this.hint = el("p", { class: "note" });
    const bar = el("div", { class: "progress" }, el("div", { class: "track" }, this.track), this.count);
    const tools = el("div", { class: "tools" }, this.neither, this.undo, this.next);
    this.root = el("div", { class: "labelling", role: "group", tabindex: 0, data: { testid: "labels" } });
    this.root.append(bar, this.pair, this.over, tools, this.hint);
    this.root.onkeydown = (event) => this.#pressed(event);
    root.append(this.root);
  }

  /** @param {Label} label @param {string} key */
  #choice(label, key) {
    const text = el("span", { class: "reply" });
    const hint = el("kbd", { text: key, "aria-hidden": true });
    const button = el(
      "button",
      {
        type: "button",
        class: "reply-choice",
        onclick: (event) => this.#clicked(event, label),
      },
      text,
      hint,
    );
    button.dataset.testid = `labels-${label}`;
    return { button, text };
  }

  /** @param {SentLabels} sent */
  draw(sent) {
    const { words, epoch, first } = sent;
    if (epoch !== this.#epoch) {
      this.#done = [];
      this.#isUntold = false;
      this.#tries = 0;
      this.#own.clear();
      this.#known.clear();
      this.#arrived.clear();
      clearTimeout(this.#later);
    }
    this.#takeBack(sent);
    this.#labels = [...sent.labels].map((x, i) => this.#own.get(i) ?? x).join("");
    this.#note(sent.labels);
    this.#compare(sent.labels);
    if (first !== this.#sent?.first || epoch !== this.#epoch) this.#begun = 0;
    this.#epoch = epoch;
    this.#sent = sent;
    window.addEventListener("pagehide", this.#onLeave);
    attr(this.root, "aria-label", words.title);
    say(this.hint, words.hint);
    say(this.neither, words.neither);
    say(this.undo, words.undo);
    say(this.next, words.next);
    this.#show();
  }

  close() {
    this.#tell();
    clearTimeout(this.#later);
    window.removeEventListener("pagehide", this.#onLeave);
  }

  /** A page that is reloaded or left tells the server nothing more: the browser itself keeps what has not arrived there. */
  #keep() {
    const here = [...this.#own].filter(([i, x]) => !this.#arrived.has(i) && (x !== NONE || this.#known.has(i)));
    if (!this.#sent || !here.length) return;
    const letters = [...this.#labels].fill(NONE);
    for (const [i, x] of here) letters[i] = x === NONE ? TAKEN_BACK : x;
    keepLetters(() => window.localStorage, this.#sent.name, letters.join(""), this.#given);
  }

  /** @param {string} labels that the server has */
  #note(labels) {
    for (const [i, x] of [...labels].entries()) if (x !== NONE) this.#known.add(i);
  }

  /** What the server had from here and was then taken back in another tab. @param {SentLabels} sent */
  #takeBack({ labels, taken_back }) {
    for (const [i, own] of this.#own) if (labels[i] === own) this.#arrived.add(i);
    const gone = taken_back.filter((i) => this.#arrived.has(i));
    for (const i of gone) {
      this.#own.delete(i);
      this.#arrived.delete(i);
    }
    this.#done = this.#done.filter((i) => !gone.includes(i));
  }

  /** The labels here are newer; a server that lacks some, after a lost connection, is told again, once. @param {string} known */
  #compare(known) {
    if (this.#isUntold || known === this.#labels || this.#repeated === this.#labels) return;
    this.#repeated = this.#labels;
    this.#isUntold = true;
    clearTimeout(this.#later);
    this.#later = setTimeout(() => this.#tell(), LATER);
  }

  /** The batch's first pair without a label, as a place in the pool; null where all have one. */
  get #place() {
    if (!this.#sent) return null;
    const { first, pairs } = this.#sent;
    const free = pairs.findIndex((_, i) => this.#labels[first + i] === NONE);
    return free < 0 ? null : first + free;
  }

  #show() {
    const sent = this.#sent;
    if (!sent) return;
    const { pairs, first, words } = sent;
    const place = this.#place;
    const done = pairs.filter((_, i) => this.#labels[first + i] !== NONE).length;
    const pair = place === null ? null : pairs[place - first];
    this.pair.hidden = pair === null;
    this.neither.hidden = pair === null;
    if (pair) {
      say(this.message, pair[0]);
      this.choices.forEach(({ text }, i) => {
        say(text, pair[i + 1]);
      });
    }
    this.track.style.width = `${(100 * done) / pairs.length}%`;
    say(this.count, fill(words.progress, { n: done, all: pairs.length, batch: sent.batch, batches: sent.batches }));
    this.undo.disabled = this.#done.length === 0;
    this.next.hidden = pair !== null || sent.batch >= sent.batches;
    say(this.over, pair ? "" : this.#outcome(done));
    attr(this.root, "data-done", done);
  }

  /** @param {number} all */
  #outcome(all) {
    const words = this.#sent?.words ?? {};
    if (!this.#begun) return fill(words.over, { all });
    return fill(words.over_in, { all, seconds: Math.round((performance.now() - this.#begun) / 1000) });
  }

  /**
   * A double click labels one pair: nobody has read the next one by then.
   * @param {Event} event
   * @param {Label} label
   */
  #clicked(event, label) {
    const { detail = 0 } = /** @type {Partial<UIEvent>} */ (event);
    if (detail < 2) this.#label(label);
  }

  /** @param {Label} label */
  #label(label) {
    const place = this.#place;
    if (place === null) return;
    if (!this.#begun) this.#begun = performance.now();
    this.#set(place, label);
    this.#done.push(place);
    this.#labelled();
  }

  #undo() {
    const place = this.#done.pop();
    if (place === undefined) return;
    this.#set(place, NONE);
    this.#labelled();
  }

  #labelled() {
    this.#isUntold = true;
    this.#tries = 0;
    clearTimeout(this.#later);
    const had = focusedIn(this.root);
    this.#show();
    if (this.#place === null) {
      this.#tell(); // the batch is done
      if (had) (this.next.hidden ? this.root : this.next).focus();
    } else {
      this.#later = setTimeout(() => this.#tell(), LATER);
    }
  }

  #tell() {
    clearTimeout(this.#later);
    if (!this.#isUntold) return;
    this.#isUntold = false;
    const gone = (/** @type {number} */ i) => this.#own.get(i) === NONE && this.#known.has(i);
    this.send("picked", [...this.#labels].map((x, i) => (gone(i) ? TAKEN_BACK : x)).join(""));
    this.#note(this.#labels);
    this.#later = setTimeout(() => this.#tellAgain(), AGAIN);
  }

  /** What is sent while the connection is lost, or as another part of the page is heard, may reach nobody. */
  #tellAgain() {
    if (this.#sent?.labels === this.#labels || this.#tries >= MOST) return;
    this.#tries += 1;
    this.#isUntold = true;
    this.#tell();
  }

  #onward() {
    const { batch = 0 } = this.#sent ?? {};
    this.#tell();
    this.send("pressed", batch + 1);
    this.root.focus();
  }

  /** @param {number} place @param {string} letter */
  #set(place, letter) {
    this.#given = Date.now();
    this.#own.set(place, letter);
    this.#arrived.delete(place);
    this.#labels = this.#labels.slice(0, place) + letter + this.#labels.slice(place + 1);
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const label = KEYS[event.key];
    if (label && this.#place !== null) {
      event.preventDefault(); // neither the page scrolls, nor a projector's next part comes
      event.stopPropagation();
      if (!event.repeat) this.#label(label);
    } else if (UNDO.includes(event.key) && !event.repeat) {
      event.preventDefault();
      event.stopPropagation();
      this.#undo();
    }
  }
}
