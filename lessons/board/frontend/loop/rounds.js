// Where in the rounds a position is, how fast they go by, and what is said there. Pure.

import { fill, fixed } from "../format.js";

/** @import { Round, Sent } from "./types.js" */

const [AT_FIRST, GROWTH] = [0.55, 0.5]; // stations a second in the first round, and how many more in each next one

/**
 * @param {number} position whole stations since the first round's beginning, and the share of the one that it is at
 * @param {Sent} sent
 */
export function placeAt(position, { rounds, stations }) {
  const whole = Math.min(Math.floor(position), rounds.length * stations.length - 1);
  const round = Math.max(0, Math.floor(whole / stations.length));
  return { round, station: whole - round * stations.length, done: Math.min(1, position - whole) };
}

/** @param {Sent} sent */
export const lastOf = ({ rounds, stations }) => rounds.length * stations.length;

/**
 * Stations a second: slowly in the first round, and faster in each one after it.
 * @param {number} round from 0
 */
export const speedIn = (round) => AT_FIRST + GROWTH * round;

/**
 * How much of a station's work is done: 0 before it, 1 after it.
 * @param {string} key
 * @param {{ station: number, done: number }} place
 * @param {Sent} sent
 */
export function doneAt(key, { station, done }, { stations }) {
  const at = stations.findIndex((x) => x.key === key);
  return station > at ? 1 : station < at ? 0 : done;
}

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
    prompt: round.prompt,
    answer: round.answer,
    count: round.count,
    different: round.written.length,
    right: round.right,
    prompts,
    right_before: probability(right?.[0] ?? 0),
    right_after: probability(right?.[1] ?? 0),
    wrong_before: probability(wrong?.[0] ?? 0),
    wrong_after: probability(wrong?.[1] ?? 0),
  });
}

/**
 * A round and its station, in words.
 * @param {{ round: number, station: number }} place
 * @param {Sent} sent
 */
export function whereabouts({ round, station }, { rounds, stations, words }) {
  const { step } = rounds[round];
  return fill(words.place, { n: round + 1, all: rounds.length, step: step + 1, station: stations[station].title });
}
