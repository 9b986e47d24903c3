// Who learns, how far, in which state, and how long it still takes; and the switches of the board.

import { isRecorded } from "./axis.js";
import { attr, el, say } from "./dom.js";
import { duration, fill, isNumber, learnerTitle } from "./format.js";
import { sample } from "./line.js";
import { tell } from "./messages.js";
import { Preparing } from "./preparing.js";

/** @import { Model } from "./model.js" */
/** @import { Labels } from "./labels.js" */
/** @import { ColourNames } from "./strip_types.js" */
/** @import { LearnerState, StepRow } from "./types.js" */

/** @typedef {{ follow: () => void, pause: () => void, axis: (x: string) => void, resetZoom: () => void }} Handlers */

const SLOW = 1; // seconds a step from which on a person wants to know

export class Progress {
  /** @type {Map<string, ReturnType<typeof bar>>} */
  #bars = new Map();

  /** @param {{ labels: Labels, choices: string[], on: Handlers }} options */
  constructor({ labels, choices, on }) {
    this.labels = labels;
    this.bars = el("div", { class: "bars" });
    this.preparing = new Preparing({ labels });
    this.time = el("span", { class: "chipline", data: { testid: "time" } });
    this.follow = toggle(labels.follow, "follow", on.follow);
    this.pause = toggle(labels.pause_updates, "pause", on.pause);
    const reset = { type: "button", text: labels.reset_zoom, hidden: true, data: { testid: "reset-zoom" } };
    this.reset = el("button", { ...reset, onclick: () => on.resetZoom() });
    this.copy = el("button", { type: "button", text: labels.copy_link, onclick: () => this.#copy() });
    this.axis = el(
      "select",
      { "aria-label": labels.x_axis, data: { testid: "x-axis" } },
      choices.map((x) => el("option", { value: x, text: labels.axes[x] })),
    );
    this.axis.onchange = () => on.axis(this.axis.value);
    this.outcome = el("span", { class: "unseen", role: "status" });
    this.alert = el("p", { class: "alert", role: "alert", hidden: true });
    const axis = el("label", { class: "axis" }, el("span", { text: labels.x_axis }), this.axis);
    this.charted = el("div", { class: "switches" }, this.reset, axis); // what the charts show: it stands beside them
    this.watched = el("div", { class: "switches" }, this.follow, this.pause); // they stand beside the step on show
    const switches = el("div", { class: "switches" }, this.copy, this.outcome);
    const line = el("div", { class: "line1" }, this.bars, this.time, switches);
    this.root = el("div", { class: "progress" }, line, this.preparing.root, this.alert);
  }

  /**
   * @param {Model} model
   * @param {ColourNames} colours
   * @param {{ following: boolean, paused: boolean, x: string, trouble: string | null }} state
   */
  draw(model, colours, { following, paused, x, trouble }) {
    for (const learner of model.learners) this.#bar(learner, colours[learner.name], model.lastStep(learner.name) + 1);
    this.preparing.draw(model);
    say(this.follow, model.active ? this.labels.follow : this.labels.last_step);
    attr(this.follow, "aria-pressed", following);
    this.pause.hidden = !model.active && !paused; // nothing comes any more
    attr(this.pause, "aria-pressed", paused);
    this.#offerAxes(model);
    if (this.axis.value !== x) this.axis.value = x;
    attr(this.axis, "title", this.labels.axes_help[x]);
    say(this.time, paused ? this.labels.updates_paused : times(model, this.labels));
    // What failed is said by the page above, for the whole run; here only what this view itself cannot do.
    say(this.alert, trouble ?? "");
    this.alert.hidden = !trouble;
  }

  /**
   * An axis for which the run has no numbers says so, and cannot be chosen.
   * @param {Model} model
   */
  #offerAxes(model) {
    const { axes, axis_missing } = this.labels;
    for (const option of this.axis.options) {
      option.disabled = !isRecorded(model.rows, option.value);
      say(option, option.disabled ? fill(axis_missing, { axis: axes[option.value] }) : axes[option.value]);
    }
  }

  /** @param {boolean} is */
  zoomed(is) {
    this.reset.hidden = !is;
  }

  /**
   * @param {LearnerState} learner
   * @param {string} colour
   * @param {number} done steps
   */
  #bar(learner, colour, done) {
    const { labels } = this;
    const name = learnerTitle(labels, learner.name);
    const known = this.#bars.get(learner.name) ?? bar(name, learner.name, colour, this.#bars.size);
    if (!this.#bars.has(learner.name)) this.bars.append(known.root);
    this.#bars.set(learner.name, known);
    known.share.style.width = `${Math.min(100, (100 * done) / Math.max(1, learner.steps))}%`;
    attr(known.track, "aria-label", `${name}: ${labels.progress}`);
    attr(known.track, "aria-valuemax", learner.steps);
    attr(known.track, "aria-valuenow", done);
    say(known.text, fill(labels.step_of, { step: done, steps: learner.steps }));
    say(known.state, labels.states[learner.status] ?? learner.status);
    known.state.dataset.status = learner.status;
    if (learner.reason) attr(known.state, "title", tell(learner.reason, labels.messages));
    else known.state.removeAttribute("title");
  }

  async #copy() {
    let sentence = this.labels.copied;
    try {
      await navigator.clipboard.writeText(window.location.href);
    } catch {
      sentence = fill(this.labels.copy_yourself, { link: window.location.href });
    }
    say(this.outcome, sentence);
    this.copy.textContent = sentence === this.labels.copied ? `✓ ${sentence}` : this.labels.copy_link;
    this.outcome.classList.toggle("unseen", sentence === this.labels.copied);
    setTimeout(() => say(this.copy, this.labels.copy_link), 1800);
  }
}

/** @type {(text: string, testid: string, onclick: () => void) => HTMLButtonElement} */
const toggle = (text, testid, onclick) =>
  el("button", { type: "button", "aria-pressed": "false", text, data: { testid }, onclick: () => onclick() });

/**
 * @param {string} title
 * @param {string} name
 * @param {string} colour
 * @param {number} index the learner's place in its run
 */
function bar(title, name, colour, index) {
  const [share, text, state] = [el("u"), el("span", { class: "count" }), el("span", { class: "state" })];
  const track = el("div", { class: "track", role: "progressbar", "aria-valuemin": 0 }, share);
  const style = { "--c": `var(--learner-${colour})`, "--i": `var(--ink-${colour})` };
  const props = { class: "bar", data: { learner: name }, style };
  const root = el("div", props, el("b", { title }, sample(colour, index), title), track, text, state);
  return { root, track, share, text, state };
}

/**
 * How long the run has trained, how long a step takes, and how long it still needs, as far as that is known.
 * @param {Model} model
 * @param {Labels} labels
 */
export function times(model, labels) {
  const rows = model.learners.map((x) => ({ learner: x, last: model.row(x.name, model.lastStep(x.name)) }));
  if (rows.every(({ last }) => !last)) return model.active ? "" : labels.no_step_yet;
  const elapsed = Math.max(...rows.map(({ last }) => (isNumber(last?.wall_time_s) ? last.wall_time_s : -1)));
  if (elapsed < 0) return labels.time_unknown;
  const left = rows.flatMap(({ learner, last }) => {
    const goesOn = learner.status === "running" && last && last.step + 1 < learner.steps;
    return goesOn ? [pace(model, learner, last) * (learner.steps - last.step - 1)] : [];
  });
  const parts = [fill(labels.elapsed, { time: duration(elapsed, labels) })];
  const slowest = Math.max(...rows.map(({ learner, last }) => pace(model, learner, last)));
  if (slowest >= SLOW) parts.push(fill(labels.pace, { time: duration(slowest, labels) }));
  if (left.length) parts.push(fill(labels.left, { time: duration(Math.max(...left), labels) }));
  return parts.join(" · ");
}

/**
 * Seconds a step, over the last ten; 0 where it is not known.
 * @param {Model} model
 * @param {LearnerState} learner
 * @param {StepRow | null} last
 */
function pace(model, learner, last) {
  if (!last || !isNumber(last.wall_time_s)) return 0;
  const before = model.row(learner.name, Math.max(0, last.step - 10));
  const n = before ? last.step - before.step : 0;
  return before && n > 0 && isNumber(before.wall_time_s)
    ? (last.wall_time_s - before.wall_time_s) / n
    : last.wall_time_s / (last.step + 1);
}
