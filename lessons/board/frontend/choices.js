// What a person chooses in the lab, as its address keeps it.

import { AXES } from "./axis.js";
import { COLOURINGS } from "./colourings.js";
import { readUrl, writeUrl } from "./url.js";

/** @import { View } from "./page_types.js" */

export const CHOICES = { x: AXES, color: Object.keys(COLOURINGS) };

/**
 * What is left of the choices when another run comes; the address says the same from then on.
 * @param {View} view
 * @returns {View}
 */
export function withoutRun(view) {
  const kept = { ...view, step: null, group: null, token: null, pass: null };
  writeUrl(kept, CHOICES);
  return readUrl(CHOICES);
}
