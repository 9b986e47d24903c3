// Where the numbers come from: pulled from the server with a cursor that this browser holds.

/** @import { Source, SourceEvents } from "./page_types.js" */
/** @import { GroupAnswer, StepAnswer } from "./types.js" */

const SECOND = 1000;
const SLOWEST = 15 * SECOND;
const KEPT = 40; // answers

/**
 * Milliseconds until the next pull: once a second while something can come, more often while somebody waits for the
 * first step of all, else rarely, and more rarely after failures.
 * @param {{ active: boolean, failures: number, took: number, beginning?: boolean }} state `took`: what the last pull
 *   took, in milliseconds
 */
export function untilNext({ active, failures, took, beginning = false }) {
  const pace = beginning ? SECOND / 4 : active ? SECOND : 5 * SECOND;
  return Math.max(100, Math.min(SLOWEST, pace * 2 ** failures) - took);
}

/**
 * Pulls while the page is seen and not paused; backs off on errors; asks rarely once nothing can come any more.
 * @implements {Source}
 */
export class PullSource {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {string | null} */
  #etag = null;
  #failures = 0;
  #asking = false;
  #stopped = false;
  /** @type {Map<string, Promise<any>>} address → answer */
  #kept = new Map();
  paused = false;

  /**
   * @param {string} base
   * @param {string} runId
   * @param {SourceEvents} on
   */
  constructor(base, runId, on) {
    this.address = `${base}/api/runs/${encodeURIComponent(runId)}`;
    this.on = on;
    this.seen = () => !document.hidden && this.pull();
    document.addEventListener("visibilitychange", this.seen);
    this.pull();
  }

  close() {
    this.#stopped = true;
    clearTimeout(this.#timer);
    document.removeEventListener("visibilitychange", this.seen);
  }

  /** @param {boolean} paused */
  pause(paused) {
    this.paused = paused;
    if (!paused) this.pull();
  }

  async pull() {
    clearTimeout(this.#timer);
    if (this.#stopped || this.#asking || (this.paused && this.on.cursor() > 0) || document.hidden) return;
    this.#asking = true;
    const began = performance.now();
    try {
      await this.#ask();
    } catch {
      this.#failures += 1;
      if (this.on.cursor() === 0 && this.#failures >= 2) this.on.onUnreachable();
      else this.on.onTrouble();
    }
    this.#asking = false;
    if (this.#stopped) return;
    const took = performance.now() - began;
    this.#timer = setTimeout(
      () => this.pull(),
      untilNext({ active: this.on.isActive(), beginning: this.on.isBeginning(), failures: this.#failures, took }),
    );
  }

  async #ask() {
    /** @type {Record<string, string>} */
    const headers = this.#etag ? { "If-None-Match": this.#etag } : {};
    const answer = await fetch(`${this.address}/live?since=${this.on.cursor()}`, { headers, cache: "no-store" });
    if (answer.status === 304) {
      this.#failures = 0;
      return this.on.onTrouble(null);
    }
    const body = await answer.json(); // throws on what is not our server's
    if (this.paused && this.on.cursor() > 0) return; // paused meanwhile: it is asked for again when that is over
    if (answer.ok) {
      this.#failures = 0;
      this.#etag = answer.headers.get("ETag");
      this.on.onTrouble(null);
      return this.on.onLive(body);
    }
    if (answer.status === 404) {
      this.#stopped = true;
      return this.on.onMissing(body.message ?? body.error);
    }
    this.#failures += 1;
    this.on.onTrouble(body.message ?? body.error);
  }

  follow() {} // this browser asks for each step itself

  abandon() {} // the server answers every question, or refuses it

  /**
   * @param {number} step
   * @param {string} revision
   * @returns {Promise<StepAnswer>}
   */
  step(step, revision) {
    return this.#once(`${this.address}/steps/${step}?revision=${revision}`);
  }

  /**
   * @param {number} step
   * @param {number} group
   * @param {string} revision
   * @returns {Promise<GroupAnswer>}
   */
  group(step, group, revision) {
    return this.#once(`${this.address}/steps/${step}/groups/${group}?revision=${revision}`);
  }

  /**
   * The last few answers stay at hand, so that scrubbing back and forth asks once.
   * @param {string} address
   */
  #once(address) {
    const known = this.#kept.get(address);
    if (known) return known;
    const answer = fetch(address).then((x) => (x.ok ? x.json() : Promise.reject(new Error(String(x.status)))));
    answer.catch(() => this.#kept.delete(address));
    this.#kept.set(address, answer);
    trim(this.#kept, KEPT);
    return answer;
  }
}

/**
 * Lets the oldest go.
 * @param {Map<string, unknown>} map
 * @param {number} most
 */
export function trim(map, most) {
  for (const key of map.keys()) {
    if (map.size <= most) return;
    map.delete(key);
  }
}
