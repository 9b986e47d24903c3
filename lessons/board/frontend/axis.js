// The board's x-axis: where each row stands, how far the axis reaches, which step is meant by a place on it. Pure.

import { isNumber } from "./format.js";

/** @import { LearnerState, RunState, StepRow } from "./types.js" */

/** @typedef {Record<string, StepRow>} RowsAt the row of each learner that has one */
/** @typedef {{ min: number, max: number }} Range */

const NARROWEST = 6; // pixels; a shorter drag is a click that trembled

/** What the axis may show, the default first. Addresses have called the responses scored "samples" from the beginning. */
export const AXES = ["trained", "samples", "step", "time"];

/** @type {Record<string, string>} what the axis shows → the rows' column; the step itself has none */
const COLUMNS = { trained: "responses_trained", samples: "samples_seen", time: "wall_time_s" };

/** Axes on which a learner's step stands where every other learner's does: one number a step. */
const OF_STEPS = new Set(["trained", "step"]);

/**
 * Where a row stands; what is no number has no place.
 * @param {StepRow} row
 * @param {string} x one of AXES
 */
const placeOfRow = (row, x) => (COLUMNS[x] ? row[COLUMNS[x]] : row.step + 1);

/**
 * Whether the axis can be shown: every learner that has rows has places on it. Before the first row anything can.
 * @param {Map<string, Map<number, StepRow>>} rows
 * @param {string} x one of AXES
 */
export const isRecorded = (rows, x) =>
  [...rows.values()].every((own) => !own.size || [...own.values()].some((row) => isNumber(placeOfRow(row, x))));

/**
 * The axis to show: the wished one, or where it was not recorded the first that was.
 * @param {Map<string, Map<number, StepRow>>} rows
 * @param {string} wished
 */
export const axisFor = (rows, wished) => [wished, ...AXES].find((x) => isRecorded(rows, x)) ?? "step";

/**
 * All learners' rows in the order of x: the places, the rows at each, and the step of each.
 * @param {Map<string, Map<number, StepRow>>} rows learner → step → row
 * @param {string} x one of AXES
 */
export function align(rows, x) {
  /** @type {Map<number, { step: number, rows: RowsAt }>} */
  const points = new Map();
  for (const [learner, own] of rows) {
    for (const row of own.values()) {
      const at = placeOfRow(row, x);
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
  const responses = (run?.prompts ?? 0) * (run?.group_size ?? 0) || 1;
  const perStep = x === "step" ? 1 : x === "time" ? null : responses; // nobody knows how long a step will take
  let end = perStep === null ? Infinity : perStep * Math.max(...learners.map((l) => l.steps));
  if (last > end) end = Infinity; // nor how many responses are scored beyond those trained on, once some are
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
 * Where a step stands, of several places the one nearest to `near`; null where no row of it has a place.
 * @param {{ xs: number[], stepAt: number[] }} points
 * @param {number | null} step
 * @param {number} [near]
 */
export function placeOf({ xs, stepAt }, step, near = -Infinity) {
  const places = xs.filter((_, i) => stepAt[i] === step);
  const away = (/** @type {number} */ x) => (near === -Infinity ? x : Math.abs(x - near));
  return places.length ? places.reduce((best, x) => (away(x) < away(best) ? x : best)) : null;
}

/**
 * Where a step stands for each learner that has made it. Learners share a place but where one has scored more
 * responses than another before it, or taken longer.
 * @param {Map<string, Map<number, StepRow>>} rows
 * @param {string} x one of AXES
 * @param {number | null} step
 * @returns {Map<string, number>} by learner
 */
export function placesOf(rows, x, step) {
  const places = new Map();
  for (const [learner, own] of rows) {
    const row = step === null ? undefined : own.get(step);
    const at = row && placeOfRow(row, x);
    if (isNumber(at)) places.set(learner, at);
  }
  return places;
}

/**
 * Which step of each learner is read where the pointer is: on an axis of steps the one under it, of all learners; on
 * another the last that a learner had made by then, as learners come there at different steps.
 * @param {Map<string, Map<number, StepRow>>} rows
 * @param {string} x one of AXES
 * @param {number} place
 * @param {number} step the one under the pointer
 * @returns {Map<string, number | null>} by learner; null: it had made none by then
 */
export function stepsBy(rows, x, place, step) {
  const steps = new Map();
  for (const [learner, own] of rows) {
    const made = [...own.values()].filter((row) => {
      const at = placeOfRow(row, x);
      return isNumber(at) && at <= place;
    });
    steps.set(learner, OF_STEPS.has(x) ? step : made.length ? Math.max(...made.map((row) => row.step)) : null);
  }
  return steps;
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
 * @param {import("./page_types.js").ChartSpec} spec
 * @param {number | null} low
 * @param {number | null} high
 * @returns {[number, number]}
 */
export function yRange({ range, at_least: wide, at_most: narrow }, low, high) {
  if (!isNumber(low) || !isNumber(high)) return range ?? [0, 1];
  if (narrow) [low, high] = [Math.max(low, narrow[0]), Math.min(high, narrow[1])]; // what lies beyond is read, not drawn
  if (wide) [low, high] = [Math.min(low, wide[0]), Math.max(high, wide[1])];
  // Of zeros alone: an axis to 0.003 would look like something measured.
  if (low === 0 && high === 0) [low, high] = [wide ? 0 : -1, 1];
  const pad = (high - low || Math.abs(high) * 0.1 || 0.1) * 0.06;
  return [wide && low === wide[0] ? low : low - pad, wide && high === wide[1] ? high + pad / 2 : high + pad];
}
