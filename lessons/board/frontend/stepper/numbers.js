// The stepper's numbers: the learner's own terms (core/terms) on what is stored of a step, under settings, rewards and a
// group size that a person chooses. Everything is computed here, by the evaluator of terms. Pure.

import { isNumber } from "../format.js";
import { regionBounds, regionOf, settingsOnly } from "../regions.js";
import { evaluate, numberAt } from "../terms.js";

/** @import { Data, Env, Num, Term } from "../terms.js" */
/** @import { Value } from "../types.js" */
/** @import { SliderData, StepperSent } from "./types.js" */

/** The last term of a learner's credit; those after it are of the loss. */
const CREDIT = "advantage";
const POINTS = 81; // of the clip's curve

export class Numbers {
  /** @type {Env | null} */
  #env = null;
  /** @type {Env | null} */
  #start = null;
  /** @type {Env | null} */
  #loss = null;
  /** @type {Env | null} */
  #bounds = null;
  /** @type {number[] | null} */
  #kept = null;
  /** @type {Map<number, number>} ratios that a person dragged a token to */
  #dragged = new Map();
  /** @type {Set<number>} responses, by their place in the group, whose reward is flipped */
  #flipped = new Set();

  /** @param {StepperSent} sent */
  constructor(sent) {
    this.sent = sent;
    this.settings = { ...sent.data.settings };
    this.size = sent.shown.length;
    const last = sent.terms.findIndex((x) => x.name === CREDIT);
    this.credit = sent.terms.slice(0, last + 1);
  }

  /** How many columns there are: tokens of the response, or responses of the group. */
  get columns() {
    return this.sent.kind === "group" ? this.sent.shown.length : this.sent.tokens[0].length;
  }

  /** How many of them count. */
  get counted() {
    return this.sent.kind === "group" ? this.size : this.columns;
  }

  get isChanged() {
    const { settings } = this.sent.data;
    const all = this.size === this.sent.shown.length && !this.#flipped.size && !this.#dragged.size;
    return !all || Object.entries(settings).some(([name, x]) => this.settings[name] !== x);
  }

  // What a person does

  /** @param {SliderData} slider @param {number} value */
  set({ name, sets }, value) {
    if (name === "G") this.size = value;
    for (const [setting, above] of sets) this.settings[setting] = Number((value + above).toPrecision(12));
    this.#forget();
  }

  /** A slider's value. @param {SliderData} slider */
  value({ name, sets }) {
    return name === "G" ? this.size : Number(this.settings[sets[0][0]]);
  }

  /** Makes a right response of the group a wrong one, or a wrong one right. @param {number} place */
  flip(place) {
    if (!this.#flipped.delete(place)) this.#flipped.add(place);
    this.#forget();
  }

  /** @param {number} place in the group */
  reward(place) {
    const recorded = Number(this.sent.data.responses.reward[this.sent.shown[place]]);
    return this.#flipped.has(place) ? Number(recorded < 0.5) : recorded;
  }

  /** @param {number} place in the group */
  isRight(place) {
    return this.sent.successes[place] !== this.#flipped.has(place);
  }

  /** Moves a token's ratio. @param {number} token @param {number} ratio */
  drag(token, ratio) {
    this.#dragged.set(token, ratio);
    this.#forget();
  }

  reset() {
    this.settings = { ...this.sent.data.settings };
    this.size = this.sent.shown.length;
    this.#flipped.clear();
    this.#dragged.clear();
    this.#forget();
  }

  #forget() {
    this.#env = this.#loss = this.#bounds = this.#kept = null;
  }

  // Numbers

  /** Every term of the credit, over all that is stored. */
  get env() {
    this.#env ??= evaluate(this.credit, this.#data(), { recompute: true });
    return this.#env;
  }

  /** The same under the run's own settings and rewards. */
  get start() {
    this.#start ??= evaluate(this.credit, this.sent.data, { recompute: true });
    return this.#start;
  }

  /** The objective at the ratios at which gradients were taken. */
  get loss() {
    this.#loss ??= this.#objective(
      this.columnsOf((t) => this.ratio(t)),
      this.columnsOf((t) => this.at(CREDIT, t)),
    );
    return this.#loss;
  }

  /** @template T @param {(column: number) => T} of */
  columnsOf(of) {
    return Array.from({ length: this.columns }, (_, i) => of(i));
  }

  /**
   * A column's number by its name: a term, a column of the data, or a row that no setting changes.
   * @param {string} name
   * @param {number} column
   * @param {Env} [env]
   * @returns {Value}
   */
  at(name, column, env = this.env) {
    if (column >= this.counted) return null;
    const { kind, shown, fixed, data } = this.sent;
    if (name in fixed) return fixed[name][column];
    if (name === "taken") return this.ratio(column);
    const [response, token] = kind === "group" ? [shown[column], 0] : [shown[0], column];
    if (env.values[name]) return numberAt(env.values[name], { response: this.#row(response), token });
    if (this.sent.taken && name in this.loss.values) return numberAt(this.loss.values[name], { response: 0, token });
    return /** @type {Value} */ (data.tokens[name]?.[response][token] ?? null);
  }

  /** A number of the whole step. @param {string} name @returns {Value} */
  ofStep(name) {
    const value = this.env.values[name];
    return value?.level === 0 ? value.numbers : null;
  }

  /** Where a column's formula finds its numbers. @param {number} column */
  place(column) {
    const { kind, shown } = this.sent;
    return { response: this.#row(kind === "group" ? shown[column] : shown[0]), token: kind === "group" ? 0 : column };
  }

  /** The ratio at which a token's gradient was taken, or to which a person moved it. @param {number} token */
  ratio(token) {
    const recorded = this.sent.taken?.[this.sent.shown[0]][token];
    return this.#dragged.get(token) ?? (typeof recorded === "number" ? recorded : null);
  }

  /**
   * On which side a token's gradient is cut: 1, −1, or 0; null where that is not known.
   * @param {number} token
   */
  side(token) {
    const advantage = /** @type {Num} */ (this.at(CREDIT, token));
    return this.#side(this.ratio(token), advantage);
  }

  /**
   * Which ratios a token may have, whatever its advantage, without its gradient being cut: up to which it is not where
   * the ratio has grown as a positive advantage wants, and down to which not where it has shrunk as a negative one wants.
   * A side on which nothing cuts has none.
   * @returns {{ low: Num, high: Num }}
   */
  range() {
    const env = this.#ofSettings();
    const bounds = (/** @type {"positive" | "negative"} */ sign, /** @type {"from" | "to"} */ end) =>
      this.sent.regions
        .filter((x) => x.cuts && [sign, "any"].includes(x.advantage))
        .map((x) => regionBounds(x, env)?.[end])
        .filter(isNumber);
    const [below, above] = [bounds("negative", "to"), bounds("positive", "from")];
    return { low: below.length ? Math.max(...below) : null, high: above.length ? Math.min(...above) : null };
  }

  /** Of how many stored tokens the gradient is cut, and of how many there are. */
  cuts() {
    const { taken, shown } = this.sent;
    let [cut, all] = [0, 0];
    for (const [row, ratios] of (taken ?? []).entries()) {
      for (const [t, recorded] of ratios.entries()) {
        const ratio = row === shown[0] ? this.ratio(t) : typeof recorded === "number" ? recorded : null;
        const side = this.#side(ratio, numberAt(this.env.values[CREDIT], { response: row, token: t }));
        if (side === null) continue;
        all += 1;
        cut += Math.abs(side);
      }
    }
    return { cut, all };
  }

  /**
   * The objective of a token over its ratio: pairs of ratio and objective.
   * @param {number} token
   * @param {number} low
   * @param {number} high
   * @returns {[number, number][]}
   */
  curve(token, low, high) {
    const advantage = /** @type {Num} */ (this.at(CREDIT, token));
    const ratios = Array.from({ length: POINTS }, (_, i) => low + ((high - low) * i) / (POINTS - 1));
    return this.objectives(ratios, advantage).flatMap((y, i) =>
      y === null ? [] : [/** @type {[number, number]} */ ([ratios[i], y])],
    );
  }

  /** The objective of a token with this advantage at each of these ratios. @param {number[]} ratios @param {Num} advantage */
  objectives(ratios, advantage) {
    const env = this.#objective(
      ratios,
      ratios.map(() => advantage),
    );
    return ratios.map((_, token) => numberAt(env.values.surrogate_value, { token }));
  }

  /**
   * Terms of the loss on made-up rows: ratio and advantage are given, and what follows from other numbers is none.
   * @param {Value[]} ratio
   * @param {Value[]} advantage
   */
  #objective(ratio, advantage) {
    const tokens = /** @type {Data["tokens"]} */ ({ ratio: [ratio], advantage: [advantage] });
    const data = { settings: this.settings, step: {}, whole: false, lengths: [ratio.length], responses: {}, tokens };
    return evaluate(this.sent.terms, data);
  }

  /** @param {Num} ratio @param {Num} advantage */
  #side(ratio, advantage) {
    const region = regionOf(this.sent.regions, this.#ofSettings(), { ratio, advantage });
    return region === undefined ? null : region?.cuts ? region.side : 0;
  }

  /** The settings as they are chosen, as the regions' bounds need them. @returns {Env} */
  #ofSettings() {
    this.#bounds ??= settingsOnly(this.settings);
    return this.#bounds;
  }

  /** The row of the evaluated data that a row of the stored data is. @param {number} row */
  #row(row) {
    return this.#rows().indexOf(row);
  }

  /** Rows of the stored data that count: all but those of the group beyond its first `size`. */
  #rows() {
    const left = new Set(this.sent.kind === "group" ? this.sent.shown.slice(this.size) : []);
    this.#kept ??= this.sent.data.lengths.map((_, i) => i).filter((i) => !left.has(i));
    return this.#kept;
  }

  /** @returns {Data} */
  #data() {
    const { data, shown } = this.sent;
    const kept = this.#rows();
    /** @template T @param {Record<string, T[]>} columns */
    const chosen = (columns) =>
      Object.fromEntries(Object.entries(columns).map(([name, x]) => [name, kept.map((i) => x[i])]));
    const flipped = new Map([...this.#flipped].map((place) => [shown[place], this.reward(place)]));
    const reward = data.responses.reward.map((x, i) => flipped.get(i) ?? x);
    return {
      ...data,
      settings: this.settings,
      lengths: kept.map((i) => data.lengths[i]),
      responses: chosen({ ...data.responses, reward }),
      tokens: chosen(data.tokens),
      holes: data.holes ? kept.map((i) => /** @type {(boolean | number)[][]} */ (data.holes)[i]) : null,
    };
  }
}

/** @param {Term[]} terms @param {string} name */
export const termOf = (terms, name) => terms.find((x) => x.name === name) ?? null;
