// Where the server's addresses cannot be reached: a small second component (the pump) hands over whole windows of data
// that came through Streamlit itself. Same interface as PullSource.

import { trim } from "./source.js";

/** @import { GroupAnswer, Source, SourceEvents, StepAnswer } from "./types.js" */

/** @typedef {{ kind: string, error?: string, body?: any }} Part a piece of a window */
/** @typedef {{ promise: Promise<any>, resolve: (body: any) => void, revision: string }} Waiting */
/** @typedef {{ follow?: boolean, group?: number, step?: number, paused?: boolean }} Wanted */

const KEPT = 40; // answers

/** @implements {Source} */
export class PumpSource {
  /** @type {Map<string, Waiting>} by "12" (a step) or "12/3" (a group of it) */
  #waiting = new Map();
  #closed = false;
  paused = false;
  /** @type {Wanted} */
  wanted = {};

  /**
   * @param {string} channel
   * @param {Pick<SourceEvents, "onLive" | "onMissing" | "onTrouble">} on
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

  /**
   * @param {string} name
   * @param {string} revision
   * @param {Wanted} wanted
   */
  #ask(name, revision, wanted) {
    const known = this.#waiting.get(name);
    if (known?.revision === revision) return known.promise;
    /** @type {(body: any) => void} */
    let resolve = () => {};
    const promise = new Promise((take) => {
      resolve = take;
    });
    this.#keep(name, { promise, resolve, revision });
    this.#want(wanted);
    return promise;
  }

  /**
   * @param {string} name
   * @param {Waiting} answer
   */
  #keep(name, answer) {
    this.#waiting.set(name, answer);
    trim(this.#waiting, KEPT);
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
      } else if (kind === "step") this.#answer(`${body.step}`, body);
      else if (kind === "group") this.#answer(`${body.step}/${body.group}`, body);
    }
  }

  /**
   * An answer about an older making of the step is no answer: the next window brings the new one.
   * @param {string} name
   * @param {StepAnswer | GroupAnswer} body
   */
  #answer(name, body) {
    const asked = this.#waiting.get(name);
    if (asked?.revision === body.revision) asked.resolve(body);
    else if (this.wanted.follow) {
      this.#keep(name, { promise: Promise.resolve(body), revision: body.revision, resolve() {} });
    }
  }
}
