// Who learns, how far, in which state, and how long it still takes; and the switches of the board.

import { attr, el, say } from "./dom.js";
import { duration, fill, isNumber } from "./format.js";
import { tell } from "./messages.js";
import { Preparing } from "./preparing.js";

const SLOW = 1; // seconds a step from which on a person wants to know

export class Progress {
  #bars = new Map();

  constructor({ labels, choices, on }) {
    Object.assign(this, { labels, on });
    const toggle = (label, key, handler) => el("button", { type: "button", "aria-pressed": false, text: label, data: { testid: key }, onclick: handler });
    this.bars = el("div", { class: "bars" });
    this.preparing = new Preparing({ labels });
    this.time = el("span", { class: "chipline", data: { testid: "time" } });
    this.follow = toggle(labels.follow, "follow", () => on.follow());
    this.pause = toggle(labels.pause_updates, "pause", () => on.pause());
    this.reset = el("button", { type: "button", text: labels.reset_zoom, hidden: true, onclick: on.resetZoom, data: { testid: "reset-zoom" } });
    this.copy = el("button", { type: "button", text: labels.copy_link, onclick: () => this.#copy() });
    this.axis = el("select", { "aria-label": labels.x_axis, onchange: () => on.axis(this.axis.value), data: { testid: "x-axis" } },
      choices.map((x) => el("option", { value: x, text: labels.axes[x] })));
    this.told = el("span", { class: "unseen", role: "status" });
    this.alert = el("p", { class: "alert", role: "alert", hidden: true });
    this.root = el("div", { class: "progress" },
      el("div", { class: "line1" }, this.bars, this.time), this.preparing.root,
      el("div", { class: "switches" }, this.follow, this.pause, el("label", { class: "axis" }, el("span", { text: labels.x_axis }), this.axis), this.reset, this.copy, this.told), this.alert);
  }

  draw(model, colours, { following, paused, x, trouble }) {
    const { labels } = this;
    for (const learner of model.learners) this.#bar(learner, colours[learner.name], model.lastStep(learner.name) + 1);
    this.preparing.draw(model);
    attr(this.follow, "aria-pressed", following);
    attr(this.pause, "aria-pressed", paused);
    if (this.axis.value !== x) this.axis.value = x;
    say(this.time, this.#times(model, paused));
    // What failed is said by the page above, for the whole run; here only what this view itself cannot do.
    say(this.alert, trouble ?? "");
    this.alert.hidden = !trouble;
  }

  zoomed(is) {
    this.reset.hidden = !is;
  }

  #bar(learner, colour, done) {
    const { labels } = this;
    if (!this.#bars.has(learner.name)) {
      const made = { fill: el("u"), text: el("span", { class: "count" }), state: el("span", { class: "state" }) };
      made.track = el("div", { class: "track", role: "progressbar", "aria-valuemin": 0 }, made.fill);
      made.root = el("div", { class: "bar", data: { learner: learner.name }, style: { "--c": `var(--learner-${colour})`, "--i": `var(--ink-${colour})` } },
        el("b", { text: learner.name.toUpperCase() }), made.track, made.text, made.state);
      this.#bars.set(learner.name, made);
      this.bars.append(made.root);
    }
    const bar = this.#bars.get(learner.name);
    bar.fill.style.width = `${Math.min(100, (100 * done) / Math.max(1, learner.steps))}%`;
    attr(bar.track, "aria-label", `${learner.name.toUpperCase()}: ${labels.progress}`);
    attr(bar.track, "aria-valuemax", learner.steps);
    attr(bar.track, "aria-valuenow", done);
    say(bar.text, fill(labels.step_of, { step: done, steps: learner.steps }));
    say(bar.state, labels.states[learner.status] ?? learner.status);
    bar.state.dataset.status = learner.status;
    if (learner.reason) attr(bar.state, "title", tell(learner.reason, labels.messages));
    else bar.state.removeAttribute("title");
  }

  #times(model, paused) {
    const { labels } = this;
    if (paused) return labels.updates_paused;
    const rows = model.learners.map((x) => ({ learner: x, last: model.row(x.name, model.lastStep(x.name)) }));
    const elapsed = Math.max(...rows.map(({ last }) => last?.wall_time_s ?? -1));
    if (rows.every(({ last }) => !last)) return model.active ? "" : labels.no_step_yet;
    if (elapsed < 0) return labels.time_unknown;
    const left = rows.filter(({ learner, last }) => learner.status === "running" && last && last.step + 1 < learner.steps).map(({ learner, last }) => this.#left(model, learner, last));
    const said = [fill(labels.elapsed, { time: duration(elapsed, labels) })];
    const slowest = Math.max(...rows.map(({ learner, last }) => this.#pace(model, learner, last)));
    if (slowest >= SLOW) said.push(fill(labels.pace, { time: duration(slowest, labels) }));
    if (left.length) said.push(fill(labels.left, { time: duration(Math.max(...left), labels) }));
    return said.join(" · ");
  }

  /** Seconds a step, over the last ten; 0 where it is not known. */
  #pace(model, learner, last) {
    if (!isNumber(last?.wall_time_s)) return 0;
    const before = model.row(learner.name, Math.max(0, last.step - 10));
    const n = before ? last.step - before.step : 0;
    return n > 0 && isNumber(before.wall_time_s) ? (last.wall_time_s - before.wall_time_s) / n : last.wall_time_s / (last.step + 1);
  }

  #left(model, learner, last) {
    return this.#pace(model, learner, last) * Math.max(0, learner.steps - last.step - 1);
  }

  async #copy() {
    let said = this.labels.copied;
    try {
      await navigator.clipboard.writeText(window.location.href);
    } catch {
      said = fill(this.labels.copy_yourself, { link: window.location.href });
    }
    say(this.told, said);
    this.copy.textContent = said === this.labels.copied ? `✓ ${said}` : this.labels.copy_link;
    this.told.classList.toggle("unseen", said === this.labels.copied);
    setTimeout(() => (this.copy.textContent = this.labels.copy_link), 1800);
  }
}
