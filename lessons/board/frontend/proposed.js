// The token to show to who chose none: one at which credit has something to show, and why. Pure.

/** @import { Groups, Response } from "./tokens.js" */
/** @import { TokenId } from "./page_types.js" */

/**
 * Why a token is proposed: it is the first that no right response shares ("slip"), has its learner's lowest δ ("fall"),
 * or both ("seen"); it has the lowest advantage, alone or with others ("blamed"); or nothing is known of it ("").
 * @typedef {"seen" | "fall" | "slip" | "blamed" | ""} Why
 */
/** @typedef {{ token: TokenId | null, why: Why, alike: number }} Proposed `alike`: how many are blamed as much */
/** @typedef {{ response: Response, at: number }} Place */

/** Advantages that differ by no more are equal: what is left is float32 rounding (lessons/kit/ties.py). */
const TIE = 1e-6;
/** By so much, in units of reward, a value has to fall to be a fall that is seen (lessons/kit/lesson/replies.py, SEEN). */
const SEEN = 0.1;

/**
 * Where a learner's credit tells tokens apart: the slip at which its δ falls furthest, else the token of a wrong response
 * with the lowest δ. Where all tokens of a response are credited alike: the slip. Else the token that is blamed most.
 * @param {Groups} groups
 * @returns {Proposed}
 */
export function proposed(groups) {
  const wrong = [...groups.values()].flat().filter((x) => x.length && x.success === false);
  const falls = wrong.flatMap((response) => lowestDelta(response) ?? []).sort((a, b) => a.delta - b.delta);
  const seen = falls.find(({ response, at }) => at === slipOf(response, groups));
  if (seen) return named(seen, "seen");
  if (falls.length) return named(falls[0], "fall");
  if (wrong.some(knowsDelta)) return blamed(groups);
  for (const response of wrong) {
    const at = slipOf(response, groups);
    if (at !== null && response.at("advantage", at, 0) !== null) return named({ response, at }, "slip");
  }
  return blamed(groups);
}

/**
 * @param {Place} place
 * @param {Why} why
 * @param {number} [alike]
 * @returns {Proposed}
 */
function named({ response, at }, why, alike = 1) {
  const { learner, sample } = response;
  return { token: { learner, sample, position: response.position[at] }, why, alike };
}

/** @param {Response} response */
const knowsDelta = (response) => response.once.delta?.some((x) => x !== null) ?? false;

/**
 * The token of a response at which δ is lowest, if it falls there by what can be seen.
 * @param {Response} response
 * @returns {(Place & { delta: number }) | null}
 */
function lowestDelta(response) {
  let [at, least] = [-1, 0];
  for (const [i, x] of (response.once.delta ?? []).entries()) {
    if (typeof x === "number" && x <= -SEEN && x < least && !response.holes[i]) [at, least] = [i, x];
  }
  return at < 0 ? null : { response, at, delta: least };
}

/**
 * The place of the first token up to which no right response of the group agrees, of whichever learner that was asked the
 * same; null where no right one is there, or where it ends as one begins. A response that was cut off has no slip.
 * @param {Response} response
 * @param {Groups} groups
 */
function slipOf(response, groups) {
  const asked = response.own.data.prompt;
  const all = [...groups.values()].flat();
  const right = all.filter((x) => x.length && x.success === true && x.own.data.prompt === asked);
  if (!right.length || response.truncated) return null;
  let agree = right;
  for (const [i, token] of response.token.entries()) {
    agree = agree.filter((x) => x.token[i] === token);
    if (!agree.length) return response.holes[i] ? null : i;
  }
  return null;
}

/**
 * The token that the finest credit blames most, the first of `alike` that it blames as much.
 * @param {Groups} groups
 * @returns {Proposed}
 */
export function blamed(groups) {
  const lists = [...groups.values()];
  const list = lists.find((x) => x.some((r) => r.once.value?.some((v) => v !== null))) ?? lists[0] ?? [];
  const places = list.flatMap((response) =>
    response.position.map((_, at) => ({ response, at, x: response.at("advantage", at, 0) })),
  );
  const least = places.reduce((y, { x }) => (typeof x === "number" ? Math.min(x, y) : y), Infinity);
  const alike = places.filter(({ x }) => typeof x === "number" && x <= least + TIE);
  if (!alike.length) return { token: null, why: "", alike: 0 };
  return named(alike[0], least < 0 ? "blamed" : "", alike.length);
}
