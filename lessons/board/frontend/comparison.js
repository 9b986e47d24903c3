// What each learner has spent so far, and what came of it: a row a learner under the charts.

import { el } from "./dom.js";
import { count, duration, fill, fixed, isNumber, learnerTitle } from "./format.js";
import { sample } from "./line.js";
import { nobodyHas } from "./tokens.js";

/** @import { Model } from "./model.js" */
/** @import { Labels } from "./labels.js" */
/** @import { ColourNames } from "./strip_types.js" */
/** @import { StepRow } from "./types.js" */

export const EARLY = 20; // a lead in the first steps is one of samples needed
export const LATE = 10; // where a run ends, one step alone says little
const DIGITS = 3;
const HEADS = ["learner", "trained", "scored", "time", "early", "late"];
const OF_SUCCESS = ["early", "late"];

/**
 * A mean of steps' own success rates, and over how many steps.
 * @typedef {{ mean: number, steps: number }} Success
 */

export class Comparison {
  #shape = "";

  /** @param {{ labels: Labels, colours: ColourNames }} options */
  constructor({ labels, colours }) {
    this.labels = labels;
    this.colours = colours;
    this.rows = el("tbody");
    const { compared: heads, compared_help: help } = labels;
    const head = HEADS.map((x) => el("th", { scope: "col", text: heads[x], title: help[x] ?? null, data: { of: x } }));
    const table = el("table", { class: "compared" }, el("thead", {}, el("tr", {}, head)), this.rows);
    const region = { role: "region", "aria-label": labels.comparison, tabindex: 0 };
    this.root = el("div", { class: "scroll", data: { testid: "comparison" }, ...region, hidden: true }, table);
    const list = Object.entries(help).map(([x, text]) =>
      el("div", { data: { of: x } }, el("dt", { text: heads[x] }), el("dd", { text })),
    );
    this.help = el(
      "details",
      { class: "fold", hidden: true, data: { testid: "how-counted" } },
      el("summary", { text: labels.how_counted }),
      el("dl", { class: "plain prose" }, list),
    );
  }

  /** @param {Model} model */
  draw(model) {
    const rows = model.learners.map(({ name, without }, index) => {
      const own = [...(model.rows.get(name)?.values() ?? [])].sort((a, b) => a.step - b.step);
      const hasSuccess = !without?.includes("success_rate");
      return { name, index, cells: this.#cells(summaryOf(own), own.length > 0, hasSuccess) };
    });
    const none = rows.every(({ name }) => !model.rows.get(name)?.size);
    this.root.hidden = this.help.hidden = none;
    const bare = nobodyHas(model.learners, ["success_rate"]); // no success at all: no column of it
    const shape = JSON.stringify([rows, bare]);
    if (none || shape === this.#shape) return;
    this.#shape = shape;
    this.rows.replaceChildren(
      ...rows.map(({ name, index, cells }) => {
        const style = { color: `var(--ink-${this.colours[name]})` };
        const head = el(
          "th",
          { scope: "row", style },
          sample(this.colours[name], index),
          el("b", {}, learnerTitle(this.labels, name)),
        );
        return el("tr", { data: { learner: name } }, head, ...cells.map((x, i) => cell(x, HEADS[i + 1])));
      }),
    );
    for (const part of [this.root, this.help].flatMap((x) => [...x.querySelectorAll("[data-of]")])) {
      if (part instanceof HTMLElement) part.hidden = bare && OF_SUCCESS.includes(part.dataset.of ?? "");
    }
  }

  /**
   * What stands in each cell, and below it in small letters.
   * @param {ReturnType<typeof summaryOf>} of
   * @param {boolean} begun
   * @param {boolean} hasSuccess whether such a learner has a success at all
   * @returns {string[][]}
   */
  #cells({ trained, scored, seconds, early, late }, begun, hasSuccess) {
    const { labels } = this;
    const none = begun ? labels.not_recorded : labels.none;
    const no = hasSuccess ? none : labels.none;
    const time = isNumber(seconds) ? duration(seconds, labels) : none;
    return [
      [count(trained, none)],
      [count(scored, none)],
      [time],
      this.#success(early, EARLY, no),
      this.#success(late, LATE, no),
    ];
  }

  /**
   * @param {Success | null} success
   * @param {number} wanted steps
   * @param {string} none
   */
  #success(success, wanted, none) {
    if (!success) return [none];
    const mean = fixed(success.mean, DIGITS);
    return success.steps === wanted ? [mean] : [mean, fill(this.labels.of_steps, { n: success.steps })];
  }
}

/**
 * @param {string[]} lines
 * @param {string} of what it tells
 */
const cell = ([text, below], of) =>
  el("td", { data: { of } }, text, ...(below ? [" ", el("small", { text: below })] : []));

/**
 * What a learner's rows, in the order of their steps, add up to; null where they do not tell.
 *
 * Success is the mean of the steps' own success rates, over the first EARLY and the last LATE steps, as the recorded
 * studies have it; of a shorter run, over the steps that there are. Seconds are those of the steps' own work (sampling,
 * scoring, credit, updates), or, where a row of it is not here, all that the learner's clock says.
 * @param {StepRow[]} rows
 */
export function summaryOf(rows) {
  const last = rows.at(-1);
  if (!last) return { trained: null, scored: null, seconds: null, early: null, late: null };
  const whole = rows.length === last.step + 1; // of very long runs, a viewer is sent a part
  const times = rows.map((x) => x.step_time_s);
  return {
    trained: last.responses_trained ?? null,
    scored: last.samples_seen ?? null,
    seconds: whole && times.every(isNumber) ? sum(times) : (last.wall_time_s ?? null),
    early: successOf(rows, 0, Math.min(EARLY, last.step + 1)),
    late: successOf(rows, Math.max(0, last.step + 1 - LATE), last.step + 1),
  };
}

/**
 * @param {StepRow[]} rows
 * @param {number} from the first step
 * @param {number} to the one after the last
 * @returns {Success | null} null where a step's rate is not here
 */
function successOf(rows, from, to) {
  const rates = rows.filter((x) => x.step >= from && x.step < to).map((x) => x.success_rate);
  return rates.length === to - from && rates.every(isNumber)
    ? { mean: sum(rates) / rates.length, steps: rates.length }
    : null;
}

/** @param {number[]} numbers */
const sum = (numbers) => numbers.reduce((all, x) => all + x, 0);
