// A line below a strip: every number of the token under the pointer or the keyboard; without one, of the chosen token.

import { number, says } from "./chip.js";
import { el, say } from "./dom.js";

/** @import { Spot } from "./row.js" */
/** @import { Reader } from "./strip.js" */
/** @import { StripData } from "./strip_types.js" */

const DIGITS = 4;

/** @implements {Reader} */
export class Readout {
  #rest = "";

  constructor() {
    this.root = el("p", { class: "readout", "aria-live": "polite" });
  }

  /**
   * What stands there while nothing is pointed at: the chosen token, or what to do.
   * @param {Spot | null} picked
   * @param {StripData} data
   * @param {string} hint
   */
  draw(picked, data, hint) {
    this.#rest = picked ? sentence(picked, data) : hint;
    this.leave();
  }

  /** @type {Reader["show"]} */
  show(spot, data) {
    say(this.root, sentence(spot, data));
  }

  leave() {
    say(this.root, this.#rest);
  }

  dismiss() {} // who walked on with the keyboard may still be reading
}

/** @type {(spot: Spot, data: StripData) => string} */
function sentence({ row: { data: row }, at }, data) {
  const more = Object.entries(row.more).map(([name, x]) => `${name} ${number("plain", x[at], DIGITS, row.missing)}`);
  const whose = data.groups.length > 1 ? data.groups.find((x) => x.rows.includes(row))?.title : "";
  return [whose, row.label, says(data, row, at), ...more].filter(Boolean).join(" · ");
}
