// What a chart of several lines says of them under its title, and what becomes of a line that lies beyond its edges: it
// runs along the edge, with a sign there, so that no line just leaves the chart.

import { el, say } from "./dom.js";
import { fill, ticks } from "./format.js";
import { sampleOf } from "./line.js";

/** @import { Labels } from "./labels.js" */
/** @import { ChartSpec } from "./page_types.js" */
/** @typedef {(number | undefined)[]} Numbers undefined: not known */
/** @typedef {{ line: number, at: number, isLow: boolean }} Beyond where a line comes to an edge */

const SIZE = 4; // pixels from a sign's middle to its tip

export class ChartKeys {
  /** @type {Beyond[]} */
  beyond = [];
  /** Pixels of its line. */
  height = 18;

  /** @param {ChartSpec} spec */
  constructor({ series, at_most: edges }) {
    this.edges = edges;
    const several = series.filter((x) => x.name);
    this.note = el("span", { class: "key", hidden: true });
    this.root = el(
      "p",
      { class: "keys note", hidden: !several.length },
      several.map((x) => el("span", { class: "key" }, sampleOf(x), x.name)),
      this.note,
    );
    this.isPlain = !several.length;
  }

  /**
   * The lines as they are drawn.
   * @param {Numbers[]} lines
   * @param {Labels} labels
   * @returns {Numbers[]}
   */
  within(lines, labels) {
    if (!this.edges) return lines;
    const [low, high] = this.edges;
    const side = (/** @type {number | undefined} */ y) => (y === undefined ? 0 : y < low ? -1 : y > high ? 1 : 0);
    this.beyond = lines.flatMap((own, line) =>
      own.flatMap((y, at) => (side(y) && side(y) !== side(own[at - 1]) ? [{ line, at, isLow: side(y) < 0 }] : [])),
    );
    const says = [
      this.beyond.some((x) => x.isLow) && fill(labels.chart_below, { edge: ticks([low])[0] }),
      this.beyond.some((x) => !x.isLow) && fill(labels.chart_above, { edge: ticks([high])[0] }),
    ];
    say(this.note, says.filter(Boolean).join(labels.comma));
    this.note.hidden = !this.beyond.length;
    this.root.hidden = this.isPlain && this.note.hidden;
    return lines.map((own) => own.map((y) => (y === undefined ? y : Math.min(high, Math.max(low, y)))));
  }

  /**
   * A sign wherever a line comes to an edge.
   * @param {uPlot} u
   * @param {(line: number) => string} colourOf
   */
  mark(u, colourOf) {
    const size = SIZE * devicePixelRatio;
    for (const { line, at, isLow } of this.beyond) {
      const x = u.valToPos(u.data[0][at], "x", true);
      const y = u.valToPos(this.edges?.[isLow ? 0 : 1] ?? 0, "y", true);
      if (x < u.bbox.left || x > u.bbox.left + u.bbox.width) continue;
      const tip = isLow ? size : -size;
      u.ctx.save();
      u.ctx.fillStyle = colourOf(line);
      u.ctx.beginPath();
      u.ctx.moveTo(x - size, y - tip);
      u.ctx.lineTo(x + size, y - tip);
      u.ctx.lineTo(x, y + tip);
      u.ctx.fill();
      u.ctx.restore();
    }
  }
}
