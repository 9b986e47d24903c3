// The proof strip: that both learners began with the same weights and were asked the same, and where it all ran.

import { el, say } from "./dom.js";
import { fill } from "./format.js";

export class Proof {
  constructor({ labels }) {
    this.labels = labels;
    this.start = el("span", { class: "pill", data: { testid: "proof-start" } });
    this.prompts = el("span", { class: "pill", data: { testid: "proof-prompts" } });
    this.where = el("span", { class: "pill" });
    this.list = el("dl", { class: "plain" });
    this.root = el("div", { class: "proof" }, this.start, this.prompts, this.where,
      el("details", { class: "fold inline" }, el("summary", { text: labels.details }), this.list));
  }

  draw(model, step) {
    const { labels } = this;
    this.alone = model.learners.length < 2; // nothing to compare with
    const hashes = model.learners.map((x) => x.start_hash).filter(Boolean);
    this.#compare(this.start, hashes, labels.start_equal, labels.start_differ, labels.start_unknown, {});
    const asked = model.learners.map((x) => model.row(x.name, step)?.prompt_hash).filter(Boolean);
    this.#compare(this.prompts, asked, labels.prompts_equal, labels.prompts_differ, labels.prompts_unknown, { step: (step ?? 0) + 1 });
    const devices = [...new Set(model.learners.map((x) => x.device).filter(Boolean))].join(", ");
    const { seed, source } = model.run;
    say(this.where, source ? fill(labels.imported, { source }) : fill(labels.seed_device, { seed, device: devices || labels.none }));
    this.#details(model, step);
  }

  #compare(pill, hashes, equal, differ, unknown, values) {
    const known = hashes.length > 1;
    pill.hidden = !known && this.alone;
    const same = new Set(hashes).size === 1;
    const short = (same ? hashes : [...new Set(hashes)]).map((x) => `${x.slice(0, 4)}…${x.slice(-2)}`);
    const text = !known ? unknown : `${fill(same ? equal : differ, values)} · ${short.join(same ? " = " : " ≠ ")} ${same ? "✓" : "✗"}`;
    say(pill, text);
    pill.className = `pill ${known ? (same ? "good" : "bad") : ""}`;
    pill.title = hashes.join("\n");
  }

  #details(model, step) {
    const { labels } = this;
    const rows = [
      ...model.learners.map((x) => [fill(labels.start_of, { learner: x.name.toUpperCase() }), x.start_hash ?? labels.not_recorded]),
      ...model.learners.map((x) => [fill(labels.prompts_of, { learner: x.name.toUpperCase(), step: (step ?? 0) + 1 }), model.row(x.name, step)?.prompt_hash ?? labels.not_recorded]),
      [labels.model, model.run.model ?? labels.not_recorded],
      ...Object.entries(model.run.versions),
    ];
    const shape = JSON.stringify(rows);
    if (shape === this.shape) return;
    this.shape = shape;
    this.list.replaceChildren(...rows.map(([name, value]) => el("div", {}, el("dt", { text: name }), el("dd", { text: String(value) }))));
  }
}
