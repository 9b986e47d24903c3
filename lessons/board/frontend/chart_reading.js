// What a chart's heading says of a step: each learner's numbers, or why there are none.

import { brief, fill, isNumber } from "./format.js";

/** @import { Model } from "./model.js" */
/** @import { Labels } from "./labels.js" */
/** @import { ChartSpec } from "./page_types.js" */

/**
 * What is said of numbers before the first step: when they come; "" where nobody makes them any more.
 * @param {ChartSpec} spec
 * @param {Model} model
 * @param {Labels} labels
 */
export function coming(spec, model, labels) {
  if (!model.active) return "";
  const has = model.learners.some(({ without }) => spec.series.some((x) => !without.includes(x.column)));
  if (!has) return "";
  return spec.now_and_then ? labels.comes_measured : labels.comes_first;
}

/**
 * A learner's numbers of a step; said once where several lines lack the same. Of what is measured now and then, those
 * that were measured last, with their step.
 * @param {ChartSpec} spec
 * @param {Model} model
 * @param {string} name
 * @param {number | null} step
 * @param {Labels} labels
 */
export function reading(spec, model, name, step, labels) {
  const columns = spec.series.filter((x) => !x.points).map((x) => x.column);
  const at = spec.now_and_then ? model.measuredAt(name, columns, step) : step;
  const row = model.row(name, at);
  const values = columns.map((x) => brief(row?.[x], labels[model.absence(name, x, at)]));
  const several = new Set(values).size > 1 || isNumber(row?.[columns[0]]);
  const text = several ? values.join(" / ") : values[0];
  return at === null || at === step
    ? text
    : fill(labels.with_note, { parts: text, note: fill(labels.step_n, { step: at + 1 }) });
}
