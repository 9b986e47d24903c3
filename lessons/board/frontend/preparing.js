// What learners do between the click on Start and their first step: a line and a bar for each thing that is being done.

import { attr, el, say } from "./dom.js";
import { isNumber } from "./format.js";
import { kindOf, tell } from "./messages.js";

export class Preparing {
  #lines = []; // as many as were ever needed at once

  constructor({ labels }) {
    this.labels = labels;
    this.told = el("span", { class: "unseen", role: "status" });
    this.list = el("div");
    this.root = el("div", { class: "preparing", data: { testid: "preparing" }, hidden: true }, this.list, this.told);
  }

  draw(model) {
    const doing = new Map(); // sentence → { share, names, kind }
    for (const learner of model.learners) {
      const now = this.#now(learner, model.lastStep(learner.name) + 1);
      if (!now) continue;
      const same = doing.get(now.text) ?? { share: now.share, kind: now.kind, names: [] };
      same.names.push(learner.name.toUpperCase());
      doing.set(now.text, same);
    }
    [...doing].forEach(([text, { share, names }], i) => this.#line(i, names.join(", "), text, share));
    this.#lines.slice(doing.size).forEach((line) => (line.root.hidden = true));
    this.root.hidden = !doing.size;
    // A screen reader hears of each new thing once, not of every megabyte and of every token.
    const kinds = [...doing.values()].map(({ kind }) => kind).join();
    if (kinds !== this.kinds) say(this.told, [...doing].map(([text, { names }]) => `${names.join(", ")}: ${text}`).join(" "));
    this.kinds = kinds;
  }

  /** What a learner is doing before its first step (or before it goes on); nothing if it trains or does not run. */
  #now(learner, done) {
    const { labels } = this;
    const plain = (text) => ({ text, kind: text, share: null });
    if (learner.preparing) {
      const { text, share } = learner.preparing;
      return { text: tell(text, labels.messages), kind: kindOf(text), share };
    }
    if (learner.status === "running" && done >= learner.steps) return plain(labels.concluding);
    if (done) return null;
    if (learner.status === "queued") return plain(labels.waiting_for_worker);
    if (learner.status === "running") return plain(learner.start_hash ? labels.first_step : labels.worker_starts);
    return null;
  }

  #line(i, names, text, share) {
    if (!this.#lines[i]) {
      const made = { who: el("b"), fill: el("u"), text: el("span", { class: "sentence" }) };
      made.track = el("div", { class: "track", role: "progressbar", "aria-valuemin": 0, "aria-valuemax": 100 }, made.fill);
      made.root = el("div", { class: "bar" }, made.who, made.track, made.text);
      this.#lines.push(made);
      this.list.append(made.root);
    }
    const line = this.#lines[i];
    const known = isNumber(share);
    line.root.hidden = false;
    say(line.who, names);
    say(line.text, text);
    attr(line.track, "aria-label", `${names}: ${text}`);
    line.track.classList.toggle("unknown", !known);
    if (known) attr(line.track, "aria-valuenow", Math.round(100 * share));
    else line.track.removeAttribute("aria-valuenow");
    line.fill.style.width = known ? `${Math.min(100, 100 * share)}%` : "";
  }
}
