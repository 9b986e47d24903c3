// Where the server's addresses cannot be reached: a small second component (the pump) hands over whole windows of data
// that came through Streamlit itself. Same interface as PullSource.

import { PATIENCE } from "./latest.js";

/** @import { Source, SourceEvents } from "./page_types.js" */
/** @import { GroupAnswer, StepAnswer } from "./types.js" */

/** @typedef {{ kind: string, error?: string, body?: any }} Part a piece of a window */
/**
 * Who waits for a step or a group as one revision of it, or what came of it.
 * @typedef {{ promise: Promise<any>, resolve: (body: any) => void, reject: (why: Error) => void, name: string,
 *   step: number, revision: string, since: number, open: boolean }} Waiting
 */
/** @typedef {{ follow?: boolean, group?: number, step?: number, paused?: boolean }} Wanted */

const KEPT = 40; // answers

/** @implements {Source} */
export class PumpSource {
  /** @type {Map<string, Waiting>} by "12 revision" (a step) or "12/3 revision" (a group of it) */
  #waiting = new Map();
  #closed = false;
  paused = false;
  /** @type {Wanted} */
  wanted = {};

  /**
   * @param {string} channel
   * @param {Pick<SourceEvents, "onLive" | "onMissing" | "onTrouble" | "revision">} on
   */
  constructor(channel, on) {
    this.channel = channel;
    this.on = on;
    /** @param {Event} event */
    this.receive = (event) => this.#take(/** @type {CustomEvent<Part[]>} */ (event).detail);
    window.addEventListener(`${channel}:window`, this.receive);
    queueMicrotask(() => this.#want({})); // asks for the last window, once the lab knows its source
  }

  close() {
    this.#closed = true;
    window.removeEventListener(`${this.channel}:window`, this.receive);
  }

  /** @param {boolean} paused */
  pause(paused) {
    this.paused = paused;
    this.#want({ paused });
  }

  pull() {}

  /**
   * While following, each window brings the newest step along unasked.
   * @param {boolean} following
   * @param {number | null} group
   */
  follow(following, group) {
    if (this.wanted.follow === following && (this.wanted.group ?? null) === group) return;
    this.#want({ follow: following, group: group ?? undefined });
  }

  /**
   * @param {number} step
   * @param {string} revision
   * @returns {Promise<StepAnswer>}
   */
  step(step, revision) {
    return this.#ask(`${step}`, revision, { step });
  }

  /**
   * @param {number} step
   * @param {number} group
   * @param {string} revision
   * @returns {Promise<GroupAnswer>}
   */
  group(step, group, revision) {
    return this.#ask(`${step}/${group}`, revision, { step, group });
  }

  /** Whoever waited long for an answer waits no more: something else is wished for by now. */
  abandon() {
    for (const x of this.#open()) if (performance.now() - x.since >= PATIENCE) this.#refuse(x);
  }

  /**
   * @param {string} name
   * @param {string} revision
   * @param {{ step: number, group?: number }} wanted
   */
  #ask(name, revision, wanted) {
    const known = this.#waiting.get(`${name} ${revision}`);
    if (known) return known.promise;
    const { promise } = this.#keep(name, wanted.step, revision);
    this.#want(wanted);
    return promise;
  }

  /**
   * @param {string} name
   * @param {number} step
   * @param {string} revision
   */
  #keep(name, step, revision) {
    const waiting = { name, step, revision, since: performance.now(), open: true };
    /** @type {Waiting} */
    const kept = Object.assign(waiting, withResolvers());
    this.#waiting.set(`${name} ${revision}`, kept);
    for (const [key, x] of this.#waiting) if (this.#waiting.size > KEPT && !x.open) this.#waiting.delete(key);
    return kept;
  }

  #open() {
    return [...this.#waiting.values()].filter((x) => x.open);
  }

  /** @param {Waiting} waiting */
  #refuse(waiting) {
    this.#waiting.delete(`${waiting.name} ${waiting.revision}`);
    waiting.reject(new Error("nothing of this revision comes"));
  }

  /** @param {Wanted} wanted */
  #want(wanted) {
    this.wanted = { ...this.wanted, ...wanted };
    window.dispatchEvent(new CustomEvent(`${this.channel}:want`, { detail: this.wanted }));
  }

  /** @param {Part[]} parts */
  #take(parts) {
    if (this.#closed) return;
    for (const { kind, error, body } of parts) {
      if (kind === "missing") this.on.onMissing(error);
      else if (kind === "trouble") this.on.onTrouble(error);
      else if (kind === "live" && !this.paused) {
        this.on.onTrouble(null);
        this.on.onLive({ ...body, whole: true });
        // What the rows now call another revision was made anew: what was waited for never comes.
        for (const x of this.#open()) if (x.revision !== this.on.revision(x.step)) this.#refuse(x);
      } else if (kind === "step") this.#answer(`${body.step}`, body);
      else if (kind === "group") this.#answer(`${body.step}/${body.group}`, body);
    }
  }

  /**
   * An answer about another making of the step is no answer, and takes nobody's place: the next window brings the one
   * that is waited for, or rows that tell that it never comes. A board that is paused hears of no rows, so it takes
   * what there is.
   * @param {string} name
   * @param {StepAnswer | GroupAnswer} body
   */
  #answer(name, body) {
    const key = `${name} ${body.revision}`;
    if (this.wanted.follow && !this.#waiting.has(key)) this.#keep(name, body.step, body.revision);
    for (const x of this.#waiting.values()) {
      if (x.name !== name || !x.open || (x.revision !== body.revision && !this.paused)) continue;
      x.open = false;
      x.resolve(body);
    }
  }
}

/** A promise, and what settles it. */
function withResolvers() {
  /** @type {{ promise: Promise<any>, resolve: (body: any) => void, reject: (why: Error) => void }} */
  const made = { promise: Promise.resolve(), resolve() {}, reject() {} };
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
}
