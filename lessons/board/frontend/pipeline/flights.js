// What is under way from one box to the next: a few chips that follow the arrows. Nothing of it is there to be read.

import { el, say } from "../dom.js";
import { fade, place } from "./painted.js";
import { arrival } from "./stations.js";

/** @import { Arrows } from "./arrows.js" */
/** @import { Batch } from "./batch.js" */
/** @import { Cargo, Flight } from "./types.js" */

export class Flights {
  /** @type {HTMLElement[]} */
  #chips = [];

  constructor() {
    this.root = el("div", { class: "flights", "aria-hidden": "true" });
  }

  /**
   * @param {Flight[]} flights a station's, one after another
   * @param {number} done how much of the station is
   * @param {(cargo: Cargo) => string[]} textsOf what the chips show
   * @param {Arrows} arrows
   */
  paint(flights, done, textsOf, arrows) {
    let used = 0;
    for (const [i, { from, to, cargo, backward }] of flights.entries()) {
      const own = Math.min(1, Math.max(0, done * flights.length - i));
      const texts = textsOf(cargo);
      for (let k = 0; k < texts.length; k++) {
        const share = arrival(k, texts.length, own);
        const point = share > 0 && share < 1 ? arrows.point(from, to, share) : null;
        if (!point) continue;
        const chip = this.#chip(used++);
        say(chip, texts[backward ? texts.length - 1 - k : k]);
        place(chip, point.x, point.y, 0.85 + 0.3 * Math.sin(Math.PI * share));
        fade(chip, Math.min(1, 6 * share, 6 * (1 - share)));
      }
    }
    this.#hide(used);
  }

  /** @param {number} from */
  #hide(from) {
    for (const chip of this.#chips.slice(from)) fade(chip, 0);
  }

  /** @param {number} i */
  #chip(i) {
    while (this.#chips.length <= i) {
      const chip = el("span", { class: "flying" });
      this.#chips.push(chip);
      this.root.append(chip);
    }
    return this.#chips[i];
  }
}

/** What the chips of a cargo show. @param {Cargo} cargo @param {Batch} batch @returns {string[]} */
export function textsOf(cargo, batch) {
  if (cargo === "tokens") return batch.places().map((t) => batch.chip(batch.focus, t));
  if (cargo === "responses") return batch.lanes.map((x) => x.name);
  if (cargo === "question") return [batch.sent.words.question_sign];
  return [batch.name(batch.focus)];
}
