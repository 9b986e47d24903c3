// The tour of the lab: a button, an offer at the first visit, and six stops that point at parts of the page. The tour is a
// modal dialog: the keyboard stays in it, Escape ends it, and afterwards the focus is where it was.

import { attr, el, say } from "./dom.js";
import { fill } from "./format.js";
import { zoomOf } from "./theme.js";
import { anchorOf } from "./tour_anchors.js";

/** @typedef {{ role: string, selector: string | null, title: string, text: string }} Stop */
/** @typedef {{ name: string, seen: boolean, stops: Stop[], words: Record<string, string> }} SentTour */
/** @typedef {{ left: number, top: number, width: number, height: number }} Box */

const GAP = 12; // pixels between a part and its bubble
const EDGE = 8; // … and between the bubble and the window's edge

/**
 * Where a bubble stands: below the part, above it, or at the window's lower edge where neither has room.
 * @param {Box | null} part null: in the middle
 * @param {{ width: number, height: number }} bubble
 * @param {{ width: number, height: number }} view
 */
export function placeOf(part, bubble, view) {
  const middle = { left: (view.width - bubble.width) / 2, top: (view.height - bubble.height) / 2 };
  if (!part) return middle;
  const wanted = part.left + part.width / 2 - bubble.width / 2;
  const left = Math.max(EDGE, Math.min(wanted, view.width - bubble.width - EDGE));
  const below = part.top + part.height + GAP;
  const above = part.top - GAP - bubble.height;
  if (below + bubble.height + EDGE <= view.height) return { left, top: below };
  return { left, top: above >= EDGE ? above : Math.max(EDGE, view.height - bubble.height - EDGE) };
}

/**
 * Whether this browser knows that the tour was taken, or declined (loader/memory.mjs keeps it).
 * @param {Storage} storage
 * @param {string} name
 */
export function isKept(storage, name) {
  try {
    const entry = JSON.parse(storage.getItem("credit-lab") ?? "null")?.entries?.[name];
    return Array.isArray(entry) && entry[0] !== null;
  } catch {
    return false;
  }
}

/**
 * Writes that down at once, as loader/memory.mjs does (of another version nothing is known): who turns to another page right
 * away ends what the server was told.
 * @param {Storage} storage
 * @param {string} name
 */
export function keep(storage, name) {
  try {
    const stored = JSON.parse(storage.getItem("credit-lab") ?? "null") ?? { version: 1, cleared: 0 };
    if (stored.version !== 1) return;
    const when = Math.max(Date.now(), (Number(stored.cleared) || 0) + 1);
    const entries = { ...stored.entries, [name]: ["done", when] };
    storage.setItem("credit-lab", JSON.stringify({ ...stored, entries }));
  } catch {
    // It may not be used, or holds something else: the session remembers as long as it lasts.
  }
}

export default class LessonTour {
  /** @type {SentTour | null} */
  #sent = null;
  #at = 0;
  #done = false; // in this visit
  #frame = 0;
  /** @type {Element | null} what is pointed at */
  #part = null;

  /** @param {{ root: HTMLElement, send: (event: string, value: unknown) => void }} options */
  constructor({ root, send }) {
    this.send = send;
    this.button = el("button", { type: "button", class: "begin", data: { testid: "tour-begin" } });
    this.button.onclick = () => this.#begin();
    this.offerText = el("p");
    this.accept = button("primary", () => this.#begin());
    this.decline = button("", () => this.#end());
    const answers = el("div", { class: "answers" }, this.accept, this.decline);
    this.offer = el("section", { class: "offer bubble", hidden: true }, this.offerText, answers);
    this.spot = el("div", { class: "spot" });
    this.count = el("p", { class: "note" });
    this.title = el("h2", { id: "tour-title" });
    this.text = el("p", { id: "tour-text" });
    this.skip = button("quiet", () => this.#end());
    this.back = button("", () => this.#go(-1));
    this.next = button("primary", () => this.#go(1));
    const words = el("div", { "aria-live": "polite" }, this.count, this.title, this.text);
    const walk = el("div", { class: "answers" }, this.skip, this.back, this.next);
    this.bubble = el("div", { class: "bubble" }, words, walk);
    const named = { "aria-labelledby": "tour-title", "aria-describedby": "tour-text" };
    this.dialog = el("dialog", { class: "tour", ...named, data: { testid: "tour" } }, this.spot, this.bubble);
    this.dialog.oncancel = (event) => {
      event.preventDefault();
      this.#end();
    };
    this.dialog.onkeydown = (event) => this.#keys(event);
    this.root = el("div", { class: "tour-parts" }, this.button, this.offer, this.dialog);
    root.append(this.root);
    root.classList.remove("lab"); // that is the board, beside which this stands (tour.css has the colours)
  }

  /** @param {SentTour} sent */
  draw(sent) {
    this.#sent = sent;
    const { words, stops } = sent;
    say(this.button, words.begin);
    attr(this.button, "title", fill(words.about, { n: stops.length }));
    attr(this.offer, "aria-label", words.begin);
    say(this.offerText, fill(words.offer, { n: stops.length }));
    say(this.accept, words.accept);
    say(this.decline, words.decline);
    say(this.skip, words.skip);
    say(this.back, words.back);
    if (this.dialog.open) this.#show();
    this.offer.hidden = sent.seen || this.#done || this.dialog.open || isKept(globalThis.localStorage, sent.name);
  }

  close() {
    this.#stopFollowing();
    if (this.dialog.open) this.dialog.close();
  }

  #begin() {
    this.#at = 0;
    this.offer.hidden = true;
    this.dialog.showModal();
    this.#show();
    this.#follow();
  }

  /** Frame by frame: a part moves as it is scrolled, and as what stands above it comes late or grows. */
  #follow() {
    this.#frame = requestAnimationFrame(() => {
      this.#place();
      this.#follow();
    });
  }

  #stopFollowing() {
    cancelAnimationFrame(this.#frame);
  }

  /** Taken to its end, skipped or declined: it is not offered again. */
  #end() {
    this.#stopFollowing();
    const isFirst = !this.#done && !this.#sent?.seen;
    this.#done = true;
    this.offer.hidden = true;
    if (this.dialog.open) this.dialog.close();
    this.button.focus({ preventScroll: true });
    if (!isFirst) return;
    if (this.#sent) keep(globalThis.localStorage, this.#sent.name);
    this.send("pressed", "done");
  }

  /** @param {1 | -1} way */
  #go(way) {
    const at = this.#at + way;
    if (at < 0) return;
    if (at >= (this.#sent?.stops.length ?? 0)) return this.#end();
    this.#at = at;
    this.#show();
  }

  /** @param {KeyboardEvent} event */
  #keys(event) {
    const way = /** @type {const} */ ({ ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 })[event.key];
    if (!way) return;
    event.preventDefault();
    const last = (this.#sent?.stops.length ?? 0) - 1;
    if (this.#at + way <= last) this.#go(way); // an arrow too many does not end it
  }

  #show() {
    if (!this.#sent) return;
    const { stops, words } = this.#sent;
    const { title, text } = stops[this.#at];
    say(this.count, fill(words.count, { n: this.#at + 1, all: stops.length }));
    say(this.title, title);
    say(this.text, text);
    say(this.next, this.#at === stops.length - 1 ? words.done : words.next);
    this.back.disabled = this.#at === 0;
    this.dialog.dataset.stop = stops[this.#at].role;
    const part = this.#anchor;
    this.#part = part;
    const isTall = (part?.getBoundingClientRect().height ?? 0) > window.innerHeight / 2;
    part?.dispatchEvent(new CustomEvent("partwanted", { bubbles: true, composed: true })); // loader/present.mjs
    part?.scrollIntoView({ block: isTall ? "start" : "center" });
    this.#place();
    this.next.focus({ preventScroll: true });
  }

  get #anchor() {
    const stop = this.#sent?.stops[this.#at];
    return stop ? anchorOf(stop.role, stop.selector) : null;
  }

  #place() {
    const view = { width: document.documentElement.clientWidth, height: window.innerHeight };
    if (!this.#part?.getBoundingClientRect().width) this.#part = this.#anchor; // it is there by now, or another is
    const part = this.#part?.getBoundingClientRect() ?? null;
    const { style } = this.spot;
    this.dialog.dataset.points = String(part !== null);
    if (part) {
      const box = { left: part.left - 4, top: part.top - 4, width: part.width + 8, height: part.height + 8 };
      for (const [name, x] of Object.entries(box)) style.setProperty(name, `${x}px`);
    }
    const zoom = zoomOf(this.bubble);
    const { offsetWidth, offsetHeight } = this.bubble;
    const { left, top } = placeOf(part, { width: offsetWidth * zoom, height: offsetHeight * zoom }, view);
    this.bubble.style.left = `${left / zoom}px`;
    this.bubble.style.top = `${top / zoom}px`;
  }
}

/** @param {string} name @param {() => void} onclick */
const button = (name, onclick) => el("button", { type: "button", class: name, onclick });
