// The proof strip: that both learners began with the same weights and were asked the same, and where it all ran.

import { el, say } from "./dom.js";
import { fill } from "./format.js";

/** @import { Model } from "./model.js" */
/** @import { Labels } from "./types.js" */

export class Proof {
  #shape = "";

  /** @param {{ labels: Labels }} options */
  constructor({ labels }) {
    this.labels = labels;
    this.start = el("span", { class: "pill", data: { testid: "proof-start" } });
    this.prompts = el("span", { class: "pill", data: { testid: "proof-prompts" } });
    this.where = el("span", { class: "pill" });
    this.list = el("dl", { class: "plain" });
    const details = el("details", { class: "fold inline" }, el("summary", { text: labels.details }), this.list);
    this.root = el("div", { class: "proof" }, this.start, this.prompts, this.where, details);
  }

  /**
   * @param {Model} model
   * @param {number | null} step
   */
  draw(model, step) {
    const { labels } = this;
    const alone = model.learners.length < 2; // nothing to compare with
    const hashes = model.learners.map((x) => x.start_hash);
    const start = compare(hashes, labels.start_equal, labels.start_differ) ?? labels.start_unknown;
    this.#pill(this.start, hashes, start, alone);
    const asked = model.learners.map((x) => promptHash(model, x.name, step));
    const number = { step: (step ?? 0) + 1 };
    const same = compare(asked, fill(labels.prompts_equal, number), fill(labels.prompts_differ, number));
    this.#pill(this.prompts, asked, same ?? labels.prompts_unknown, alone);
    const devices = [...new Set(model.learners.map((x) => x.device).filter(Boolean))].join(", ");
    const { seed, source } = model.run ?? { seed: null, source: null };
    const made = fill(labels.seed_device, { seed, device: devices || labels.none });
    say(this.where, source ? fill(labels.imported, { source }) : made);
    this.#details(model, step);
  }

  /**
   * @param {HTMLElement} pill
   * @param {(string | null)[]} hashes
   * @param {string} text
   * @param {boolean} alone
   */
  #pill(pill, hashes, text, alone) {
    const known = hashes.filter(Boolean);
    pill.hidden = known.length < 2 && alone;
    say(pill, text);
    const verdict = known.length < 2 ? "" : new Set(known).size === 1 ? "good" : "bad";
    pill.className = `pill ${verdict}`;
    pill.title = known.join("\n");
  }

  /**
   * @param {Model} model
   * @param {number | null} step
   */
  #details(model, step) {
    const { labels } = this;
    const of = (/** @type {string} */ name) => ({ learner: name.toUpperCase(), step: (step ?? 0) + 1 });
    const rows = [
      ...model.learners.map((x) => [fill(labels.start_of, of(x.name)), x.start_hash]),
      ...model.learners.map((x) => [fill(labels.prompts_of, of(x.name)), promptHash(model, x.name, step)]),
      [labels.model, model.run?.model],
      ...Object.entries(model.run?.versions ?? {}),
    ].map(([name, value]) => [String(name), String(value ?? labels.not_recorded)]);
    const shape = JSON.stringify(rows);
    if (shape === this.#shape) return;
    this.#shape = shape;
    this.list.replaceChildren(
      ...rows.map(([name, text]) => el("div", {}, el("dt", { text: name }), el("dd", { text }))),
    );
  }
}

/** @type {(model: Model, learner: string, step: number | null) => string | null} */
function promptHash(model, learner, step) {
  const hash = model.row(learner, step)?.prompt_hash;
  return typeof hash === "string" ? hash : null;
}

/**
 * The sentence about hashes that are alike or not, with their ends; null unless at least two are known.
 * @param {(string | null)[]} hashes
 * @param {string} equal
 * @param {string} differ
 */
export function compare(hashes, equal, differ) {
  const known = /** @type {string[]} */ (hashes.filter(Boolean));
  if (known.length < 2) return null;
  const same = new Set(known).size === 1;
  const short = (same ? known : [...new Set(known)]).map((x) => `${x.slice(0, 4)}…${x.slice(-2)}`);
  return `${same ? equal : differ} · ${short.join(same ? " = " : " ≠ ")} ${same ? "✓" : "✗"}`;
}
