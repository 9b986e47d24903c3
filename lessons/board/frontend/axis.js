// The board's x-axis: where each row stands, how far the axis reaches, which step is meant by a place on it. Pure.

import { isNumber } from "./format.js";

/** @import { LearnerState, RunState, StepRow } from "./types.js" */

/** @typedef {Record<string, StepRow>} RowsAt the row of each learner that has one */
/** @typedef {{ min: number, max: number }} Range */

const NARROWEST = 6; // pixels; a shorter drag is a click that trembled

/** @type {Record<string, string>} what the axis shows → the rows' column; the step itself has none */
const COLUMNS = { samples: "samples_seen", time: "wall_time_s" };

/**
 * All learners' rows in the order of x: the places, the rows at each, and the step of each.
 * @param {Map<string, Map<number, StepRow>>} rows learner → step → row
 * @param {string} x "step", "samples" or "time"
 */
export function align(rows, x) {
  const column = COLUMNS[x];
  /** @type {Map<number, { step: number, rows: RowsAt }>} */
  const points = new Map();
  for (const [learner, own] of rows) {
    for (const row of own.values()) {
      const at = column ? row[column] : row.step + 1;
      if (!isNumber(at)) continue;
      const point = points.get(at) ?? { step: row.step, rows: {} };
      point.rows[learner] = row;
      points.set(at, point);
    }
  }
  const sorted = [...points].sort(([a], [b]) => a - b);
  return {
    xs: sorted.map(([at]) => at),
    rowsAt: sorted.map(([, point]) => point.rows),
    stepAt: sorted.map(([, point]) => point.step),
  };
}

/**
 * How far the axis reaches. While a run goes on it grows by doubling, so that lines grow and the picture stands still.
 * @param {number[]} xs
 * @param {string} x
 * @param {{ active: boolean, run: RunState | null, learners: LearnerState[] }} model
 * @returns {Range}
 */
export function reach(xs, x, { active, run, learners }) {
  const last = xs.at(-1) ?? 1;
  const first = Math.min(xs[0] ?? 0, x === "step" ? 1 : 0);
  if (!active || xs.length < 2) return { min: first, max: Math.max(last, first + 1) };
  const samples = (run?.prompts ?? 0) * (run?.group_size ?? 0) || 1;
  const perStep = x === "step" ? 1 : x === "samples" ? samples : null; // nobody knows how long a step will take
  const end = perStep === null ? Infinity : perStep * Math.max(...learners.map((l) => l.steps));
  let max = perStep === null ? 10 : 20 * perStep;
  while (max < last) max *= 2;
  return { min: first, max: Math.max(Math.min(max, end), last) };
}

/**
 * What a drag over a chart zooms to; null if it was too short to be one.
 * @param {{ left: number, width: number }} select in pixels
 * @param {(left: number) => number} valueAt
 * @returns {Range | null}
 */
export function zoomTo({ left, width }, valueAt) {
  return width < NARROWEST ? null : { min: valueAt(left), max: valueAt(left + width) };
}

/**
 * The step under the pointer; null where there is none, or where the pointer left the chart.
 * @param {number[]} stepAt
 * @param {{ idx?: number | null, left?: number }} cursor
 */
export function stepUnder(stepAt, { idx, left = -1 }) {
  return left >= 0 && isNumber(idx) ? (stepAt[idx] ?? null) : null;
}

/**
 * Where a step stands; null where no row of it has a place.
 * @param {{ xs: number[], stepAt: number[] }} points
 * @param {number | null} step
 */
export function placeOf({ xs, stepAt }, step) {
  return step === null ? null : (xs[stepAt.indexOf(step)] ?? null);
}

/**
 * By how much one tick of the x-axis may differ from the next: steps and responses come whole.
 * @param {string} x
 * @returns {number[] | undefined} undefined: by anything
 */
export function gaps(x) {
  if (x === "time") return undefined;
  return Array.from({ length: 9 }, (_, n) => [1, 2, 5].map((y) => y * 10 ** n)).flat();
}

/**
 * How far a chart's y-axis reaches for lines between `low` and `high`, with a little air.
 * @param {import("./types.js").ChartSpec} spec
 * @param {number | null} low
 * @param {number | null} high
 * @returns {[number, number]}
 */
export function yRange({ range, at_least: wide, at_most: narrow }, low, high) {
  if (!isNumber(low) || !isNumber(high)) return range ?? [0, 1];
  if (narrow) [low, high] = [Math.max(low, narrow[0]), Math.min(high, narrow[1])]; // what lies beyond is read, not drawn
  if (wide) [low, high] = [Math.min(low, wide[0]), Math.max(high, wide[1])];
  const pad = (high - low || Math.abs(high) * 0.1 || 0.1) * 0.06;
  return [wide && low === wide[0] ? low : low - pad, wide && high === wide[1] ? high + pad / 2 : high + pad];
}
