// Where the server's addresses cannot be reached: a small second component (the pump) hands over whole windows of data
// that came through Streamlit itself. Same interface as PullSource.

export class PumpSource {
  #waiting = new Map(); // "12" or "12/3" → { promise, resolve }
  #closed = false;
  paused = false;

  constructor(channel, { onLive, onMissing, onTrouble }) {
    Object.assign(this, { channel, onLive, onMissing, onTrouble });
    this.receive = (event) => this.#take(event.detail);
    window.addEventListener(`${channel}:window`, this.receive);
    queueMicrotask(() => this.#want({})); // asks for the last window, once the lab knows its source
  }

  close() {
    this.#closed = true;
    window.removeEventListener(`${this.channel}:window`, this.receive);
  }

  pause(paused) {
    this.paused = paused;
    this.#want({ paused });
  }

  pull() {}

  /** While following, each window brings the newest step along unasked. */
  follow(following, group) {
    if (this.wanted?.follow !== following || (this.wanted.group ?? null) !== group) this.#want({ follow: following, group: group ?? undefined });
  }

  step(step, revision) {
    return this.#ask(`${step}`, revision, { step });
  }

  group(step, group, revision) {
    return this.#ask(`${step}/${group}`, revision, { step, group });
  }

  #ask(name, revision, wanted) {
    const known = this.#waiting.get(name);
    if (known?.revision === revision) return known.promise;
    let resolve;
    const promise = new Promise((take) => (resolve = take));
    this.#keep(name, { promise, resolve, revision });
    this.#want(wanted);
    return promise;
  }

  #keep(name, answer) {
    this.#waiting.set(name, answer);
    if (this.#waiting.size > 40) this.#waiting.delete(this.#waiting.keys().next().value);
  }

  #want(wanted) {
    this.wanted = { ...this.wanted, ...wanted };
    window.dispatchEvent(new CustomEvent(`${this.channel}:want`, { detail: this.wanted }));
  }

  async #take(parts) {
    if (this.#closed) return;
    for (const part of parts) {
      if (part.kind === "missing") this.onMissing(part.error);
      else if (part.kind === "trouble") this.onTrouble(part.error);
      else if (part.kind === "live" && !this.paused) {
        this.onTrouble(null);
        this.onLive({ ...part.body, whole: true });
      } else if (part.kind === "step") this.#answer(`${part.body.step}`, part.body);
      else if (part.kind === "group") this.#answer(`${part.body.step}/${part.body.group}`, part.body);
    }
  }

  /** An answer about an older making of the step is no answer: the next window brings the new one. */
  #answer(name, body) {
    const asked = this.#waiting.get(name);
    if (asked?.revision === body.revision) asked.resolve(body);
    else if (this.wanted.follow) this.#keep(name, { promise: Promise.resolve(body), revision: body.revision, resolve() {} });
  }
}
