// How a learner's line looks: its colour and, as colour alone means nothing here, a pattern of its own.

import { svg } from "./dom.js";

const WIDTH = 22; // pixels of a sample: each pattern is seen in it at least once

/** Dashes and gaps in pixels, of the run's first learner, its second, …; a run has four at most. */
const PATTERNS = [[], [7, 3], [2, 2.5], [9, 2.5, 2, 2.5]];

/**
 * @param {number} index the learner's place in its run
 * @returns {number[]}
 */
export const pattern = (index) => PATTERNS[index % PATTERNS.length];

/** Of a chart's further lines, which are thin. */
export const DASH = { solid: [], dashed: [5, 4], dotted: [1.5, 3] };

/**
 * A piece of a learner's line, to stand beside its name or its number.
 * @param {string} colour
 * @param {number} index the learner's place in its run
 */
export const sample = (colour, index) => piece(pattern(index), { stroke: `var(--learner-${colour})` });

/**
 * A piece of one of a chart's lines, whosever it is, or one of its points.
 * @param {Pick<import("./page_types.js").Series, "thin" | "dash" | "points">} series
 */
export const sampleOf = ({ thin, dash, points }) =>
  points ? point() : piece(DASH[dash ?? "solid"], { stroke: "currentColor", "stroke-width": thin ? "1" : "2.4" });

function point() {
  const dot = svg("circle", { cx: 5, cy: 5, r: 3.5, fill: "currentColor" });
  return svg("svg", { class: "sample", width: 10, height: 10, "aria-hidden": "true" }, dot);
}

/** @param {number[]} dashes @param {Record<string, string>} style */
function piece(dashes, style) {
  const line = svg("line", { x1: 1, x2: WIDTH - 1, y1: 3, y2: 3, "stroke-dasharray": dashes.join(" ") || null });
  return svg("svg", { class: "sample", width: WIDTH, height: 6, "aria-hidden": "true", style }, line);
}
