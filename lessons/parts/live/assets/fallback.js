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
    this.#want({});
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
    this.#waiting.set(name, { promise, resolve, revision });
    if (this.#waiting.size > 40) this.#waiting.delete(this.#waiting.keys().next().value);
    this.#want(wanted);
    return promise;
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
      } else if (part.kind === "step") this.#waiting.get(`${part.body.step}`)?.resolve(part.body);
      else if (part.kind === "group") this.#waiting.get(`${part.body.step}/${part.body.group}`)?.resolve(part.body);
    }
  }
}
