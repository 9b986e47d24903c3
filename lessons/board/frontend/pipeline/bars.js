// Numbers as small bars inside a box: one a token of the followed response, or one a response of the group.

import { el } from "../dom.js";
import { fixed, isNumber, rewardText } from "../format.js";
import { coming, fade, grow, landed, leaving } from "./painted.js";
import { arrival, doneAt, STATIONS } from "./stations.js";

/** @import { Scale } from "../colours.js" */
/** @import { Value } from "../types.js" */
/** @import { Batch } from "./batch.js" */

const at = (/** @type {string} */ key) => STATIONS.findIndex((x) => x.key === key);
const [SCORED, COMPARED, CREDITED] = [at("reward"), at("baseline"), at("credit")];

/** A bar for each token, grown when the token has arrived. */
export class Bars {
  /** @type {HTMLElement[]} */
  #bars = [];

  /**
   * Which station grows them, and from where; `signed` ones stand around a line, `high` ones have more room.
   * @param {{ station: string, backward?: boolean, signed?: boolean, high?: boolean }} about
   */
  constructor({ station, backward = false, signed = false, high = false }) {
    this.station = at(station);
    this.backward = backward;
    this.signed = signed;
    this.root = el("span", { class: `bars-of${signed ? " signed" : ""}${high ? " high" : ""}`, "aria-hidden": "true" });
  }

  /**
   * @param {Value[]} values
   * @param {Scale} scale
   * @param {string} missing what to say where no number is known
   */
  draw(values, scale, missing) {
    if (!values.some(isNumber)) {
      this.#bars = [];
      this.root.replaceChildren(el("span", { class: "missing", text: missing }));
      return;
    }
    const range = rangeOf(values, this.signed);
    this.root.style.setProperty("--zero", percent(range.low / (range.low + range.high)));
    const columns = values.map((value) => column(value, range, scale));
    this.#bars = columns.map((x) => x.bar);
    this.root.replaceChildren(...columns.map((x) => x.root));
  }

  /** @param {number} position */
  paint(position) {
    this.show(doneAt(this.station, position));
  }

  /** @param {number} done how much of its station is */
  show(done) {
    const n = this.#bars.length;
    for (const [i, bar] of this.#bars.entries()) grow(bar, landed(arrival(this.backward ? n - 1 - i : i, n, done)));
  }
}

/** @typedef {{ low: number, high: number }} Range how far numbers go below the line of 0, and above it; both at least 0 */

/**
 * Around the line where numbers are signed, or where one of them is below 0 all the same; else from 0 to 1 at least.
 * @param {Value[]} values
 * @param {boolean} signed
 * @returns {Range}
 */
export function rangeOf(values, signed) {
  const known = /** @type {number[]} */ (values.filter(isNumber));
  const most = Math.max(1e-9, ...known.map(Math.abs));
  if (signed) return { low: most, high: most };
  return { low: Math.max(0, ...known.map((x) => -x)), high: Math.max(1, ...known) };
}

/** @param {number} share */
const percent = (share) => `${(100 * share).toFixed(1)}%`;

/**
 * A bar as high as its number, above the line of 0 or below it.
 * @param {Value} value
 * @param {Range} range
 * @param {Scale} scale
 */
function column(value, { low, high }, scale) {
  const number = isNumber(value) ? /** @type {number} */ (value) : 0;
  const height = percent(Math.max(0.03, Math.abs(number) / (low + high)));
  const bar = el("i", { class: number < 0 ? "below" : "", style: { height } });
  bar.style.backgroundColor = (isNumber(value) && scale.colour(number)?.background) || "";
  return { root: el("span", { class: "column" }, bar), bar };
}

/** The group's rewards, and each against their mean. */
export class GroupBars {
  /** @type {{ bar: HTMLElement, reward: HTMLElement }[]} */
  #columns = [];

  constructor() {
    this.mean = el("span", { class: "mean" });
    this.row = el("span", { class: "bars-of signed tall" });
    this.rewards = el("span", { class: "reward-row" });
    this.root = el("span", { class: "group-of", "aria-hidden": "true" }, this.row, this.rewards, this.mean);
  }

  /**
   * @param {Batch} batch
   * @param {Scale} scale
   */
  draw(batch, scale) {
    const differences = batch.lanes.map((x) => batch.number("grpo", "advantage_raw", x.index));
    const range = rangeOf(differences, true);
    this.#columns = batch.lanes.map(({ index }, i) => {
      const { root, bar } = column(differences[i], range, scale);
      const followed = index === batch.focus ? "followed" : "";
      const reward = el("span", { class: followed, text: rewardText(batch.responses[index].reward, "–") });
      root.classList.toggle("followed", followed !== "");
      return { bar, reward };
    });
    const mean = fixed(batch.number("grpo", "baseline_value", batch.focus), 3, batch.sent.words.not_recorded);
    this.mean.textContent = batch.sent.words.mean_short.replace("{mean}", mean);
    this.rewards.replaceChildren(...this.#columns.map((x) => x.reward));
    this.row.replaceChildren(...this.#columns.map((x) => /** @type {HTMLElement} */ (x.bar.parentElement)));
  }

  /** @param {number} position */
  paint(position) {
    const [compared, credited] = [doneAt(COMPARED, position), doneAt(CREDITED, position)];
    const n = this.#columns.length;
    for (const [i, { bar, reward }] of this.#columns.entries()) {
      fade(reward, landed(arrival(i, n, compared)));
      grow(bar, landed(arrival(i, n, credited)));
    }
    fade(this.mean, landed(compared));
  }
}

/** Rewards in the reward's box: the followed response's, or the whole group's. */
export class Rewards {
  /** @type {HTMLElement[]} */
  #group = [];

  constructor() {
    this.one = el("span", { class: "layer" });
    this.all = el("span", { class: "layer" });
    this.root = el("span", { class: "rewards-of layers", "aria-hidden": "true" }, this.one, this.all);
  }

  /** @param {Batch} batch */
  draw(batch) {
    const { words } = batch.sent;
    const text = (/** @type {number} */ index) => rewardText(batch.responses[index].reward, words.unknown_short);
    const chip = (/** @type {number} */ index, /** @type {string} */ more) =>
      el("span", { class: `pebble${batch.responses[index].success ? " good" : ""}`, text: more + text(index) });
    this.one.replaceChildren(chip(batch.focus, `${batch.name(batch.focus)}: `));
    this.#group = batch.lanes.map(({ index }) => chip(index, ""));
    this.all.replaceChildren(...this.#group);
  }

  /** @param {number} position @param {number} morph */
  paint(position, morph) {
    const done = doneAt(SCORED, position);
    fade(this.one, leaving(morph) * landed(done));
    fade(this.all, coming(morph));
    for (const [i, chip] of this.#group.entries()) fade(chip, landed(arrival(i, this.#group.length, done)));
  }
}
