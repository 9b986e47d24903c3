// What is said at a station: one sentence, and the formula of whose turn it is with its numbers in it. Pure; every word
// comes with the data, every number from the trace or its terms.

import { filled } from "../filled.js";
import { brief, fill, fixed, isNumber, signed } from "../format.js";
import { named } from "../tokens.js";
import { byResponse, DIGITS } from "./rows.js";
import { STATIONS, turn } from "./stations.js";

/** @import { Batch } from "./batch.js" */
/** @import { Line, Mode } from "./types.js" */

/** The terms that a station is about, in the order in which they lead to each other. @type {Record<string, Record<Mode, string[]>>} */
const TERMS = {
  baseline: { ppo: [], grpo: ["baseline_value"] },
  credit: { ppo: ["delta", "advantage_raw"], grpo: ["difference", "score_spread", "score_std", "credit"] },
  advantage: { ppo: ["advantage"], grpo: [] },
  update: { ppo: ["ratio"], grpo: ["ratio"] },
};

/**
 * One sentence on a station, for the page and for a screen reader.
 * @param {string} key
 * @param {Mode} mode
 * @param {Batch} batch
 */
export function sentence(key, mode, batch) {
  const { words } = batch.sent;
  return fill(words[variant(key, mode, batch)] ?? "", places(key, mode, batch));
}

/** Which of a station's sentences is true of this batch. @param {string} key @param {Mode} mode @param {Batch} batch */
function variant(key, mode, batch) {
  const { sent } = batch;
  const { settings } = sent.learners[mode];
  const isKnown = (/** @type {string} */ name) =>
    batch.places().some((t) => isNumber(batch.number(mode, name, batch.focus, t)));
  const own = `${key}_${mode}`;
  if (key === "reference") {
    if (!isKnown("logprob_ref")) return "reference_unknown";
    const charged = Number(settings.kl_coef) > 0;
    return charged ? "reference_charged" : Number(settings.beta) > 0 ? "reference_loss" : "reference_unused";
  }
  if (key === "baseline" && mode === "ppo") {
    if (!isKnown("value")) return sent.origin === "ppo" ? "value_unknown" : "no_critic";
    return sent.at === null || sent.at + 1 >= batch.followed.length ? own : "baseline_slip";
  }
  if (key === "credit" && mode === "ppo") return isKnown("advantage_raw") ? own : "credit_unknown";
  if (key === "credit") {
    if (batch.number(mode, "no_signal", batch.focus) === 1) return "credit_silent";
    const divided = ["score_spread", "score_std"].some((x) => isNumber(batch.number(mode, x, batch.focus)));
    return divided ? own : "credit_undivided";
  }
  if (key === "advantage" && mode === "ppo") return isKnown("advantage") ? own : "credit_unknown";
  if (key === "update" && mode === sent.origin) return sent.passes ? "update_own" : "update_none";
  if (key === "update") return "update_other";
  return own;
}

/** What sentences have in them. @param {string} key @param {Mode} mode @param {Batch} batch */
function places(key, mode, batch) {
  const { sent, followed, focus } = batch;
  const { words } = sent;
  const { settings } = sent.learners[mode];
  const of = (/** @type {string} */ name, /** @type {number} */ t) => batch.number(mode, name, focus, t);
  const at = batch.telling(mode);
  const shares = [of("score_spread", at), of("score_std", at)];
  const right = sent.learners[sent.origin].responses.filter((x) => x.success).length;
  return {
    prompt: sent.prompt,
    answer: sent.answer,
    o: batch.name(focus),
    text: followed.text,
    n: batch.responses.length,
    right,
    verdict: words[followed.success ? "right" : "wrong"],
    reward: brief(followed.reward, words.not_recorded),
    beta: String(key === "reference" && Number(settings.kl_coef) > 0 ? settings.kl_coef : settings.beta),
    token: named(followed.token[at]),
    first: fixed(of("value", 0), DIGITS, words.not_recorded),
    last: fixed(of("value", followed.length - 1), DIGITS, words.not_recorded),
    before: fixed(of("value", at), DIGITS, words.not_recorded),
    after: at + 1 < followed.length ? fixed(of("value", at + 1), DIGITS, words.not_recorded) : words.none,
    mean: fixed(of("baseline_value", at), 3, words.not_recorded),
    spread: fixed(shares.find(isNumber), 3, words.none),
    decay: sent.decay === null ? words.none : String(Number(sent.decay.toPrecision(6))),
    credit: signed(of("advantage", at), DIGITS, words.not_recorded),
    passes: sent.passes,
    origin: sent.names[sent.origin],
    other: sent.names[mode],
    ...extremes(mode, batch),
  };
}

/** The tokens with the lowest and with the highest advantage. @param {Mode} mode @param {Batch} batch */
function extremes(mode, batch) {
  const { followed, focus } = batch;
  let [low, high] = [-1, -1];
  const advantage = (/** @type {number} */ t) => Number(batch.number(mode, "advantage", focus, t));
  for (let t = 0; t < followed.length; t++) {
    if (!isNumber(batch.number(mode, "advantage", focus, t))) continue;
    if (low < 0 || advantage(t) < advantage(low)) low = t;
    if (high < 0 || advantage(t) > advantage(high)) high = t;
  }
  if (low < 0) return {};
  const text = (/** @type {number} */ t) => signed(advantage(t), DIGITS);
  return {
    low: text(low),
    low_token: named(followed.token[low]),
    high: text(high),
    high_token: named(followed.token[high]),
  };
}

/**
 * How many go through a station one by one, and whether from the last to the first.
 * @param {number} station
 * @param {Mode} mode
 * @param {Batch} batch
 */
export function counted(station, mode, batch) {
  const { over, backward = false } = STATIONS[station].acts[mode];
  const n = over === "tokens" ? batch.places().length : over === "responses" ? batch.lanes.length : 1;
  return { n, backward };
}

/**
 * Whose numbers a formula shows: the token or response whose turn it is; the telling one before and after its station.
 * @param {number} station
 * @param {Mode} mode
 * @param {Batch} batch
 * @param {number} done how much of the station is
 * @returns {{ index: number, token: number }}
 */
export function spot(station, mode, batch, done) {
  const { key } = STATIONS[station];
  const { n, backward } = counted(station, mode, batch);
  const at = turn(n, done);
  const rest = { index: batch.focus, token: batch.telling(mode) };
  if (done >= 1 || at < 0 || n === 1) return rest;
  const place = backward ? n - 1 - at : at;
  const { over } = STATIONS[station].acts[mode];
  if (byResponse(key, mode) || over === "responses")
    return { index: batch.lanes[place].index, token: batch.lanes[place].from };
  return { index: batch.focus, token: batch.places()[place] };
}

/**
 * The formulas of a station, with the numbers of one token or response in them.
 * @param {string} key
 * @param {Mode} mode
 * @param {Batch} batch
 * @param {{ index: number, token: number }} where
 * @returns {Line[]}
 */
export function lines(key, mode, batch, { index, token }) {
  const { sent } = batch;
  if (key === "update" && mode !== sent.origin) return [];
  const own = batch.own[mode];
  const env = own.env(key === "update" ? own.responses[index].lastPass : 0);
  const known = own.data.terms.filter((x) => TERMS[key]?.[mode].includes(x.name));
  return known.flatMap((term) => {
    const options = {
      digits: 3,
      signed: !["baseline_value", "score_spread", "score_std", "ratio"].includes(term.name),
    };
    const parts = filled(term, env, { response: index, token }, { ...options, more: sent.words.more_numbers });
    return parts ? [{ label: sent.titles[term.title] ?? term.title, parts }] : [];
  });
}
