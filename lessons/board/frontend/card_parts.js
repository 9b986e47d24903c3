// What the formula card's lines have in common: a token's numbers, and words around them.

import { strong } from "./format.js";

/** @import { Env, Place } from "./terms.js" */
/** @import { Part } from "./printed.js" */
/** @import { Response } from "./tokens.js" */
/** @import { Labels } from "./labels.js" */
/**
 * One line: what it is called (`help`: the sentence behind that), what it says, and where in the code that is computed;
 * `aside`: what else has to be known to compute it.
 * @typedef {{ key: string, label: string, help?: string, parts: Part[], source?: string, sub?: boolean,
 *   aside?: string }} Line
 * @typedef {{ response: Response, at: number, pass: number, env: Env, place: Place, labels: Labels }} Token
 */

/**
 * A template's text with parts in its places; signs between them are the language's own.
 * @param {string} template
 * @param {Record<string, Part[]>} values
 * @returns {Part[]}
 */
export const filledIn = (template, values) =>
  template.split(/(\{\w+\})/).flatMap((text) => values[text.slice(1, -1)] ?? (text ? [text] : []));

/** What follows other words: full-width brackets need no space. @param {string} text */
export const after = (text) => (text.startsWith("（") ? text : ` ${text}`);

/**
 * Parts with a note in brackets behind them, if there is one.
 * @param {Part[]} parts
 * @param {string} note
 * @param {Labels} labels
 */
export const noted = (parts, note, labels) => (note ? filledIn(labels.with_note, { parts, note: [note] }) : parts);

/** @param {string} name @param {Token} token */
export const get = (name, { response, at, pass }) => response.at(name, at, pass);

/** @param {string} name @param {Token} token */
export const missing = (name, { response, labels }) => strong(labels[response.absence(name)], "mute");
