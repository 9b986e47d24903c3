// The lab in the browser, as Streamlit knows it: built once, told at every rerun what is new.

import { withoutRun } from "./choices.js";
import { Lab } from "./lab.js";

/** @import { Component, LabEnv, LabOptions } from "./page_types.js" */

/** @type {WeakMap<Node, Lab>} the component's root → its Lab */
const labs = new WeakMap();

/**
 * Called by Streamlit at every rerun; builds the lab once and afterwards only tells it what is new.
 * @param {Component} component
 * @param {LabOptions} options
 * @param {LabEnv} env
 */
export default async function mount(component, options, env) {
  const { parentElement: parent } = component;
  const shape = JSON.stringify([options.run, options.labels, env.inline]);
  const lab = labs.get(parent);
  if (lab?.shape === shape) lab.refresh(component, options.status);
  else {
    const fresh = new Lab(component, options, env, shape);
    if (lab?.options.run === options.run)
      fresh.view = lab.view; // another language keeps what was chosen
    else if (lab) fresh.view = withoutRun(lab.view); // another run starts afresh
    lab?.close();
    labs.set(parent, fresh);
    await fresh.start();
  }
  return () => {
    labs.get(parent)?.close();
    labs.delete(parent);
  };
}
