// Clip regions, which a surrogate declares as data: where in the plane of ratio and advantage they are, and who is in one.

import { evaluateTree } from "./terms.js";
import { at } from "./terms_over.js";

/** @typedef {import("./terms.js").Env} Env */
/** @typedef {import("./terms.js").Num} Num */
/** @typedef {import("./terms.js").Region} Region */
/** @typedef {import("./terms.js").Tree} Tree */

/**
 * Between which ratios a region lies, without a bound as ±Infinity; null where a bound is not known.
 * @param {Region} region
 * @param {Env} env
 * @returns {{ from: number, to: number } | null}
 */
export function regionBounds(region, env) {
  /** @param {Tree | null} tree @param {number} otherwise */
  const bound = (tree, otherwise) => (tree === null ? otherwise : at(evaluateTree(tree, env), 0, 0));
  const [from, to] = [bound(region.ratio_from, -Infinity), bound(region.ratio_to, Infinity)];
  return from === null || to === null ? null : { from, to };
}

/**
 * The region that a token is in, by its ratio and advantage (the last, if regions overlap); null where it is in none,
 * undefined where the ratio, the advantage or a bound is not known.
 * @param {Region[]} regions
 * @param {Env} env
 * @param {{ ratio: Num, advantage: Num }} token
 * @returns {Region | null | undefined}
 */
export function regionOf(regions, env, { ratio, advantage }) {
  if (ratio === null || advantage === null) return undefined;
  let found = null;
  for (const region of regions) {
    const bounds = regionBounds(region, env);
    if (!bounds) return undefined;
    const sign = { positive: advantage > 0, negative: advantage < 0, any: advantage !== 0 }[region.advantage];
    if (sign && ratio > bounds.from && ratio < bounds.to) found = region;
  }
  return found;
}
