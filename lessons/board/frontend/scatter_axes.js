// How far a scatter's axes reach, and where their ticks stand. Pure.

import { isNumber } from "./format.js";
import { regionBounds, settingsOnly } from "./regions.js";

/** @import { StepTokens, Value } from "./types.js" */
/** @typedef {[number, number]} Span from, to */
/** @typedef {{ ratio: Span, advantage: Span }} Limits */

const MANY = 200; // of so many ratios the farthest, which are few, do not squeeze the others: they stand at the edge
const FARTHEST = 0.005; // so small a share of them, on each side
const NARROWEST = 0.01; // from ratio 1: closer ones are told apart by no eye
const SQUEEZED = 0.2; // a bound is in the picture unless the points would have less than this share of the way to it
const AIR = 0.06;

/**
 * Axes that hold every pass of every learner, so that only points move, and as near as they are. A bound is held, too,
 * where the points come near it; far outliers stay at the edge.
 * @param {Pick<StepTokens, "settings" | "regions" | "passes" | "advantage">[]} learners
 * @returns {Limits}
 */
export function limitsOf(learners) {
  const ratio = spanOf(learners.flatMap((x) => x.passes.map((pass) => ends(pass.ratio))).flat());
  const reach = [Math.min(ratio[0], 1 - NARROWEST), Math.max(ratio[1], 1 + NARROWEST)];
  const bounds = learners.flatMap(({ settings, regions }) => {
    const env = settingsOnly(settings);
    return regions.flatMap((x) => Object.values(regionBounds(x, env) ?? {})).filter(isNumber);
  });
  // The way to a bound counts in both directions: points may move down only, and the bound above be the near one.
  const moved = Math.max(1 - reach[0], reach[1] - 1);
  const held = bounds.filter((x) => Math.abs(x - 1) * SQUEEZED <= moved);
  // Beyond a bound there is room for what is written there.
  const far = held.flatMap((x) => [x, x + (x - 1) * 0.4]);
  const advantages = learners.flatMap((x) => x.advantage).filter(isNumber);
  const [low, high] = spanOf([0, ...advantages]);
  return {
    ratio: airy([Math.max(0, Math.min(reach[0], ...far)), Math.max(reach[1], ...far)]),
    advantage: airy(high > low ? [low, high] : [-1, 1]),
  };
}

/**
 * The smallest and the largest ratio of a pass, without the few that are farthest where there are many.
 * @param {Value[]} values
 */
function ends(values) {
  const sorted = values.filter(isNumber).sort((a, b) => a - b);
  if (!sorted.length) return [];
  const out = sorted.length > MANY ? Math.floor(sorted.length * FARTHEST) : 0;
  return [sorted[out], sorted[sorted.length - 1 - out]];
}

/** @param {number[]} values @returns {Span} */
const spanOf = (values) => values.reduce(([a, b], x) => [Math.min(a, x), Math.max(b, x)], [Infinity, -Infinity]);

/** @param {Span} span @returns {Span} */
const airy = ([from, to]) => [from - AIR * (to - from), to + AIR * (to - from)];

/**
 * Round numbers on an axis, about as many as are wished.
 * @param {Span} span
 * @param {number} wished
 */
export function ticksOn([from, to], wished) {
  const rough = (to - from) / Math.max(1, wished);
  const size = 10 ** Math.floor(Math.log10(rough));
  const gap = size * (rough / size > 7 ? 10 : rough / size > 3.2 ? 5 : rough / size > 1.4 ? 2 : 1);
  const first = Math.ceil(from / gap - 1e-9);
  const n = Math.floor(to / gap + 1e-9) - first + 1;
  return Array.from({ length: n }, (_, i) => Number(((first + i) * gap).toPrecision(12)));
}
