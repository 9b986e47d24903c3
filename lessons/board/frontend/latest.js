// Fetching what is wished for while wishes change.

export const PATIENCE = 1000; // ms: as long as an answer takes that is under way

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
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #again;

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
    if (this.#fetching !== null) return this.#hurry();
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

  /**
   * What is being fetched may never come, and nobody may call again: what is wished for now was perhaps the last that a
   * run made. So it is looked after until it has come, or gives way.
   */
  #hurry() {
    clearTimeout(this.#again);
    const wish = this.on.wish();
    if (!wish || wish.name === this.#fetching) return;
    this.on.abandon?.();
    this.#again = setTimeout(() => this.#fetching !== null && this.#hurry(), PATIENCE);
  }
}
