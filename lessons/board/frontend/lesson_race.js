// A recorded race: each learner's success over the steps, the mean over seeds with its spread, drawn as the steps go by.

import { between, path, upTo } from "./curve.js";
import { attr, el, say, svg } from "./dom.js";
import { count, fixed } from "./format.js";
import { Picture } from "./picture.js";
import { ticksOn } from "./scatter_axes.js";

/** @import { Point } from "./curve.js" */
/**
 * `mean` and `spread` have a number for each step; `dash` is the line's pattern in pixels.
 * @typedef {{ name: string, colour: string, dash: number[], mean: number[], spread: number[] }} Racer
 */
/**
 * `every`: a number stands for so many steps, the first for none; without it each step has one.
 * `says`: what the seeds tell after none of the steps, after one, …; `spoken`: with each learner's number.
 * @typedef {import("./picture.js").Shown & { racers: Racer[], says: string[], spoken: string[], every?: number }} SentRace
 */

const HEIGHT = 260;
const [LEFT, RIGHT, TOP, BOTTOM] = [40, 16, 8, 34];
const WIDEST = 1100;

/** @extends {Picture<SentRace>} */
export default class Race extends Picture {
  /** @type {{ mean: Point[], above: Point[], below: Point[] }[]} */
  #curves = [];
  /** @type {{ trail: SVGElement, band: SVGElement, end: SVGElement }[]} */
  #drawn = [];

  /** @param {{ root: HTMLElement }} options */
  constructor({ root }) {
    super(root, "race");
    this.fixed = svg("g", {});
    this.moving = svg("g", {});
    this.svg = svg("svg", { "aria-hidden": true }, this.fixed, this.moving);
    this.figure.append(this.svg);
  }

  /** @override @param {SentRace} sent */
  lastOf(sent) {
    return sent.racers[0].mean.length;
  }

  /** @override */
  secondsOf() {
    return 9;
  }

  /** @override @param {SentRace} sent @param {number} width */
  layOut(sent, width) {
    say(this.title, sent.words.title);
    this.legend(sent.racers.map((racer) => ({ name: racer.name, line: sample(racer) })));
    const room = Math.min(WIDEST, width);
    attr(this.svg, "viewBox", `0 0 ${room} ${HEIGHT}`);
    attr(this.svg, "width", room);
    attr(this.svg, "height", HEIGHT);
    const ends = sent.racers.flatMap((x) => x.mean.flatMap((m, i) => [m - x.spread[i], m + x.spread[i]]));
    const [low, high] = [Math.min(...ends), Math.max(...ends)];
    const last = this.lastOf(sent);
    const x = (/** @type {number} */ step) => LEFT + ((step - 1) / Math.max(1, last - 1)) * (room - LEFT - RIGHT);
    const y = (/** @type {number} */ v) => TOP + ((high - v) / (high - low || 1)) * (HEIGHT - TOP - BOTTOM);
    const curve = (/** @type {number[]} */ values) => values.map((v, i) => /** @type {Point} */ ([x(i + 1), y(v)]));
    this.#curves = sent.racers.map(({ mean, spread }) => ({
      mean: curve(mean),
      above: curve(mean.map((m, i) => m + spread[i])),
      below: curve(mean.map((m, i) => m - spread[i])),
    }));
    this.#drawn = sent.racers.map(({ colour, dash }) => ({
      band: svg("path", { class: `band ${colour}` }),
      trail: svg("path", { class: `trail ${colour}`, "stroke-dasharray": dash.join(" ") || null }),
      end: svg("circle", { class: `end ${colour}`, r: 4.5 }),
    }));
    this.moving.replaceChildren(...this.#drawn.map((d) => d.band), ...this.#drawn.flatMap((d) => [d.trail, d.end]));
    const text = (/** @type {number} */ at, /** @type {number} */ down, /** @type {string} */ t, anchor = "middle") =>
      svg("text", { x: at, y: down, "text-anchor": anchor, text: t });
    const grid = ticksOn([low, high], 4).flatMap((v) => [
      svg("line", { x1: LEFT, x2: room - RIGHT, y1: y(v), y2: y(v), class: "grid" }),
      text(LEFT - 6, y(v) + 4, fixed(v, 1), "end"),
    ]);
    // At evaluations alone, and no more of them than there is room for.
    const widest = count((last - 1) * (sent.every ?? 1)).length;
    const most = Math.min(12, Math.floor((room - LEFT - RIGHT) / (9 * widest)));
    const evaluations = ticksOn([0, last - 1], most).filter(Number.isInteger);
    const marks = sent.every ? evaluations.map((n) => n + 1) : [1, ...ticksOn([2, last], 6)];
    const label = (/** @type {number} */ n) => count(sent.every ? (n - 1) * sent.every : n);
    const steps = marks.map((n) => text(x(n), HEIGHT - BOTTOM + 15, label(n)));
    this.fixed.replaceChildren(...grid, ...steps, text((LEFT + room) / 2, HEIGHT - 3, sent.words.steps));
  }

  /** @override @param {SentRace} _sent @param {number} at steps that have gone by */
  glide(_sent, at) {
    this.#drawn.forEach(({ trail, band, end }, i) => {
      const { mean, above, below } = this.#curves[i];
      const line = upTo(mean, at - 1);
      trail.setAttribute("d", path(line));
      band.setAttribute("d", between(upTo(above, at - 1), upTo(below, at - 1)));
      const head = line.at(-1);
      attr(end, "visibility", head ? "visible" : "hidden");
      if (head) end.setAttribute("transform", `translate(${head[0].toFixed(1)} ${head[1].toFixed(1)})`);
    });
  }

  /** @override @param {SentRace} sent @param {number} at */
  paint(sent, at) {
    this.setValues(sent.racers.map((racer) => success(racer, at, sent.words)));
  }

  /** @override @param {SentRace} sent @param {number} at */
  says(sent, at) {
    return sent.says[at];
  }

  /** @override @param {SentRace} sent @param {number} at */
  spoken(sent, at) {
    return sent.spoken[at];
  }
}

/**
 * At the newest of so many steps.
 * @param {Racer} racer
 * @param {number} n
 * @param {Record<string, string>} words
 */
const success = ({ mean, spread }, n, words) =>
  n ? `${fixed(mean[n - 1], 2)} ± ${fixed(spread[n - 1], 2)}` : words.none;

/** A piece of a line. @param {Racer} racer */
function sample({ colour, dash }) {
  const trail = svg("path", { d: "M1 5H27", class: `trail ${colour}`, "stroke-dasharray": dash.join(" ") || null });
  return el("span", {}, svg("svg", { width: 28, height: 10, "aria-hidden": true }, trail));
}
