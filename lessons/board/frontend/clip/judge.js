// What becomes of a token at a ratio: its objective from the surrogate's terms, whether its gradient is cut from the
// regions that the surrogate declares. No formula of its own.

import { filled, regionSays } from "../filled.js";
import { isNumber } from "../format.js";
import { outside, regionBounds, regionOf, settingsOnly } from "../regions.js";
import { evaluate, numberAt } from "../terms.js";

/** @import { Declared } from "./types.js" */
/** @typedef {import("../printed.js").Part} Part */
/** @typedef {import("../terms.js").Region} Region */
/** @typedef {{ ratio: number, symbol: string }} Bound */
/** @typedef {{ from: number, to: number }} Range */
/**
 * @typedef {object} Look one token at one ratio
 * @property {number} ratio
 * @property {number} advantage
 * @property {number} objective
 * @property {boolean} isCut
 * @property {boolean} isOutside beyond a bound, and led back by its gradient
 * @property {number} gradient with respect to the token's log-probability; 0 where it is cut
 * @property {string} says what the region says where it is cut
 * @property {Part[]} formula the objective in numbers
 */

const PLACE = { response: 0, token: 0 };
const POINTS = 80;

export class Judge {
  /**
   * @param {Declared} declared
   * @param {{ objective: string, gradient: string }} names of terms
   * @param {Record<string, unknown>} [changed] settings that are others than the declared ones
   */
  constructor({ terms, regions, settings }, { objective, gradient }, changed = {}) {
    this.terms = terms;
    this.regions = regions;
    this.names = { objective, gradient };
    this.settings = { ...settings, ...changed };
    this.bounding = settingsOnly(this.settings);
  }

  /** @param {number[]} ratio @param {number[]} advantage */
  #evaluated(ratio, advantage) {
    const tokens = { ratio: [ratio], advantage: [advantage] };
    const { settings } = this;
    return evaluate(this.terms, { settings, step: {}, whole: false, lengths: [ratio.length], responses: {}, tokens });
  }

  /**
   * The objective of many tokens.
   * @param {number[]} ratio
   * @param {number[]} advantage
   * @returns {number[]}
   */
  objectives(ratio, advantage) {
    const value = this.#evaluated(ratio, advantage).values[this.names.objective];
    return ratio.map((_, token) => Number(numberAt(value, { response: 0, token })));
  }

  /**
   * The region that cuts the gradient of a token, by its place in the list; −1 where none does.
   * @param {number} ratio
   * @param {number} advantage
   */
  cutBy(ratio, advantage) {
    const region = regionOf(this.regions, this.bounding, { ratio, advantage });
    return region?.cuts ? this.regions.indexOf(region) : -1;
  }

  /** Whether the token is beyond a bound and not cut. @param {number} ratio @param {number} advantage */
  isOutside(ratio, advantage) {
    return this.cutBy(ratio, advantage) < 0 && outside(this.regions, this.bounding, { ratio, advantage });
  }

  /**
   * @param {number} ratio
   * @param {number} advantage
   * @returns {Look}
   */
  look(ratio, advantage) {
    const env = this.#evaluated([ratio], [advantage]);
    const [objective, moving] = [this.names.objective, this.names.gradient].map((name) =>
      Number(numberAt(env.values[name], PLACE)),
    );
    const cut = this.cutBy(ratio, advantage);
    const term = this.terms.find((x) => x.name === this.names.objective);
    return {
      ratio,
      advantage,
      objective,
      isCut: cut >= 0,
      isOutside: this.isOutside(ratio, advantage),
      gradient: cut >= 0 ? 0 : moving,
      says: cut >= 0 ? (regionSays(this.regions[cut], env, PLACE, 2) ?? "") : "",
      formula: (term && filled(term, env, PLACE, { digits: 2 })) ?? [],
    };
  }

  /**
   * The objective over the ratio, for an advantage of 1 or −1; and what it would be without limits.
   * @param {1 | -1} sign
   * @param {number} reach
   */
  curve(sign, reach) {
    const even = [...Array(POINTS + 1).keys()].map((i) => (i / POINTS) * reach);
    const ratio = [...even, ...this.bounds().map((x) => x.ratio)].filter((x) => x <= reach).sort((a, b) => a - b);
    const env = this.#evaluated(ratio, Array(ratio.length).fill(sign));
    /** @param {string} name @returns {[number, number][]} */
    const points = (name) => ratio.map((x, token) => [x, Number(numberAt(env.values[name], { response: 0, token }))]);
    return { objective: points(this.names.objective), free: points(this.names.gradient) };
  }

  /** The ratios at which regions begin or end, in order. @returns {Bound[]} */
  bounds() {
    const all = new Map(
      this.regions.flatMap((x) =>
        Object.values(regionBounds(x, this.bounding) ?? {})
          .filter(isNumber)
          .map((ratio) => /** @type {[number, string]} */ ([Number(ratio.toPrecision(6)), x.symbol || "ρ"])),
      ),
    );
    return [...all].map(([ratio, symbol]) => ({ ratio, symbol })).sort((a, b) => a.ratio - b.ratio);
  }

  /**
   * Where gradients of tokens with an advantage of this sign are cut.
   * @param {1 | -1} sign
   * @returns {Range[]}
   */
  cutRanges(sign) {
    const other = sign > 0 ? "negative" : "positive";
    return this.regions
      .filter((x) => x.cuts && x.advantage !== other)
      .flatMap((x) => regionBounds(x, this.bounding) ?? []);
  }

  /** What each region says, in order. */
  sentences() {
    return this.regions.map((x) => regionSays(x, this.#evaluated([1], [1]), PLACE, 2) ?? "");
  }

  /**
   * How many tokens each region cuts, in order, and how many are outside and still learn.
   * @param {number[]} ratio
   * @param {number[]} advantage
   */
  counts(ratio, advantage) {
    const cut = Array(this.regions.length).fill(0);
    let outsideRange = 0;
    for (const [i, x] of ratio.entries()) {
      const by = this.cutBy(x, advantage[i]);
      if (by >= 0) cut[by]++;
      else if (this.isOutside(x, advantage[i])) outsideRange++;
    }
    return { cut, outside: outsideRange };
  }
}
