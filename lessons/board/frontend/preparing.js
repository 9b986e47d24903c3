// What learners do between the click on Start and their first step: a line and a bar for each thing that is being done.

import { attr, el, say } from "./dom.js";
import { duration, fill, isNumber, learnerTitle, sentences } from "./format.js";
import { kindOf, tell } from "./messages.js";

/** @import { Model } from "./model.js" */
/** @import { Labels } from "./labels.js" */
/** @import { LearnerState, RunState } from "./types.js" */

/** @typedef {{ text: string, kind: string, share: number | null }} Doing what is being done, and how much of it is */
/** @typedef {ReturnType<typeof line>} Line */

export class Preparing {
  /** @type {Line[]} as many as were ever needed at once */
  #lines = [];
  #kinds = "";

  /** @param {{ labels: Labels }} options */
  constructor({ labels }) {
    this.labels = labels;
    this.status = el("span", { class: "unseen", role: "status" });
    this.list = el("div");
    const props = { class: "preparing", data: { testid: "preparing" }, hidden: true };
    this.root = el("div", props, this.list, this.status);
  }

  /** @param {Model} model */
  draw(model) {
    /** @type {Map<string, Doing & { names: string[] }>} by sentence */
    const doing = new Map();
    for (const learner of model.learners) {
      const now = this.#now(learner, model.lastStep(learner.name) + 1, model.run);
      if (!now) continue;
      const same = doing.get(now.text) ?? { ...now, names: [] };
      same.names.push(learnerTitle(this.labels, learner.name));
      doing.set(now.text, same);
    }
    const all = [...doing.values()].map((x) => ({ ...x, who: x.names.join(", ") }));
    while (this.#lines.length < all.length) this.#lines.push(line(this.list));
    this.#lines.forEach((one, i) => {
      one.root.hidden = i >= all.length;
      if (i < all.length) show(one, all[i].who, all[i]);
    });
    this.root.hidden = !all.length;
    // A screen reader hears of each new thing once, not of every megabyte and of every token.
    const kinds = all.map(({ kind }) => kind).join();
    if (kinds !== this.#kinds) say(this.status, all.map(({ who, text }) => `${who}: ${text}`).join(" "));
    this.#kinds = kinds;
  }

  /**
   * What a learner is doing before its first step (or before it goes on); nothing if it trains or does not run.
   * @param {LearnerState} learner
   * @param {number} done steps
   * @param {RunState | null} run
   * @returns {Doing | null}
   */
  #now(learner, done, run) {
    const { labels } = this;
    /** @type {(text: string) => Doing} */
    const plain = (text) => ({ text, kind: text, share: null });
    if (learner.preparing) {
      const { text, share } = learner.preparing;
      return { text: tell(text, labels.messages), kind: kindOf(text), share };
    }
    if (learner.status === "running" && done >= learner.steps) return plain(labels.concluding);
    if (done) return null;
    if (learner.status === "queued")
      return run?.waiting ? queued(run.waiting, labels) : plain(labels.waiting_for_worker);
    if (learner.status === "running") return plain(learner.start_hash ? labels.first_step : labels.worker_starts);
    return null;
  }
}

/**
 * Which place in the queue, and how long it will take; who cannot see hears of each place once, not of every second.
 * @param {NonNullable<RunState["waiting"]>} waiting
 * @param {Labels} labels
 * @returns {Doing}
 */
function queued({ place, wait_s: seconds }, labels) {
  const wait = seconds === null ? labels.queue_unknown : fill(labels.queue_wait, { time: duration(seconds, labels) });
  return { text: sentences([fill(labels.queue_place, { place }), wait]), kind: `place ${place}`, share: null };
}

/** @param {HTMLElement} list */
function line(list) {
  const [who, text, share] = [el("b"), el("span", { class: "sentence" }), el("u")];
  const bar = { class: "track", role: "progressbar", "aria-valuemin": 0, "aria-valuemax": 100 };
  const track = el("div", bar, share);
  const root = el("div", { class: "bar" }, who, track, text);
  list.append(root);
  return { root, who, text, track, share };
}

/** @type {(line: Line, who: string, doing: Doing) => void} */
function show(line, who, { text, share }) {
  const known = isNumber(share);
  say(line.who, who);
  say(line.text, text);
  attr(line.track, "aria-label", `${who}: ${text}`);
  line.track.classList.toggle("unknown", !known);
  if (known) attr(line.track, "aria-valuenow", Math.round(100 * share));
  else line.track.removeAttribute("aria-valuenow");
  line.share.style.width = known ? `${Math.min(100, 100 * share)}%` : "";
}
