// What a strip's colours and signs mean.

import { number } from "./chip.js";
import { el } from "./dom.js";
import { isNumber } from "./format.js";

/** @import { StripData } from "./types.js" */

/**
 * @param {StripData} data
 * @returns {HTMLElement[]}
 */
export function legend({ legend: { title, unknown, keys }, scale, kind, groups }) {
  const values = groups.flatMap(({ rows }) => rows.flatMap((x) => x.values)).filter(isNumber);
  /**
   * An end of the scale, with a sign where numbers lie beyond it. No ratio is below 0.
   * @param {number} x
   * @param {string} beyond
   */
  const end = (x, beyond) =>
    el("span", { class: "num", text: beyond + number(kind, kind === "ratio" ? Math.max(0, x) : x, 2, "") });
  const low = end(scale.low, values.some((x) => x < scale.low) ? "≤ " : "");
  const high = end(scale.high, values.some((x) => x > scale.high) ? "≥ " : "");
  const background = `linear-gradient(90deg, ${scale.stops.join(", ")})`;
  const ramp = [low, el("span", { class: "ramp", style: { background } }), high];
  const heading = title ? el("span", { text: title }) : null;
  const bar = scale.known ? ramp : [unknown ? el("span", { text: unknown }) : null];
  return [
    el("span", { class: "scale" }, heading, bar),
    el(
      "span",
      { class: "keys" },
      keys.map(({ mark, text }) => el("span", { class: "key" }, el("i", { class: `mark ${mark}` }), text)),
    ),
  ];
}
