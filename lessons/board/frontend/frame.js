// Drawing at most once a frame, however often something changes.

export class Frame {
  #asked = 0;

  /** @param {() => void} draw */
  constructor(draw) {
    this.draw = draw;
  }

  /** Draws before the browser paints next. */
  ask() {
    cancelAnimationFrame(this.#asked);
    this.#asked = requestAnimationFrame(() => this.draw());
  }

  /** Nothing that was asked for is drawn any more. */
  stop() {
    cancelAnimationFrame(this.#asked);
  }
}
