// Arrows between boxes, drawn between wherever these come to stand; what flies follows the same lines.

import { svg } from "../dom.js";

/** @import { Mode, Point } from "./types.js" */

/** @typedef {{ left: number, right: number, top: number, bottom: number }} Place */
/**
 * `back` and `learns` are dashed, and where all is narrow not there; one with a `bus` is, and goes around at the right.
 * @typedef {{ from: string, to: string, only?: Mode, back?: boolean, learns?: boolean, bus?: boolean }} Edge
 */

const GAP = 5; // pixels between an arrow's end and its box
const BUS = 13; // pixels between the right edge and the arrow that goes around
const EDGE = 2; // the same where all is narrow
const NARROW = 640; // pixels, as in pipeline.css and loop.css

/** PPO's and GRPO's pipelines'. @type {Edge[]} */
export const EDGES = [
  { from: "query", to: "policy" },
  { from: "policy", to: "outputs" },
  { from: "outputs", to: "reference" },
  { from: "outputs", to: "reward" },
  { from: "outputs", to: "value", only: "ppo" },
  { from: "reference", to: "gae", only: "ppo" },
  { from: "reward", to: "gae", only: "ppo" },
  { from: "value", to: "gae", only: "ppo" },
  { from: "reward", to: "group", only: "grpo" },
  { from: "gae", to: "advantage", only: "ppo" },
  { from: "group", to: "advantage", only: "grpo" },
  { from: "advantage", to: "update" },
  { from: "update", to: "policy", back: true },
  { from: "gae", to: "value", only: "ppo", learns: true },
];

let instances = 0;

export class Arrows {
  /** @type {Map<string, { points: Point[], line: SVGElement }>} */
  #lines = new Map();

  /** @param {Edge[]} edges */
  constructor(edges) {
    this.edges = edges;
    this.tip = `pipeline-tip-${instances++}`; // several pipelines may stand in one document
    this.root = svg("svg", { class: "arrows", "aria-hidden": "true" });
  }

  /**
   * Draws all anew, as boxes come to stand.
   * @param {Map<string, Place>} places
   * @param {number} width
   * @param {(edge: Edge) => boolean} isThere
   */
  draw(places, width, isThere) {
    const narrow = width < NARROW;
    this.#lines = new Map();
    for (const edge of this.edges) {
      const [from, to] = [places.get(edge.from), places.get(edge.to)];
      if (!from || !to || !isThere(edge) || (narrow && (edge.back || edge.learns) && !edge.bus)) continue;
      const points = way(edge, from, to, { narrow, width });
      const d = points.map(({ x, y }, i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
      const kind = edge.learns ? "back learns" : edge.back ? "back" : "";
      const line = svg("path", { d, class: kind, "marker-end": `url(#${this.tip})` });
      this.#lines.set(`${edge.from} ${edge.to}`, { points, line });
    }
    this.root.replaceChildren(svg("defs", {}, tip(this.tip)), ...[...this.#lines.values()].map((x) => x.line));
  }

  /** An edge's line in the drawing. @param {Edge} edge */
  line(edge) {
    return this.#lines.get(`${edge.from} ${edge.to}`)?.line ?? null;
  }

  /**
   * Where something is that has come so far (0 to 1) along an edge; null where there is none.
   * @param {string} from
   * @param {string} to
   * @param {number} share
   */
  point(from, to, share) {
    const known = this.#lines.get(`${from} ${to}`);
    return known ? along(known.points, share) : null;
  }
}

/**
 * The points of an arrow's line. What stands above other boxes goes around them, at the right.
 * @param {Edge} edge
 * @param {Place} from
 * @param {Place} to
 * @param {{ narrow: boolean, width: number }} room
 * @returns {Point[]}
 */
export function way(edge, from, to, { narrow, width }) {
  const around =
    to.left < from.right && ["gae", "group"].includes(edge.to) && ["reference", "reward"].includes(edge.from);
  if (narrow ? edge.bus : around) {
    const [x, y] = [width - (narrow ? EDGE : BUS), (to.top + to.bottom) / 2];
    const start = (from.top + from.bottom) / 2;
    return [
      { x: from.right + 1, y: start },
      { x, y: start },
      { x, y },
      { x: to.right + GAP, y },
    ];
  }
  // In one row the way back lies below it: from under the advantages to the update, and up to the policy.
  if (!narrow && edge.to === "update" && from.bottom <= to.top && to.right < from.left) {
    const [x, y] = [(from.left + from.right) / 2, (to.top + to.bottom) / 2];
    return [
      { x, y: from.bottom + 1 },
      { x, y },
      { x: to.right + GAP, y },
    ];
  }
  if (!narrow && edge.from === "update" && to.bottom <= from.top && to.right < from.left) {
    const [x, y] = [(to.left + to.right) / 2, (from.top + from.bottom) / 2];
    return [
      { x: from.left - 1, y },
      { x, y },
      { x, y: to.bottom + GAP },
    ];
  }
  const [x1, y1, x2, y2] = between(from, to, narrow);
  const aside = edge.learns ? 1 : edge.from === "value" ? -1 : 0; // two arrows stand side by side there
  const [dx, dy] = Math.abs(x2 - x1) > Math.abs(y2 - y1) ? [0, 11 * aside] : [28 * aside, 0];
  return [
    { x: x1 + dx, y: y1 + dy },
    { x: x2 + dx, y: y2 + dy },
  ];
}

/**
 * The shortest straight way between two rectangles: x1, y1, x2, y2.
 * @type {(a: Place, b: Place, narrow: boolean) => [number, number, number, number]}
 */
export function between(a, b, narrow) {
  const [left, right] = [Math.max(a.left, b.left), Math.min(a.right, b.right)];
  const [top, bottom] = [Math.max(a.top, b.top), Math.min(a.bottom, b.bottom)];
  if (right - left > 16) {
    const x = (left + right) / 2;
    const gap = gapOf(a.bottom <= b.top ? b.top - a.bottom : a.top - b.bottom);
    return a.bottom <= b.top ? [x, a.bottom + gap, x, b.top - gap] : [x, a.top - gap, x, b.bottom + gap];
  }
  if (narrow && a.bottom <= b.top) {
    const x = (a.left + a.right) / 2;
    const gap = gapOf(b.top - a.bottom);
    return [x, a.bottom + gap, Math.min(Math.max(x, b.left + 14), b.right - 14), b.top - gap];
  }
  const y = bottom - top > 12 ? (top + bottom) / 2 : null;
  const [from, to] = [y ?? (a.top + a.bottom) / 2, y ?? (b.top + b.bottom) / 2];
  const gap = gapOf(a.right <= b.left ? b.left - a.right : a.left - b.right);
  return a.right <= b.left ? [a.right + gap, from, b.left - gap, to] : [a.left - gap, from, b.right + gap, to];
}

/** How far an arrow's ends stay away from boxes that are `space` pixels apart: never so far that it points back. @param {number} space */
const gapOf = (space) => Math.min(GAP, Math.max(0, space / 4));

/**
 * A point of a line of straight pieces, by its share of the whole length.
 * @param {Point[]} points
 * @param {number} share
 * @returns {Point}
 */
export function along(points, share) {
  const lengths = points.slice(1).map((p, i) => Math.hypot(p.x - points[i].x, p.y - points[i].y));
  let left = Math.min(1, Math.max(0, share)) * lengths.reduce((a, x) => a + x, 0);
  for (const [i, length] of lengths.entries()) {
    if (left > length && i + 1 < lengths.length) left -= length;
    else {
      const part = length ? Math.min(1, left / length) : 0;
      const [a, b] = [points[i], points[i + 1]];
      return { x: a.x + (b.x - a.x) * part, y: a.y + (b.y - a.y) * part };
    }
  }
  return points[0];
}

/** @param {string} id */
function tip(id) {
  const size = { viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7 };
  return svg("marker", { id, ...size, orient: "auto-start-reverse" }, svg("path", { d: "M0 0L8 4L0 8z" }));
}
