// A reward model while it trains: its loss, its accuracy on held-out pairs, and how sure it is against how often it is
// right. Drawn anew whenever the page hands over more updates; nothing moves in between.

import { path } from "./curve.js";
import { attr, el, say, svg } from "./dom.js";
import { count, fixed } from "./format.js";
import { ticksOn } from "./scatter_axes.js";

/** @import { Point } from "./curve.js" */
/** @typedef {{ name: string, colour: string, dash: number[], points: Point[] }} Line */
/**
 * `guide`: a value that is worth a line across, and what it is. `dots`: instead of lines, (x, y, how many pairs).
 * @typedef {{ title: string, alt: string, x: string, from: Point, to: Point, guide: [number, string] | null,
 *   lines: Line[], dots: [number, number, number][] | null, digits: number }} SentChart `from` and `to`: the corners
 */
/** @typedef {{ charts: SentChart[], words: { none: string } }} SentTraining */

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [270, 180, 30, 10, 8, 36];

export default class Training {
  #text = "";

  /** @param {{ root: HTMLElement }} options */
  constructor({ root }) {
    this.root = el("div", { class: "training-charts" });
    root.append(this.root);
  }

  /** @param {SentTraining} sent */
  draw(sent) {
    const text = JSON.stringify(sent);
    if (text === this.#text) return;
    this.#text = text;
    this.root.replaceChildren(...sent.charts.map((chart) => drawn(chart, sent.words.none)));
  }
}

/** @param {SentChart} chart @param {string} none */
function drawn(chart, none) {
  const { title, alt, from, to, lines, dots, guide, digits } = chart;
  const x = (/** @type {number} */ v) => LEFT + ((v - from[0]) / (to[0] - from[0] || 1)) * (WIDTH - LEFT - RIGHT);
  const y = (/** @type {number} */ v) => TOP + ((to[1] - v) / (to[1] - from[1] || 1)) * (HEIGHT - TOP - BOTTOM);
  const text = (
    /** @type {number} */ across,
    /** @type {number} */ down,
    /** @type {string} */ words,
    anchor = "middle",
  ) => svg("text", { x: across, y: down, "text-anchor": anchor, text: words });
  const grid = ticksOn([from[1], to[1]], 4).flatMap((v) => [
    svg("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y(v), y2: y(v) }),
    text(LEFT - 5, y(v) + 4, fixed(v, 1), "end"),
  ]);
  const across = ticksOn([from[0], to[0]], 5).map((v) =>
    text(x(v), HEIGHT - BOTTOM + 15, dots ? fixed(v, 1) : count(v)),
  );
  const marks = dots ? dotted(dots, x, y, from, to) : lines.flatMap((line) => lined(line, x, y));
  const across_guide = guide
    ? [svg("line", { class: "guide", x1: LEFT, x2: WIDTH - RIGHT, y1: y(guide[0]), y2: y(guide[0]) })]
    : [];
  const image = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": alt });
  image.append(...grid, ...across, ...across_guide, ...marks, text((LEFT + WIDTH) / 2, HEIGHT - 4, chart.x));
  const keys = el("dl", { class: "keys" });
  for (const { name, colour, dash, points } of lines) {
    const sample = svg("path", { d: "M1 5H27", class: `trail ${colour}`, "stroke-dasharray": dash.join(" ") || null });
    const value = points.length ? fixed(points[points.length - 1][1], digits) : none;
    const line = svg("svg", { width: 28, height: 10, "aria-hidden": true }, sample);
    keys.append(el("div", {}, el("dt", {}, line, name), el("dd", { class: "num", text: value })));
  }
  if (guide) {
    const line = svg("svg", { width: 28, height: 10, "aria-hidden": true });
    line.append(svg("path", { d: "M1 5H27", class: "guide" }));
    keys.append(el("div", {}, el("dt", {}, line, guide[1])));
  }
  const panel = el("div", { class: "panel picture" }, el("h3"), keys, image);
  say(/** @type {Node} */ (panel.firstChild), title);
  attr(panel, "data-points", dots ? dots.length : Math.max(0, ...lines.map((line) => line.points.length)));
  return panel;
}

/** @typedef {(v: number) => number} Place */

/** @param {Line} line @param {Place} x @param {Place} y */
function lined({ colour, dash, points }, x, y) {
  const places = points.map(([a, b]) => /** @type {Point} */ ([x(a), y(b)]));
  const last = places.at(-1);
  const trail = svg("path", { d: path(places), class: `trail ${colour}`, "stroke-dasharray": dash.join(" ") || null });
  return last ? [trail, svg("circle", { class: `end ${colour}`, cx: last[0], cy: last[1], r: 3.5 })] : [trail];
}

/**
 * As sure as right is the diagonal.
 * @param {[number, number, number][]} dots @param {Place} x @param {Place} y @param {Point} from @param {Point} to
 */
function dotted(dots, x, y, from, to) {
  const diagonal = svg("line", { class: "guide", x1: x(from[0]), y1: y(from[0]), x2: x(to[0]), y2: y(to[0]) });
  const circles = dots.map(([claimed, right, pairs]) =>
    svg("circle", { class: "end blue", cx: x(claimed), cy: y(right), r: Math.min(12, 3 + Math.sqrt(pairs)) }),
  );
  // Below its circle, but above one that is at the bottom.
  const numbers = dots.map(([claimed, right, pairs]) => {
    const down = y(right) + (right < (from[1] + to[1]) / 4 ? -15 : 24);
    return svg("text", { x: x(claimed), y: down, "text-anchor": "middle", text: count(pairs) });
  });
  return [diagonal, ...circles, ...numbers];
}
