// Responses of a group that say the same and are credited the same: one row with a count stands for them. Pure.

import { isNumber } from "./format.js";

/** @import { Response } from "./tokens.js" */
/** @import { TokenId } from "./page_types.js" */

/** @typedef {{ response: Response, alike: { n: number, key: string, open: boolean, all: Response[] } | null }} Shown */

/** Credits that differ by no more read alike in every number of the page: what is left is float32 rounding. */
const CREDIT_TIE = 1e-3;

/**
 * The responses to show, those that are equal together: one for all, or each, where a person opened them.
 * @param {Response[]} list a learner's responses to one prompt
 * @param {Set<string>} opened keys of those that a person opened
 * @param {TokenId | null} token the chosen one: whose response it is stands for its equals
 * @returns {Shown[]}
 */
export function foldAlike(list, opened, token) {
  /** @type {Response[][]} */
  const classes = [];
  for (const response of list) {
    const own = classes.find(([first]) => equal(first, response));
    if (own) own.push(response);
    else classes.push([response]);
  }
  return classes.flatMap((all) => {
    const [first] = all;
    if (all.length === 1) return [{ response: first, alike: null }];
    const key = `${first.learner}.${first.sample}`;
    const alike = { n: all.length, key, all, open: opened.has(key) };
    if (alike.open) return all.map((response, i) => ({ response, alike: i === 0 ? alike : null }));
    const chosen = all.find((x) => x.learner === token?.learner && x.sample === token.sample);
    return [{ response: chosen ?? first, alike }];
  });
}

/**
 * Of a learner's rows two that tell most: that of the chosen token, else the first, and the first of the other verdict.
 * Those that were shown before stay where no other row was chosen: a row must not change under the hand that chooses.
 * @param {Shown[]} rows
 * @param {TokenId | null} token
 * @param {Set<string>} [before] names of the rows that are shown, of whichever learner
 * @returns {Shown[]}
 */
export function two(rows, token, before = new Set()) {
  const isOwn = (/** @type {Shown} */ { response: x }) => x.learner === token?.learner && x.sample === token.sample;
  const own = rows.find(isOwn);
  const stayed = rows.filter((x) => before.has(rowName(x)));
  if (stayed.length === Math.min(2, rows.length) && (!own || stayed.includes(own))) return stayed;
  const chosen = own ?? rows[0];
  const rest = rows.filter((x) => x !== chosen);
  const other = rest.find((x) => x.response.success !== chosen.response.success) ?? rest[0];
  return rows.filter((x) => x === chosen || x === other);
}

/** A row's name, whichever of equal responses stands for them. @param {Shown} row */
const rowName = ({ response: x, alike }) => alike?.key ?? `${x.learner}.${x.sample}`;

/** @param {Response} a @param {Response} b */
function equal(a, b) {
  const same = (/** @type {"text" | "reward" | "success" | "truncated" | "length"} */ name) => a[name] === b[name];
  if (!["text", "reward", "success", "truncated", "length"].every((x) => same(/** @type {any} */ (x)))) return false;
  if (a.token.some((x, i) => x !== b.token[i] || Boolean(a.holes[i]) !== Boolean(b.holes[i]))) return false;
  return a.token.every((_, i) => close(a.at("advantage", i, 0), b.at("advantage", i, 0)));
}

/** @param {unknown} x @param {unknown} y */
const close = (x, y) => (isNumber(x) && isNumber(y) ? Math.abs(x - y) <= CREDIT_TIE : x === y);
