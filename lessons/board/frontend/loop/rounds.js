// The loop's stations, where in the rounds a position is, and what is said there. Pure.
//
// A position is a number of stations since the first round began: 7.5 is half way through the second round's second.

import { fill, fixed } from "../format.js";
import { doneAt as doneOf, flight, placeOf } from "../pipeline/stations.js";

/** @import { Edge } from "../pipeline/arrows.js" */
/** @import { Round, Sent } from "./types.js" */

/** What goes on at each station, and for how many seconds in the first round. */
export const STATIONS = [
  { key: "prompts", seconds: 1.6, flights: [flight("prompts", "model", "question")] },
  { key: "model", seconds: 3.6, flights: [flight("model", "responses", "tokens")] },
  { key: "responses", seconds: 1.6, flights: [] },
  { key: "reward", seconds: 2.6, flights: [flight("responses", "reward", "responses")] },
  { key: "tuples", seconds: 2.6, flights: [flight("reward", "tuples", "responses")] },
  {
    key: "update",
    seconds: 3.6,
    flights: [flight("tuples", "update", "responses"), flight("update", "model", "one")],
  },
];

/** @type {Edge[]} */
export const EDGES = [
  { from: "prompts", to: "model" },
  { from: "model", to: "responses" },
  { from: "responses", to: "reward" },
  { from: "reward", to: "tuples" },
  { from: "tuples", to: "update" },
  { from: "update", to: "model", back: true, bus: true },
];

const LENGTH = STATIONS.length;
const at = (/** @type {string} */ key) => STATIONS.findIndex((x) => x.key === key);

/**
 * @param {number} position
 * @param {number} rounds how many there are
 */
export function placeAt(position, rounds) {
  const { station, done } = placeOf(position, rounds * LENGTH);
  const round = Math.floor(station / LENGTH);
  return { round, station: station % LENGTH, done, within: position - round * LENGTH };
}

/** The end of so many rounds. @param {number} rounds */
export const endOf = (rounds) => rounds * LENGTH;

/**
 * All stations of so many rounds with their seconds: the second round takes half as long as the first, the third a third.
 * @param {number} rounds
 */
export const paced = (rounds) =>
  Array.from({ length: rounds }, (_, r) => STATIONS.map(({ seconds }) => ({ seconds: seconds / (1 + r) }))).flat();

/**
 * The same moment of the same step after more rounds have come, or others are played.
 * @param {number} position
 * @param {Round[]} before
 * @param {Round[]} after
 */
export function moved(position, before, after) {
  if (!before.length || !after.length) return position;
  const { round, within } = placeAt(position, before.length);
  const next = after.findIndex((x) => x.step >= before[round].step);
  return (next < 0 ? after.length - 1 : next) * LENGTH + within;
}

/**
 * How much of a station's work is done in a round: 0 before it, 1 after it.
 * @param {string} key
 * @param {{ within: number }} place
 */
export const doneAt = (key, { within }) => doneOf(at(key), within);

/**
 * A probability with three digits; one that is rounded to nothing is not called 0.
 * @param {number} x
 */
export const probability = (x) => (x > 0 && x < 0.0005 ? "< 0.001" : fixed(x, 3));

/**
 * One sentence on a round's station.
 * @param {Round} round
 * @param {string} key
 * @param {Sent} sent
 */
export function sentence(round, key, { words, prompts }) {
  const { right, wrong } = round.together;
  const variant = key !== "update" ? key : right && wrong ? "update_both" : right ? "update_right" : "update_wrong";
  return fill(words[`says_${variant}`] ?? "", {
    ...numbers(round, prompts),
    right_before: probability(right?.[0] ?? 0),
    right_after: probability(right?.[1] ?? 0),
    wrong_before: probability(wrong?.[0] ?? 0),
    wrong_after: probability(wrong?.[1] ?? 0),
  });
}

/**
 * What fills the places of sentences, and of what stands below a box's title.
 * @param {Round} round
 * @param {number} prompts
 */
export const numbers = ({ prompt, answer, count, written, right, step }, prompts) => ({
  ...{ prompt, answer, count, right, prompts },
  different: written.length,
  updates: step,
});

/**
 * A round and its station, in words.
 * @param {{ round: number, station: number }} place
 * @param {Sent} sent
 */
export function whereabouts({ round, station }, { rounds, boxes, words }) {
  const { step } = rounds[round];
  const { title } = boxes[station];
  return fill(words.place, { n: round + 1, all: rounds.length, step: step + 1, station: title });
}

/**
 * A response of a round as text.
 * @param {import("./types.js").Folded} of
 * @param {Sent} sent
 */
export const line = ({ text, count, reward, success, before, after }, { words }) =>
  fill(words.line, {
    ...{ text, count, verdict: words[success ? "right" : "wrong"] },
    reward: fixed(reward, Number.isInteger(reward) ? 0 : 2),
    before: probability(before),
    after: probability(after),
  });
