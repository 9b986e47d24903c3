// What of a run is to be shown, from what is known of it and what a person chose. Pure.

import { keyOf } from "./url.js";

/** @import { Model } from "./model.js" */
/** @import { View } from "./page_types.js" */
/** @import { StepAnswer } from "./types.js" */

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
 * What is chosen when a page opens on a run that is over and its address chooses no step, prompt or token: a step that
 * shows what the run is about. A run that goes on is followed.
 * @param {Model} model
 * @param {View} view
 * @returns {Pick<View, "step" | "group"> | null}
 */
export function openingOf(model, { step, group, token }) {
  const opening = model.run?.opening;
  if (!opening || model.active || step !== null || group !== null || token !== null) return null;
  return model.steps.includes(opening.step) ? { step: opening.step + 1, group: opening.group } : null;
}

/**
 * The pass on show where none is chosen: the last that takes a gradient if it cuts any, else the last there is.
 * @param {Pick<StepAnswer, "learners">} step
 * @param {number} last the last pass that is there
 */
export function passOf({ learners }, last) {
  const passes = Object.values(learners).map((x) => x.passes);
  const cuts = (/** @type {number} */ pass) =>
    passes.some((own) => own.length > 1 && own[pass]?.clipped.some((x) => x !== null && x !== 0));
  const taken = last - 1;
  return taken >= 0 && cuts(taken) && !cuts(last) ? taken : last;
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
  const data = token && (Object.hasOwn(step.learners, token.learner) ? step.learners[token.learner] : null);
  const at = data ? data.sample.indexOf(token.sample) : -1;
  return data && at >= 0 ? data.group[at] : step.telling;
}
