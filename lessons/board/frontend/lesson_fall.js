// What a response was worth while it was written: token by token, its measured true value, the critic's, and the one
// number that the group has for all. A value stands between two tokens: after what is written, before what comes.

import { between, path, upTo } from "./curve.js";
import { el, say, svg } from "./dom.js";
import { fill, fixed, plain } from "./format.js";
import { columnOf, linesOf } from "./lesson_credits.js";
import { Picture } from "./picture.js";
import { chipText, named } from "./tokens.js";

/** @import { Point } from "./curve.js" */
/**
 * `true`, `low`, `high` and `critic` have a number for each token, of what is written before it; `mean` is the group's.
 * `slip`: the place of the token at which the truth falls furthest.
 * @typedef {import("./picture.js").Shown & { tokens: string[], true: number[], low: number[], high: number[],
 *   critic: number[], mean: number, reward: number, slip: number }} SentFall
 */
/**
 * A line of tokens with its part of the picture.
 * @typedef {object} Line
 * @property {number} from its first token
 * @property {SVGElement[]} chips
 * @property {Record<string, SVGElement>} paths by name
 * @property {Record<string, Point[]>} points by name
 */

const LEFT = 30;
const [TOP, CHIP, GAP] = [6, 30, 8]; // pixels above the chart, of the tokens below it, and between the two
const [TALL, LOW] = [210, 120]; // pixels of a chart: of one alone, of each of several
const NARROWEST = 13.5; // pixels of a token, where it is one sign
const WIDEST = 1100;
const LINES = /** @type {const} */ (["true", "critic", "mean"]);
/** @type {Record<string, string>} */
const COLOURS = { true: "green", critic: "blue", mean: "orange" };

/** @extends {Picture<SentFall>} */
export default class Fall extends Picture {
  /** @type {Line[]} */
  #lines = [];

  /** @param {{ root: HTMLElement }} options */
  constructor({ root }) {
    super(root, "fall");
  }

  /** @override @param {SentFall} sent */
  lastOf(sent) {
    return sent.tokens.length;
  }

  /** @override @param {SentFall} sent @param {number} width */
  layOut(sent, width) {
    say(this.title, sent.words.title);
    this.legend(LINES.map((name) => ({ name: sent.words[name], line: sample(name) })));
    const room = Math.min(WIDEST, width);
    const short = sent.tokens.every((x) => [...chipText(x).text].length === 1 || chipText(x).size === "small");
    const fitting = (room - LEFT) / sent.tokens.length - 1.01; // linesOf has a pixel between two
    const column = Math.max(short ? NARROWEST : columnOf(sent.tokens), Math.min(columnOf(sent.tokens), fitting));
    const lines = linesOf(sent.tokens.length, room, column, LEFT);
    const height = lines.length > 1 ? LOW : TALL;
    const each = Math.max(...lines.map(([from, to]) => to - from));
    const step = Math.min((room - LEFT - 4) / each, 2 * column + 8);
    const drawn = lines.map(([from, to]) => this.#line(sent, { from, to }, step, height));
    this.#lines = drawn.map((x) => x.line);
    this.figure.replaceChildren(...drawn.map((x) => x.drawing));
  }

  /**
   * @param {SentFall} sent
   * @param {{ from: number, to: number }} tokens
   * @param {number} step pixels of a token
   * @param {number} height
   */
  #line(sent, { from, to }, step, height) {
    const high = Math.max(1, ...sent.critic, ...sent.high);
    const low = Math.min(0, ...sent.critic, ...sent.low);
    const y = (/** @type {number} */ v) => TOP + ((high - v) / (high - low)) * (height - TOP);
    const x = (/** @type {number} */ n) => LEFT + (n - from) * step;
    const last = Math.min(to, sent.tokens.length - 1); // after the last token comes nothing that has a value
    const places = [...Array(last - from + 1).keys()].map((i) => from + i);
    const of = (/** @type {number[]} */ values) => places.map((n) => /** @type {Point} */ ([x(n), y(values[n])]));
    const points = {
      true: of(sent.true),
      low: of(sent.low),
      high: of(sent.high),
      critic: of(sent.critic),
      mean: places.map((n) => /** @type {Point} */ ([x(n), y(sent.mean)])),
    };
    const right = x(to);
    const grid = [0, 0.5, 1].flatMap((v) => [
      svg("line", { x1: LEFT, x2: right, y1: y(v), y2: y(v), class: v ? "grid" : "axis" }),
      svg("text", { x: LEFT - 6, y: y(v) + 4, "text-anchor": "end", text: fixed(v, v === 0.5 ? 1 : 0) }),
    ]);
    const chips = sent.tokens.slice(from, to).map((token, i) => chip(token, from + i, x(from + i), step, height));
    const band = svg("path", { class: "band green" });
    const lines = LINES.map((name) => svg("path", { class: `trail ${COLOURS[name]} ${name}` }));
    const dots = svg("path", { class: "dots green" });
    const paths = { band, dots, ...Object.fromEntries(LINES.map((name, i) => [name, lines[i]])) };
    const all = height + GAP + CHIP;
    const parts = [...grid, band, ...lines.toReversed(), dots, ...chips];
    const width = right + 4;
    const drawing = svg("svg", { viewBox: `0 0 ${width} ${all}`, width, height: all, "aria-hidden": true }, parts);
    return { line: { from, chips, paths, points }, drawing };
  }

  /** @override @param {SentFall} _sent @param {number} at */
  glide(_sent, at) {
    for (const { from, paths, points } of this.#lines) {
      const part = at < from || (at === from && from > 0) ? -1 : at - from;
      const there = Object.fromEntries(Object.entries(points).map(([name, x]) => [name, upTo(x, part)]));
      for (const name of LINES) paths[name].setAttribute("d", path(there[name]));
      paths.band.setAttribute("d", between(there.high, there.low));
    }
  }

  /** @override @param {SentFall} sent @param {number} written */
  paint(sent, written) {
    for (const { from, chips, paths, points } of this.#lines) {
      const marked = points.true.slice(0, Math.max(0, written - from + 1));
      paths.dots.setAttribute("d", marked.map(([x, y]) => `M${x.toFixed(1)} ${y.toFixed(1)}h0`).join(""));
      chips.forEach((node, i) => {
        node.classList.toggle("there", from + i < written);
        node.classList.toggle("newest", from + i === written - 1 && written < sent.tokens.length);
        node.classList.toggle("slip", from + i === sent.slip && sent.slip < written);
      });
    }
    const n = Math.min(written, sent.tokens.length - 1);
    this.setValues([sent.true[n], sent.critic[n], sent.mean].map((x) => fixed(x, 2))); // in the order of LINES
  }

  /** @override @param {SentFall} sent @param {number} at */
  says(sent, at) {
    const { words, tokens } = sent;
    const now = (/** @type {number} */ n) => ({
      true_after: fixed(sent.true[n], 2),
      low: fixed(sent.low[n], 2),
      high: fixed(sent.high[n], 2),
      critic_after: fixed(sent.critic[n], 2),
    });
    if (at === 0) return fill(words.start, now(0));
    const place = { token: named(chipText(tokens[at - 1]).text), n: at, all: tokens.length };
    const before = { true_before: fixed(sent.true[at - 1], 2), critic_before: fixed(sent.critic[at - 1], 2) };
    if (at === tokens.length) return fill(words.end, { ...place, ...before, reward: plain(sent.reward) });
    return fill(words.token, { ...place, ...before, ...now(at) });
  }
}

/**
 * @param {string} token
 * @param {number} at its place
 * @param {number} x
 * @param {number} step
 * @param {number} height of the chart
 */
function chip(token, at, x, step, height) {
  const { text, size } = chipText(token);
  const frame = svg("rect", { x: x + 0.5, y: height + GAP, width: Math.max(1, step - 1), height: CHIP - 2, rx: 4 });
  const word = svg("text", { x: x + step / 2, y: height + GAP + CHIP / 2 + 4.5, "text-anchor": "middle", text });
  return svg("g", { class: `chip ${size}`, data: { n: at + 1 } }, frame, word);
}

/** A piece of a line. @param {string} name */
function sample(name) {
  const trail = svg("path", { d: "M1 5H23", class: `trail ${COLOURS[name]} ${name}` });
  return el("span", {}, svg("svg", { width: 24, height: 10, "aria-hidden": true }, trail));
}
