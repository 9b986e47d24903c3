// Pairs under a reward model in the making: after each update the rewards of the preferred reply and of the other one, on
// one scale. A row a pair.

import { attr, el, say, svg } from "./dom.js";
import { fixed, signed } from "./format.js";
import { Picture } from "./picture.js";
import { ticksOn } from "./scatter_axes.js";

/**
 * Rewards and `sure` (the probability that the model gives to the label) have a number before any update and after each.
 * @typedef {{ prompt: string, chosen: string, rejected: string, chosen_rewards: number[], rejected_rewards: number[],
 *   sure: number[] }} Margin
 */
/**
 * By update: `means` of the preferred replies' rewards and of the others', `loss` of all pairs that are held out.
 * @typedef {import("./picture.js").Shown & { pairs: Margin[], means: [number[], number[]], loss: number[],
 *   says: string[] }} SentMargins
 */
/** @typedef {{ chosen: SVGElement, rejected: SVGElement, gap: SVGElement, sure: HTMLElement, root: HTMLElement }} Row */

const [HEIGHT, AXIS, EDGE, MIDDLE] = [26, 20, 14, 13];
const NARROW = 640;

/** @extends {Picture<SentMargins>} */
export default class Margins extends Picture {
  /** @type {Row[]} */
  #rows = [];
  #x = (/** @type {number} */ reward) => reward;

  /** @param {{ root: HTMLElement }} options */
  constructor({ root }) {
    super(root, "margins");
  }

  /** @override @param {SentMargins} sent */
  lastOf({ loss }) {
    return loss.length - 1;
  }

  /** @override */
  secondsOf() {
    return 9;
  }

  /** @override @param {SentMargins} sent @param {number} width */
  layOut(sent, width) {
    const { pairs, words } = sent;
    say(this.title, words.title);
    this.legend([
      { name: words.chosen, line: sample("chosen") },
      { name: words.rejected, line: sample("rejected") },
      { name: words.loss, line: el("span") },
    ]);
    const all = pairs.flatMap((x) => [...x.chosen_rewards, ...x.rejected_rewards]);
    const [low, high] = [Math.min(...all), Math.max(...all)];
    const room = Math.round(width < NARROW ? width - 104 : Math.min(width, 1100) * 0.5);
    this.#x = (reward) => EDGE + ((reward - low) / (high - low || 1)) * (room - 2 * EDGE);
    const marks = ticksOn([low, high], 5);
    const lines = () =>
      marks.map((v) => svg("line", { class: v ? "grid" : "axis", x1: this.#x(v), x2: this.#x(v), y1: 0, y2: HEIGHT }));
    this.#rows = pairs.map((pair) => this.#row(pair, room, lines()));
    const numbers = marks.map((v) =>
      svg("text", { x: this.#x(v), y: AXIS - 6, "text-anchor": "middle", text: fixed(v, 1) }),
    );
    const head = el("div", { class: "line heads" });
    const scale = svg("svg", { width: room, height: AXIS, "aria-hidden": true }, numbers);
    head.append(el("span", { text: words.pair }), scale, el("span", { class: "sure", text: words.sure }));
    this.figure.replaceChildren(head, ...this.#rows.map((x) => x.root));
  }

  /**
   * @param {Margin} pair
   * @param {number} room
   * @param {SVGElement[]} lines
   * @returns {Row}
   */
  #row(pair, room, lines) {
    const gap = svg("line", { class: "gap", y1: MIDDLE, y2: MIDDLE });
    const [chosen, rejected] = [mark("chosen"), mark("rejected")];
    const replies = el("span", { class: "replies", title: pair.prompt });
    replies.append(el("span", { class: "chosen", text: `✓ ${pair.chosen}` }));
    replies.append(el("span", { class: "rejected", text: `✗ ${pair.rejected}` }));
    const sure = el("span", { class: "sure num" });
    const track = svg("svg", { width: room, height: HEIGHT, "aria-hidden": true }, lines, gap, rejected, chosen);
    return { chosen, rejected, gap, sure, root: el("div", { class: "line" }, replies, track, sure) };
  }

  /** @override @param {SentMargins} sent @param {number} at */
  glide(sent, at) {
    this.#rows.forEach(({ chosen, rejected, gap }, i) => {
      const { chosen_rewards, rejected_rewards } = sent.pairs[i];
      const [good, bad] = [this.#x(between(chosen_rewards, at)), this.#x(between(rejected_rewards, at))];
      chosen.setAttribute("transform", `translate(${good.toFixed(1)} ${MIDDLE})`);
      rejected.setAttribute("transform", `translate(${bad.toFixed(1)} ${MIDDLE})`);
      gap.setAttribute("x1", bad.toFixed(1));
      gap.setAttribute("x2", good.toFixed(1));
      attr(gap, "data-right", good > bad);
    });
  }

  /** @override @param {SentMargins} sent @param {number} at */
  paint(sent, at) {
    this.#rows.forEach(({ sure }, i) => {
      say(sure, fixed(sent.pairs[i].sure[at], 2));
    });
    const [chosen, rejected] = sent.means;
    this.setValues([signed(chosen[at], 2), signed(rejected[at], 2), fixed(sent.loss[at], 3)]);
  }

  /** @override @param {SentMargins} sent @param {number} at */
  says({ says }, at) {
    return says[at];
  }
}

/** A number between two updates. @param {number[]} values @param {number} at */
function between(values, at) {
  const before = values[Math.floor(at)];
  return before + (at - Math.floor(at)) * ((values[Math.floor(at) + 1] ?? before) - before);
}

/** A dot for the preferred reply, a ring for the other. @param {"chosen" | "rejected"} of */
const mark = (of) => svg("circle", { class: of, r: of === "chosen" ? 6 : 5 });

/** @param {"chosen" | "rejected"} of */
function sample(of) {
  const dot = mark(of);
  dot.setAttribute("transform", "translate(8 8)");
  return el("span", {}, svg("svg", { width: 16, height: 16, "aria-hidden": true }, dot));
}
