// What is said at a sub-step: one sentence with the numbers of just now in it, and the formulas of the token or response in
// the spotlight. Every word comes with the data, every number from the terms. Pure.

import { filled } from "../filled.js";
import { fill, fixed, isNumber, sentences, signed } from "../format.js";
import { named } from "../tokens.js";
import { termOf } from "./numbers.js";

/** @import { Part } from "../printed.js" */
/** @import { Numbers } from "./numbers.js" */
/** @import { StationData } from "./types.js" */

/** Terms that are no credit: they have no sign in front. */
const UNSIGNED = new Set(["baseline_value", "score_spread", "score_std", "score", "ratio", "surrogate_value"]);

/** @param {StationData} station @param {Numbers} numbers */
export function sentence(station, numbers) {
  const { words, about } = numbers.sent;
  const places = { ...about, ...(numbers.sent.kind === "group" ? ofGroup(numbers) : ofResponse(numbers)) };
  const parts = [words[variant(station, numbers)], station.key === "credit" ? words[rarity(numbers)] : ""];
  return sentences(parts.map((x) => x && fill(x, places)));
}

/** Which of a sub-step's sentences is true just now. @param {StationData} station @param {Numbers} numbers */
function variant({ key }, numbers) {
  if (key === "kl") return Number(numbers.settings.kl_coef) > 0 ? "says_kl" : "says_kl_free";
  const isAlone = numbers.sent.kind === "group" && numbers.size === 1;
  if (isAlone && key === "rewards") return "says_rewards_single";
  if (isAlone && isNumber(numbers.at("baseline_value", 0))) return "says_single"; // no flip makes its difference another
  const isSilent = numbers.sent.kind === "group" && numbers.at("no_signal", 0) === 1;
  if (["mean", "spread", "credit", "tokens"].includes(key) && isSilent) return "says_silent";
  return `says_${key}`;
}

/** Whether right or wrong responses are the rarer ones, where rewards are 0 and 1. @param {Numbers} numbers */
function rarity(numbers) {
  const rewards = Array.from({ length: numbers.size }, (_, i) => numbers.reward(i));
  const right = rewards.filter((x) => x === 1).length;
  if (right + rewards.filter((x) => x === 0).length < numbers.size || right % numbers.size === 0) return "";
  return right * 2 === numbers.size ? "rare_none" : right * 2 < numbers.size ? "rare_right" : "rare_wrong";
}

/** @param {Numbers} numbers */
function ofGroup(numbers) {
  const { size } = numbers;
  const places = Array.from({ length: size }, (_, i) => i);
  const credit = (/** @type {number} */ i) => numbers.at("credit", i);
  const best = places.reduce((a, b) => (Math.abs(Number(credit(b))) > Math.abs(Number(credit(a))) ? b : a), 0);
  const spread = [numbers.at("score_spread", 0), numbers.at("score_std", 0)].find(isNumber);
  const right = places.filter((i) => numbers.isRight(i)).length;
  return {
    n: size,
    right,
    few: Math.min(right, size - right),
    mean: fixed(numbers.at("baseline_value", 0), 3),
    spread: fixed(spread, 3, numbers.sent.words.none),
    best: best + 1,
    best_credit: signed(credit(best), 3),
  };
}

/** @param {Numbers} numbers */
function ofResponse(numbers) {
  const { sent, settings } = numbers;
  const n = numbers.columns;
  const deltas = numbers.columnsOf((t) => numbers.at("delta", t));
  const known = deltas.map((x, t) => [t, x]).filter(([, x]) => isNumber(x));
  const low = known.length ? Number(known.reduce((a, b) => (Number(b[1]) < Number(a[1]) ? b : a))[0]) : 0;
  const { cut, all } = numbers.cuts();
  const [range, none] = [numbers.range(), sent.words.none];
  const own = numbers.columnsOf((t) => numbers.side(t)).filter((x) => x).length;
  const turned = numbers.columnsOf(
    (t) => Number(numbers.at("advantage_raw", t)) * Number(numbers.at("advantage", t)) < 0,
  );
  return {
    n,
    low: signed(deltas[low], 3),
    low_n: low + 1,
    low_token: named(sent.tokens[0][low]),
    kl_coef: String(settings.kl_coef),
    decay: fixed(numbers.ofStep("decay"), 3),
    far: percent(numbers.ofStep("decay_far")),
    first: signed(numbers.at("advantage_raw", 0), 3),
    mean: signed(numbers.ofStep("advantage_mean"), 3),
    std: fixed(numbers.ofStep("advantage_std"), 3),
    turned: turned.filter(Boolean).length,
    low_ratio: fixed(range.low, 2, none),
    high_ratio: fixed(range.high, 2, none),
    own,
    share: percent(all ? cut / all : 0),
    all,
  };
}

/** @param {unknown} x */
const percent = (x) => (isNumber(x) ? (100 * x).toFixed(x < 0.1 && x > 0 ? 1 : 0) : "–");

/**
 * The formulas of a sub-step with the numbers of one column in them.
 * @param {StationData} station
 * @param {Numbers} numbers
 * @param {number} column
 * @returns {{ label: string, parts: Part[] }[]}
 */
export function lines({ formulas }, numbers, column) {
  const { sent } = numbers;
  if (column >= numbers.counted) return [];
  return formulas.flatMap((name) => {
    const term = termOf(sent.terms, name);
    if (!term) return [];
    const ofLoss = !numbers.env.values[name];
    const env = ofLoss ? numbers.loss : numbers.env;
    const place = ofLoss ? { response: 0, token: column } : numbers.place(column);
    const parts = filled(term, env, place, { digits: 3, signed: !UNSIGNED.has(name), more: sent.words.more_numbers });
    return parts ? [{ label: sent.titles[term.title] ?? term.title, parts }] : [];
  });
}
