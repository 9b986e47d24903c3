// What is known about the run so far: its state, and one row per learner and step.

import { absence } from "./tokens.js";

/** @import { LearnerState, Live, RunState, StepRow } from "./types.js" */

const ACTIVE = new Set(["queued", "running", "paused"]);

export class Model {
  /** @type {RunState | null} */
  run = null;
  /** @type {LearnerState[]} */
  learners = [];
  /** @type {unknown[]} */
  events = [];
  /** @type {Map<string, Map<number, StepRow>>} learner → step → row */
  rows = new Map();
  /** @type {number[]} the steps that any learner made, in order */
  steps = [];
  cursor = 0;

  /**
   * Takes in an answer of the live address; says whether rows came.
   * @param {Live} live
   */
  apply(live) {
    if (live.whole) this.rows = new Map();
    ({ run: this.run, learners: this.learners, events: this.events, cursor: this.cursor } = live);
    for (const row of live.rows) {
      const own = this.rows.get(row.learner) ?? new Map();
      this.rows.set(row.learner, own.set(row.step, row));
    }
    const forgotten = this.#forget();
    if (live.rows.length || live.whole || forgotten) {
      this.steps = [...new Set([...this.rows.values()].flatMap((x) => [...x.keys()]))].sort((a, b) => a - b);
    }
    return live.rows.length > 0;
  }

  /** A run that goes on from a checkpoint has left the steps after it behind. */
  #forget() {
    let any = false;
    for (const { name, step } of this.learners) {
      const own = this.rows.get(name);
      for (const made of own?.keys() ?? []) if (made > step) any = own?.delete(made) || any;
    }
    return any;
  }

  get active() {
    return ACTIVE.has(this.run?.status ?? "") || this.learners.some((x) => ACTIVE.has(x.status));
  }

  /**
   * @param {string} learner
   * @param {number | null | undefined} step
   */
  row(learner, step) {
    return this.rows.get(learner)?.get(step ?? -1) ?? null;
  }

  /**
   * Why a learner's row of a step lacks a number, as the name of a label: "none" where there is no such thing (or not at
   * this step), "not_recorded" where it could have been measured and was not.
   * @param {string} learner
   * @param {string} column
   * @param {number | null | undefined} step
   */
  absence(learner, column, step) {
    const known = this.learners.find((x) => x.name === learner);
    if (!known || !this.row(learner, step)) return "none";
    const rows = [...(this.rows.get(learner)?.values() ?? [])];
    const measured = [...(this.run?.at_evaluations ?? []), ...(known.at_evaluations ?? [])].includes(column);
    const nowAndThen = measured && rows.some((row) => (row[column] ?? null) !== null);
    return nowAndThen ? "none" : absence(column, known);
  }

  /**
   * The last step up to this one of which a learner has one of these numbers; this one where it has none of any.
   * @param {string} learner
   * @param {string[]} columns
   * @param {number | null} step
   */
  measuredAt(learner, columns, step) {
    const known = (/** @type {StepRow} */ row) => columns.some((x) => (row[x] ?? null) !== null);
    const steps = [...(this.rows.get(learner)?.values() ?? [])].filter(known).map((row) => row.step);
    const before = steps.filter((x) => x <= (step ?? -1));
    return before.length ? Math.max(...before) : step;
  }

  /** @param {string} learner */
  lastStep(learner) {
    const rows = this.rows.get(learner);
    return rows?.size ? Math.max(...rows.keys()) : -1;
  }

  /**
   * The newest step to show while following: one that all learners have finished, or while some work, all of those. Only
   * where one has none at all it is the newest of any.
   */
  newest() {
    const busy = this.learners.filter((x) => ACTIVE.has(x.status)).map((x) => this.lastStep(x.name));
    const all = this.learners.map((x) => this.lastStep(x.name));
    const common = Math.min(...(busy.length ? busy : all));
    const step = this.learners.length && common >= 0 ? common : Math.max(-1, ...all);
    return step >= 0 ? step : null;
  }

  /**
   * The kept step closest to a wished one.
   * @param {number} step
   */
  nearest(step) {
    if (!this.steps.length) return null;
    return this.steps.reduce((best, x) => (Math.abs(x - step) < Math.abs(best - step) ? x : best));
  }

  /**
   * Names the content of a step as the server does: it changes when a resumed run makes the step again.
   * @param {number} step
   */
  revision(step) {
    const made = [...this.rows.keys()].sort().map((name) => this.row(name, step)?.revision);
    return made.filter(Boolean).join("-");
  }
}
