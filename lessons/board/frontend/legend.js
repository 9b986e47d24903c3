// What a strip's colours and signs mean.

import { number } from "./chip.js";
import { el } from "./dom.js";
import { isNumber } from "./format.js";

/** @import { StripData } from "./strip_types.js" */

/**
 * @param {StripData} data
 * @returns {HTMLElement[]}
 */
export function legend({ legend: { title, unknown, keys }, scale, kind, groups, digits }) {
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
    el("span", { class: "scale" }, heading, bar, digits === null ? signOf(scale) : null),
    el(
      "span",
      { class: "keys" },
      keys.map(({ mark, text }) => el("span", { class: "key" }, el("i", { class: `mark ${mark}` }), text)),
    ),
  ];
}

/**
 * The sign of what lies below the middle of a scale, where chips have one (strip.css).
 * @param {import("./colours.js").Scale} scale
 */
function signOf({ known, centre, low, colour }) {
  if (!known || centre === null) return null;
  const { background, ink } = /** @type {import("./colours.js").Paint} */ (colour(low));
  const mark = el("i", { class: "mark", text: "−", style: { background, color: ink } });
  return el("span", { class: "key under" }, mark, el("span", { class: "num", text: `< ${centre}` }));
}
