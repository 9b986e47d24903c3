// The walk through the pipeline: its stations, how long each takes, and what flies where. Pure.
//
// A position is a number from 0 to the number of stations: 3.5 is half way through the fourth. Both learners have the
// same stations, so that one can become the other at any position; only what happens at two of them differs.

/** @import { Act, Cargo, Flight, Mode, Place, Station } from "./types.js" */

/** @type {(from: string, to: string, cargo: Cargo, backward?: boolean) => Flight} */
export const flight = (from, to, cargo, backward = false) => ({ from, to, cargo, backward });

/** @type {(box: string, over: Cargo, flights?: Flight[], backward?: boolean) => Act} */
const act = (box, over, flights = [], backward = false) => ({ box, over, flights, backward });

/** @type {(one: Act) => Record<Mode, Act>} */
const both = (one) => ({ ppo: one, grpo: one });

/** @type {Station[]} */
export const STATIONS = [
  { key: "query", seconds: 1.4, acts: both(act("query", "question", [flight("query", "policy", "question")])) },
  { key: "policy", seconds: 3.4, acts: both(act("policy", "tokens", [flight("policy", "outputs", "tokens")])) },
  { key: "outputs", seconds: 1.8, acts: both(act("outputs", "one")) },
  {
    key: "reference",
    seconds: 2.8,
    acts: both(act("reference", "tokens", [flight("outputs", "reference", "tokens")])),
  },
  {
    key: "reward",
    seconds: 2.2,
    acts: {
      ppo: act("reward", "one", [flight("outputs", "reward", "one")]),
      grpo: act("reward", "responses", [flight("outputs", "reward", "responses")]),
    },
  },
  {
    key: "baseline",
    seconds: 3.4,
    acts: {
      ppo: act("value", "tokens", [flight("outputs", "value", "tokens")]),
      grpo: act("group", "responses", [flight("reward", "group", "responses")]),
    },
  },
  {
    key: "credit",
    seconds: 4,
    acts: {
      ppo: act("gae", "tokens", [flight("value", "gae", "tokens", true)], true),
      grpo: act("group", "responses"),
    },
  },
  {
    key: "advantage",
    seconds: 3,
    acts: {
      ppo: act("advantage", "tokens", [flight("gae", "advantage", "tokens")]),
      grpo: act("advantage", "responses", [flight("group", "advantage", "responses")]),
    },
  },
  {
    key: "update",
    seconds: 2.6,
    acts: both(act("update", "tokens", [flight("advantage", "update", "one"), flight("update", "policy", "one")])),
  },
];

export const END = STATIONS.length;

/** At these stations the two learners differ. */
export const DIFFER = STATIONS.filter(({ acts }) => acts.ppo.box !== acts.grpo.box).map((x) => x.key);

/**
 * The station that a position is in: at a border, the one that is just done; at the very beginning, the first.
 * @param {number} position
 * @param {number} [end] the number of stations
 * @returns {Place}
 */
export function placeOf(position, end = END) {
  const p = Math.min(end, Math.max(0, position));
  const station = Math.max(0, Math.ceil(p) - 1);
  return { station, done: p - station };
}

/**
 * How much of a station is done at a position, 0 to 1.
 * @param {number} station
 * @param {number} position
 */
export const doneAt = (station, position) => Math.min(1, Math.max(0, position - station));

/**
 * The position after so many seconds of play.
 * @param {number} position
 * @param {number} seconds
 * @param {{ seconds: number }[]} [stations]
 */
export function later(position, seconds, stations = STATIONS) {
  let [p, left] = [position, seconds];
  while (left > 0 && p < stations.length) {
    const station = Math.floor(p);
    const whole = stations[station].seconds;
    const needed = (station + 1 - p) * whole;
    if (needed > left) return p + left / whole;
    p = station + 1;
    left -= needed;
  }
  return p;
}

/** The next station's end. @param {number} position @param {number} [end] the number of stations */
export const onward = (position, end = END) => Math.min(end, Math.floor(position + 1e-9) + 1);

/** The end of the station before; the beginning before the first. @param {number} position */
export const backward = (position) => Math.max(0, Math.ceil(position - 1e-9) - 1);

const FLYING = 3; // so many are on the way at a time

/**
 * How far the k-th of n has come (0 to 1) when so much of its station is done: one sets out after the other, the last
 * arrives a little before the station is done.
 * @param {number} k
 * @param {number} n
 * @param {number} done
 */
export function arrival(k, n, done) {
  if (done >= 1) return 1;
  const beats = (done / 0.94) * (n - 1 + FLYING);
  return Math.min(1, Math.max(0, (beats - k) / FLYING));
}

/**
 * Whose turn it is among n when so much of the station is done: the last that has arrived; −1 before the first has.
 * @param {number} n
 * @param {number} done
 */
export function turn(n, done) {
  let last = -1;
  while (last + 1 < n && arrival(last + 1, n, done) >= 1) last += 1;
  return last;
}

/**
 * The positions, within a station of n, at which one more has arrived; the last is its end.
 * @param {number} n
 */
export const beats = (n) =>
  Array.from({ length: n }, (_, k) => (k === n - 1 ? 1 : (0.94 * (k + FLYING)) / (n - 1 + FLYING) + 1e-9));
