// What a strip's colours and signs mean.

import { number } from "./chip.js";
import { el } from "./dom.js";

/** @import { StripData } from "./types.js" */

/**
 * @param {StripData} data
 * @returns {HTMLElement[]}
 */
export function legend({ legend: { title, unknown, keys }, scale, kind }) {
  /** @param {number} x no ratio is below 0 */
  const end = (x) => el("span", { class: "num", text: number(kind, kind === "ratio" ? Math.max(0, x) : x, 2, "") });
  const background = `linear-gradient(90deg, ${scale.stops.join(", ")})`;
  const ramp = [end(scale.low), el("span", { class: "ramp", style: { background } }), end(scale.high)];
  const said = title ? el("span", { text: title }) : null;
  const bar = scale.known ? ramp : [unknown ? el("span", { text: unknown }) : null];
  return [
    el("span", { class: "scale" }, said, bar),
    el(
      "span",
      { class: "keys" },
      keys.map(({ mark, text }) => el("span", { class: "key" }, el("i", { class: `mark ${mark}` }), text)),
    ),
  ];
}
