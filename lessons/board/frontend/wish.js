// What of a run is to be shown, from what is known of it and what a person chose. Pure.

import { keyOf } from "./url.js";

/** @import { Model } from "./model.js" */
/** @import { StepAnswer, View } from "./types.js" */

/** @typedef {{ name: string, step: number, revision: string }} Wish */

/**
 * The step on show (counted from 0): the chosen one, or the newest while following.
 * @param {Model} model
 * @param {View} view
 */
export function stepOn(model, view) {
  return view.step === null ? model.newest() : model.nearest(view.step - 1);
}

/**
 * What has to be there to show it; null while there is no step.
 * @param {Model} model
 * @param {View} view
 * @returns {Wish | null}
 */
export function wishOf(model, view) {
  const step = stepOn(model, view);
  const revision = step === null ? "" : model.revision(step);
  if (step === null || !revision) return null;
  return { step, revision, name: `${step}|${revision}|${view.group ?? `of ${keyOf(view.token)}`}` };
}

/**
 * The chosen prompt if the step has it; else the one that the chosen token belongs to; else one that tells most.
 * @param {StepAnswer} step
 * @param {{ group: View["group"], token: View["token"] }} view
 */
export function groupOf(step, { group, token }) {
  if (step.groups.some((x) => x.group === group)) return group;
  const data = token && step.learners[token.learner];
  const at = data ? data.sample.indexOf(token.sample) : -1;
  return data && at >= 0 ? data.group[at] : step.telling;
}
