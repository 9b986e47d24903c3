// What a token's chip shows and says, from a strip's data. Pure.

import { fill, fixed, signed } from "./format.js";
import { chipText, isEnd, named } from "./tokens.js";

/** @import { ScaleKind } from "./colours.js" */
/** @import { StripData, StripKind, StripRow } from "./strip_types.js" */
/** @import { Value } from "./types.js" */

/** @type {Record<StripKind, ScaleKind>} */
export const SCALES = { signed: { centre: 0 }, ratio: { centre: 1 }, plain: {}, falling: { reversed: true } };

/**
 * A number of a strip.
 * @param {StripKind} kind
 * @param {Value | undefined} x
 * @param {number} digits
 * @param {string} missing
 */
export function number(kind, x, digits, missing) {
  return kind === "signed" ? signed(x, digits, missing) : fixed(x, digits, missing);
}

/**
 * The number below a token: nothing where none is its own.
 * @param {StripData} data
 * @param {StripRow} row
 * @param {number} at
 */
export function below({ kind, digits }, row, at) {
  if (digits === null || row.holes[at]) return "";
  return row.hidden[at] ? "·" : number(kind, row.values[at], digits, "–");
}

/**
 * "“9”, position 3, advantage +0.12, cut at the high side"
 * @param {StripData} data
 * @param {StripRow} row
 * @param {number} at
 */
export function says({ words, kind, saidDigits, quantity }, row, at) {
  const token = { token: named(row.tokens[at]), position: row.places[at] + 1 };
  const known = number(kind, row.values[at], saidDigits, row.missing);
  const value = row.hidden[at] ? words.later : known;
  if (row.holes[at]) return fill(words.token_says, { ...token, quantity: words.hole, value: "" }).trim();
  const mark = row.marks[at];
  const all = [fill(words.token_says, { ...token, quantity, value }), mark && row.marked[mark]];
  return all.filter(Boolean).join(words.comma);
}

/**
 * A chip's look: its classes, its colour, and whether that is of the scale's lower side.
 * @param {StripData} data
 * @param {StripRow} row
 * @param {number} at
 */
export function look({ scale, digits, picked }, row, at) {
  const value = row.values[at];
  const plain = row.holes[at] || row.hidden[at];
  const paint = typeof value === "number" && !plain ? scale.colour(value) : null;
  const ground = row.holes[at] ? "hole" : row.hidden[at] ? "later" : !paint && "none";
  const mark = row.holes[at] ? null : row.marks[at];
  const chosen = picked === nameOf(row, at);
  const under = paint !== null && scale.centre !== null && Number(value) < scale.centre;
  const own = [digits === null ? chipText(row.tokens[at]).size : "numbered", ground, row.spot[at] && "spot", mark];
  return { paint, chosen, under, classes: ["t", ...own, chosen && "picked"].filter(Boolean).join(" ") };
}

/**
 * A token's name within its strip.
 * @param {StripRow} row
 * @param {number} at
 */
export const nameOf = (row, at) => `${row.name}.${row.places[at]}`;

/**
 * Which tokens stay on the line of the one before them: an end of sequence alone on a line says nothing.
 * @param {string[]} tokens
 */
export const stays = (tokens) => tokens.map((token, at) => at > 0 && isEnd(token));
