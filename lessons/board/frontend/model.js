// What is known about the run so far: its state, and one row per learner and step.

import { absence } from "./tokens.js";

const ACTIVE = new Set(["queued", "running", "paused"]);

export class Model {
  run = null;
  learners = [];
  events = [];
  rows = new Map(); // learner → Map(step → row)
  cursor = 0;

  /** Takes in an answer of the live address; says whether rows came. */
  apply(live) {
    if (live.whole) this.rows = new Map();
    ({ run: this.run, learners: this.learners, events: this.events, cursor: this.cursor } = live);
    for (const row of live.rows) {
      if (!this.rows.has(row.learner)) this.rows.set(row.learner, new Map());
      this.rows.get(row.learner).set(row.step, row);
    }
    const forgotten = this.#forget();
    if (live.rows.length || live.whole || forgotten) this.steps = [...new Set([...this.rows.values()].flatMap((x) => [...x.keys()]))].sort((a, b) => a - b);
    return live.rows.length > 0;
  }

  steps = [];

  /** A run that goes on from a checkpoint has left the steps after it behind. */
  #forget() {
    let any = false;
    for (const { name, step } of this.learners) {
      for (const made of this.rows.get(name)?.keys() ?? []) if (made > step) any = this.rows.get(name).delete(made) || any;
    }
    return any;
  }

  get active() {
    return ACTIVE.has(this.run?.status) || this.learners.some((x) => ACTIVE.has(x.status));
  }

  row(learner, step) {
    return this.rows.get(learner)?.get(step) ?? null;
  }

  /**
   * Why a learner's row of a step lacks a number, as the name of a label: "none" where there is no such thing (or not at
   * this step), "not_recorded" where it could have been measured and was not.
   */
  absence(learner, column, step) {
    if (!this.row(learner, step)) return "none";
    const now_and_then = column === "heldout_success" && [...this.rows.get(learner).values()].some((row) => row[column] !== null);
    return now_and_then ? "none" : absence(column, this.learners.find((x) => x.name === learner));
  }

  lastStep(learner) {
    const rows = this.rows.get(learner);
    return rows?.size ? Math.max(...rows.keys()) : -1;
  }

  /** The newest step to show while following: while learners work, one that all of those have finished. */
  newest() {
    const busy = this.learners.filter((x) => ACTIVE.has(x.status)).map((x) => this.lastStep(x.name));
    const all = this.learners.map((x) => this.lastStep(x.name));
    const step = busy.length && Math.min(...busy) >= 0 ? Math.min(...busy) : Math.max(-1, ...all);
    return step >= 0 ? step : null;
  }

  /** The kept step closest to a wished one. */
  nearest(step) {
    if (!this.steps.length) return null;
    return this.steps.reduce((best, x) => (Math.abs(x - step) < Math.abs(best - step) ? x : best));
  }

  /** Names the content of a step as the server does: it changes when a resumed run makes the step again. */
  revision(step) {
    const made = [...this.rows.keys()].sort().map((name) => this.row(name, step)?.revision);
    return made.filter(Boolean).join("-");
  }
}
