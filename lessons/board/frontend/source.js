// Where the numbers come from: pulled from the server with a cursor that this browser holds.

const SECOND = 1000;
const SLOWEST = 15 * SECOND;

/** Pulls while the page is seen and not paused; backs off on errors; asks rarely once nothing can come any more. */
export class PullSource {
  #timer = null;
  #etag = null;
  #failures = 0;
  #asking = false;
  #stopped = false;
  #steps = new Map();
  paused = false;

  constructor(base, runId, { onLive, onMissing, onTrouble, onUnreachable, isActive, cursor }) {
    this.address = `${base}/api/runs/${encodeURIComponent(runId)}`;
    Object.assign(this, { onLive, onMissing, onTrouble, onUnreachable, isActive, cursor });
    this.seen = () => !document.hidden && this.pull();
    document.addEventListener("visibilitychange", this.seen);
    this.pull();
  }

  close() {
    this.#stopped = true;
    clearTimeout(this.#timer);
    document.removeEventListener("visibilitychange", this.seen);
  }

  pause(paused) {
    this.paused = paused;
    if (!paused) this.pull();
  }

  async pull() {
    clearTimeout(this.#timer);
    if (this.#stopped || this.#asking || (this.paused && this.cursor() > 0) || document.hidden) return;
    this.#asking = true;
    const began = performance.now();
    try {
      await this.#ask();
    } catch {
      this.#failures += 1;
      if (this.cursor() === 0 && this.#failures >= 2) this.onUnreachable();
      else this.onTrouble();
    }
    this.#asking = false;
    const pace = this.isActive() ? SECOND : 5 * SECOND;
    if (!this.#stopped) this.#timer = setTimeout(() => this.pull(), Math.max(100, Math.min(SLOWEST, pace * 2 ** this.#failures) - (performance.now() - began)));
  }

  async #ask() {
    const headers = this.#etag ? { "If-None-Match": this.#etag } : {};
    const answer = await fetch(`${this.address}/live?since=${this.cursor()}`, { headers, cache: "no-store" });
    if (answer.status === 304) {
      this.#failures = 0;
      return this.onTrouble(null);
    }
    const body = await answer.json(); // throws on what is not our server's
    if (answer.ok) {
      this.#failures = 0;
      this.#etag = answer.headers.get("ETag");
      this.onTrouble(null);
      return this.onLive(body);
    }
    if (answer.status !== 404) return this.#refused(body.message ?? body.error);
    this.#stopped = true;
    this.onMissing(body.message ?? body.error);
  }

  #refused(message) {
    this.#failures += 1;
    this.onTrouble(message);
  }

  follow() {} // this browser asks for each step itself

  step(step, revision) {
    return this.#kept(`${this.address}/steps/${step}?revision=${revision}`);
  }

  group(step, group, revision) {
    return this.#kept(`${this.address}/steps/${step}/groups/${group}?revision=${revision}`);
  }

  /** The last few answers stay at hand, so that scrubbing back and forth asks once. */
  #kept(address) {
    if (!this.#steps.has(address)) {
      const answer = fetch(address).then((x) => (x.ok ? x.json() : Promise.reject(new Error(String(x.status)))));
      answer.catch(() => this.#steps.delete(address));
      this.#steps.set(address, answer);
      if (this.#steps.size > 40) this.#steps.delete(this.#steps.keys().next().value);
    }
    return this.#steps.get(address);
  }
}
