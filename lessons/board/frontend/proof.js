// The proof strip: that both learners began with the same weights and were asked the same, and where it all ran.

import { el, say } from "./dom.js";
import { count, fill, learnerTitle } from "./format.js";

/** @import { Model } from "./model.js" */
/** @import { Labels } from "./labels.js" */
/** @import { LearnerState, StepAnswer } from "./types.js" */

export class Proof {
  #shape = "";

  /** @param {{ labels: Labels }} options */
  constructor({ labels }) {
    this.labels = labels;
    this.start = el("span", { class: "pill", data: { testid: "proof-start" } });
    this.prompts = el("span", { class: "pill", data: { testid: "proof-prompts" } });
    this.contract = el("span", { class: "pill", data: { testid: "contract" } });
    this.where = el("span", { class: "pill", data: { testid: "where" } });
    this.list = el("dl", { class: "plain" });
    const details = el("details", { class: "fold inline" }, el("summary", { text: labels.details }), this.list);
    this.root = el("div", { class: "proof" }, this.contract, this.start, this.prompts, this.where, details);
  }

  /**
   * @param {Model} model
   * @param {number | null} step
   * @param {StepAnswer | null} [answer] what is known of a step's questions, of this one or another
   */
  draw(model, step, answer = null) {
    const { labels } = this;
    this.#contract(model);
    const alone = model.learners.length < 2; // nothing to compare with
    const hashes = model.learners.map((x) => x.start_hash);
    const start = compare(hashes, labels.start_equal, labels.start_differ) ?? labels.start_unknown;
    this.#pill(this.start, hashes, start, alone);
    const asked = model.learners.map((x) => promptHash(model, x.name, step));
    const number = { step: (step ?? 0) + 1 };
    const chosen = chosenToDiffer(model.learners, asked, labels);
    const differ = chosen
      ? fill(labels.prompts_chosen, { ...number, why: chosen })
      : fill(labels.prompts_differ, number);
    const first = answer?.step === step ? firstHashes(model.learners, asked, answer) : null;
    if (chosen && first) {
      const alike = fill(labels.prompts_first, { ...number, n: answer?.shared_prompts, why: chosen });
      const text = compare(first, alike, fill(labels.prompts_differ, number));
      this.#pill(this.prompts, first, text ?? labels.prompts_unknown, alone);
    } else {
      const same = compare(asked, fill(labels.prompts_equal, number), differ, chosen !== null);
      this.#pill(this.prompts, asked, same ?? labels.prompts_unknown, alone, chosen !== null);
    }
    const place = where(model, labels);
    say(this.where, place);
    this.where.hidden = !place;
    this.#details(model, step);
  }

  /** @param {Model} model */
  #contract({ run, learners }) {
    const { labels } = this;
    const contract = run?.contract ?? null;
    this.contract.hidden = contract === null;
    if (contract === null) return;
    const responses = (run?.prompts ?? 0) * (run?.group_size ?? 0);
    const each = learners.map(({ name, group_size: size }) => {
      const share = `${count(responses / (size || 1))} × ${size}`;
      return contract === "same-questions" ? share : `${learnerTitle(labels, name)} ${share}`;
    });
    const shares = [...new Set(each)].join(labels.comma);
    say(this.contract, fill(labels.contracts[contract], { n: count(responses), shares }));
    this.contract.title = labels.contract_means[contract];
  }

  /**
   * @param {HTMLElement} pill
   * @param {(string | null)[]} hashes
   * @param {string} text
   * @param {boolean} alone
   * @param {boolean} [chosen] whether they were chosen to differ: that is neither good nor bad
   */
  #pill(pill, hashes, text, alone, chosen = false) {
    const known = hashes.filter(Boolean);
    pill.hidden = !known.length || (known.length < 2 && alone); // of nobody there is nothing to say yet
    say(pill, text);
    const verdict = known.length < 2 || chosen ? "" : new Set(known).size === 1 ? "good" : "bad";
    pill.className = `pill ${verdict}`;
    pill.title = known.join("\n");
  }

  /**
   * @param {Model} model
   * @param {number | null} step
   */
  #details(model, step) {
    const { labels } = this;
    const of = (/** @type {string} */ name) => ({ learner: learnerTitle(labels, name), step: (step ?? 0) + 1 });
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

/**
 * Which run this is, what it follows from, and where it was made, as far as that is known: the device is once a worker
 * has begun. A name that tells the seed tells it.
 * @param {Pick<Model, "run" | "learners">} model
 * @param {Labels} labels
 */
export function where({ run, learners }, labels) {
  const { name = "", seed = null, source = null } = run ?? {};
  const device = [...new Set(learners.map((x) => x.device).filter(Boolean))].join(", ");
  const isNamed = new RegExp(`\\bseed ${seed}\\b`).test(name);
  const made = source ? fill(labels.imported, { source }) : device;
  return [name, seed !== null && !isNamed && fill(labels.seed_only, { seed: `${seed}` }), made]
    .filter(Boolean)
    .join(" · ");
}

/** @type {(model: Model, learner: string, step: number | null) => string | null} */
function promptHash(model, learner, step) {
  const hash = model.row(learner, step)?.prompt_hash;
  return typeof hash === "string" ? hash : null;
}

/**
 * Why the learners' settings let their prompts differ, in words; null where the prompts are the same, or where settings
 * do not explain it: of learners that ask equally many questions and replace none, all are asked the same.
 * @param {Pick<LearnerState, "name" | "group_size" | "replaces_groups" | "given">[]} learners
 * @param {(string | null)[]} hashes of each one's prompts
 * @param {Labels} labels
 */
export function chosenToDiffer(learners, hashes, labels) {
  const known = learners.flatMap((x, i) => (hashes[i] ? [{ ...x, hash: hashes[i] }] : []));
  if (new Set(known.map((x) => x.hash)).size < 2) return null;
  /** @type {Map<number | null, Set<string | null>>} by group size, what those were asked that replace nothing */
  const asked = new Map();
  const fixed = known.filter((x) => !x.replaces_groups && !x.given);
  for (const { group_size: size, hash } of fixed) asked.set(size, (asked.get(size) ?? new Set()).add(hash));
  if ([...asked.values()].some((x) => x.size > 1)) return null;
  const sampling = known.filter((x) => !x.given);
  const sizes = new Set(sampling.map((x) => x.group_size)).size > 1 ? sampling : [];
  /** @type {(list: { name: string }[]) => string} */
  const names = (list) => list.map((x) => learnerTitle(labels, x.name)).join(labels.comma);
  const usual = new Set(fixed.map((x) => x.hash));
  const replacing = sampling.filter((x) => x.replaces_groups && !usual.has(x.hash));
  const given = known.filter((x) => x.given);
  const each = sizes.map((x) => `${learnerTitle(labels, x.name)} ${x.group_size ?? labels.not_recorded}`);
  const reasons = [
    ...(each.length ? [fill(labels.prompts_by_size, { sizes: each.join(labels.comma) })] : []),
    ...(replacing.length ? [fill(labels.prompts_replaced, { learners: names(replacing) })] : []),
    ...(given.length ? [fill(labels.prompts_given, { learners: names(given) })] : []),
  ];
  return reasons.length ? reasons.join(labels.semicolon) : null;
}

/**
 * Hashes of the questions that all have, of learners that are asked a step's stream as it comes: who asks more questions
 * takes more of it. Null where one replaces some or is given others, or has not made the step.
 * @param {Pick<LearnerState, "name" | "replaces_groups" | "given">[]} learners
 * @param {(string | null)[]} hashes of each one's prompts; null: it has not made the step
 * @param {StepAnswer} answer
 */
function firstHashes(learners, hashes, answer) {
  const known = learners.filter((_, i) => hashes[i]);
  if (known.some((x) => x.replaces_groups || x.given)) return null;
  const first = known.flatMap((x) => answer.learners[x.name]?.first_prompts_hash ?? []);
  return first.length === known.length ? first : null;
}

/**
 * The sentence about hashes that are alike or not, with their ends; null unless at least two are known.
 * @param {(string | null)[]} hashes
 * @param {string} equal
 * @param {string} differ
 * @param {boolean} [chosen] whether they were chosen to differ: then nothing says that something is wrong
 */
export function compare(hashes, equal, differ, chosen = false) {
  const known = /** @type {string[]} */ (hashes.filter(Boolean));
  if (known.length < 2) return null;
  const same = new Set(known).size === 1;
  const short = (same ? known : [...new Set(known)]).map((x) => `${x.slice(0, 4)}…${x.slice(-2)}`);
  if (chosen && !same) return differ; // hashes beside each other would read as an alarm; the details have them
  const sign = same ? " ✓" : " ✗";
  return `${same ? equal : differ} · ${short.join(same ? " = " : " ≠ ")}${sign}`;
}
