// What makes the pipeline move: a frame at a time while it plays and is in view, and nothing at all otherwise. For whoever
// prefers less motion there are no frames: a step every few seconds instead.

const LONGEST = 0.1; // seconds a frame may stand for: after a pause of the browser nothing jumps
const REST = 2600; // milliseconds a step stands

export class Clock {
  #frame = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #before = 0;
  #isRunning = false;
  #isInView = true;

  /**
   * `frame` gets the seconds since the last one and says whether to go on; so does `step`, which takes its place where
   * `isStill` says so, after `rest` milliseconds each.
   * @param {{ frame: (seconds: number) => boolean, step: () => boolean, isStill: () => boolean, rest?: number }} options
   */
  constructor({ frame, step, isStill, rest = REST }) {
    this.rest = rest;
    this.frame = frame;
    this.step = step;
    this.isStill = isStill;
  }

  get isRunning() {
    return this.#isRunning;
  }

  start() {
    this.#isRunning = true;
    this.#wait();
  }

  stop() {
    this.#isRunning = false;
    this.#cancel();
  }

  /** Out of view nothing runs; what was playing goes on when it is back. @param {boolean} isInView */
  see(isInView) {
    this.#isInView = isInView;
    this.#cancel();
    if (this.#isRunning) this.#wait();
  }

  #cancel() {
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#timer);
    this.#frame = 0;
    this.#timer = undefined;
    this.#before = 0;
  }

  #wait() {
    if (!this.#isInView || this.#frame || this.#timer !== undefined) return;
    if (this.isStill()) this.#timer = setTimeout(() => this.#next(this.step()), this.rest);
    else this.#frame = requestAnimationFrame((now) => this.#draw(now));
  }

  /** @param {number} now milliseconds */
  #draw(now) {
    const seconds = this.#before ? Math.min(LONGEST, (now - this.#before) / 1000) : 0;
    this.#before = now;
    this.#frame = 0;
    const goesOn = this.frame(seconds);
    if (goesOn && this.#isRunning) this.#wait();
    else this.stop();
  }

  /** @param {boolean} goesOn */
  #next(goesOn) {
    this.#timer = undefined;
    if (goesOn && this.#isRunning) this.#wait();
    else this.stop();
  }
}
