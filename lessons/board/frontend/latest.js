// Fetching what is wished for while wishes change.

/**
 * Fetches one thing at a time, and always what is wished for now: wishes that passed by meanwhile are never fetched.
 * @template {{ name: string }} W a wish; the same name is the same wish
 * @template F
 */
export class Latest {
  /** @type {string | null} the wish that is being fetched */
  #fetching = null;
  /** @type {string | null} the wish on show */
  #shown = null;

  /**
   * @param {object} on
   * @param {() => W | null} on.wish what is wished for now
   * @param {(wish: W) => Promise<F | null>} on.fetch null: there is no such thing (any more)
   * @param {(fetched: F) => void} on.show
   * @param {() => void} on.onTrouble it could not be fetched; the next `run` tries again
   * @param {() => void} [on.abandon] what is being fetched is no longer wished for; it may fail now
   */
  constructor(on) {
    this.on = on;
  }

  /** To be called whenever the wish may have changed; while something is being fetched it fetches nothing else. */
  async run() {
    if (this.#fetching !== null) {
      if (this.on.wish()?.name !== this.#fetching) this.on.abandon?.();
      return;
    }
    try {
      for (let wish = this.on.wish(); wish && wish.name !== this.#shown; wish = this.on.wish()) {
        const { name } = wish;
        this.#fetching = name;
        const fetched = await this.on.fetch(wish).catch(() => undefined);
        if ((fetched ?? null) === null && this.on.wish()?.name !== name) continue; // nobody misses it
        if (fetched === undefined) this.on.onTrouble();
        if (fetched === undefined || fetched === null) return;
        this.#shown = wish.name;
        this.on.show(fetched);
      }
    } finally {
      this.#fetching = null;
    }
  }
}
