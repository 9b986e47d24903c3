// Clip regions, which a surrogate declares as data: where in the plane of ratio and advantage they are, and who is in one.

import { isNumber } from "./format.js";
import { evaluate, evaluateTree } from "./terms.js";
import { at } from "./terms_over.js";

/** @import { Labels } from "./labels.js" */
/** @import { OfStep } from "./types.js" */
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
  const bound = (tree, otherwise) =>
    tree === null ? otherwise : hasTerms(tree, env) ? at(evaluateTree(tree, env), 0, 0) : null;
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
  if (!regions.length) return null;
  if (ratio === null || advantage === null) return undefined;
  let inside = null;
  for (const region of regions) {
    const bounds = regionBounds(region, env);
    if (!bounds) return undefined;
    if (hasSign(region, advantage) && ratio > bounds.from && ratio < bounds.to) inside = region;
  }
  return inside;
}

/**
 * The same, but what the trace recorded (`clipped`: on which side) counts more than where the printed digits lie.
 * @param {Region[]} regions
 * @param {Env} env
 * @param {{ clipped: Num, ratio: Num, advantage: Num }} token
 */
export function regionAt(regions, env, { clipped, ratio, advantage }) {
  if (clipped === 0) return null;
  const region = regionOf(regions, env, { ratio, advantage });
  if (clipped === null || region?.side === clipped) return region;
  return regions.find((x) => x.side === clipped && advantage !== null && hasSign(x, advantage));
}

/**
 * Whether a token is beyond a bound of the range and its gradient, which is not cut there, leads back.
 * @param {Region[]} regions
 * @param {Env} env
 * @param {{ ratio: Num, advantage: Num }} token
 */
export function outside(regions, env, { ratio, advantage }) {
  if (!isNumber(ratio) || !isNumber(advantage)) return false;
  return regions.some((region) => {
    const bounds = region.cuts ? regionBounds(region, env) : null;
    if (!bounds) return false;
    return (
      (advantage < 0 && bounds.from > 1 && ratio > bounds.from) || (advantage > 0 && bounds.to < 1 && ratio < bounds.to)
    );
  });
}

/**
 * What regions there are: on which sides they cut, and on which they only bound a weight.
 * @param {Region[]} regions
 */
export function kinds(regions) {
  const on = (/** @type {1 | -1} */ side, /** @type {boolean} */ cuts) =>
    regions.some((x) => x.side === side && x.cuts === cuts);
  return {
    cuts: regions.some((x) => x.cuts),
    bounds: regions.some((x) => !x.cuts),
    high: { any: on(1, true) || on(1, false), cuts: on(1, true) },
    low: { any: on(-1, true) || on(-1, false), cuts: on(-1, true) },
  };
}

/**
 * What there is to know of marks for cut tokens at a pass: none follow the last, and older runs measured them otherwise.
 * @param {Pick<OfStep, "cut_at" | "regions" | "settings">} learner
 * @param {number} pass
 * @param {number} last the last pass that is there
 * @param {Pick<Labels, "cut_never" | "cut_last" | "cut_older">} labels
 */
export function aboutCuts({ cut_at: at, regions, settings }, pass, last, labels) {
  if (!regions.length) return "";
  if (at === "never") return labels.cut_never;
  if (at === "update") return pass >= last ? labels.cut_last : "";
  // With one mini-batch, an older run's passes but the last are where gradients were taken.
  return at === "state" && (pass >= last || settings.num_mini_batches !== 1) ? labels.cut_older : "";
}

/**
 * What a region does to a token, in words.
 * @param {Region} region
 * @param {Pick<Labels, "marks">} labels
 */
export const mark = ({ cuts, side }, { marks }) => marks[cuts ? "cut" : "bounded"][side > 0 ? "high" : "low"].says;

/**
 * Settings alone, as bounds need them.
 * @param {Record<string, unknown>} settings
 */
export const settingsOnly = (settings) =>
  evaluate([], { settings, step: {}, whole: false, lengths: [], responses: {}, tokens: {} });

/** @param {Region} region @param {number} advantage */
const hasSign = (region, advantage) =>
  ({ positive: advantage > 0, negative: advantage < 0, any: advantage !== 0 })[region.advantage];

/** Whether the terms that a tree uses were evaluated. @param {Tree} tree @param {Env} env @returns {boolean} */
function hasTerms(tree, env) {
  if (typeof tree === "number") return true;
  const [kind, ...parts] = tree;
  return kind === "term"
    ? parts[0] in env.values
    : parts.every((x) => !Array.isArray(x) || hasTerms(/** @type {Tree} */ (x), env));
}
