// What token strips can be coloured by: numbers of every trace, and what a run's learners record beyond them.

import { inWords } from "./format.js";
import { nobodyHas } from "./tokens.js";

/** @import { Groups, Response } from "./tokens.js" */
/** @import { Labels } from "./labels.js" */
/** @import { StripKind } from "./strip_types.js" */
/** @import { Column } from "./types.js" */

/**
 * The columns that have the number, the first that is known; `title` of a learner's own column, a message template.
 * @typedef {{ columns: string[], kind: StripKind, title?: string }} Colouring
 * @typedef {Record<string, Colouring>} Colourings by the name that the address has
 */

/**
 * Those of every run; the first is the default.
 * @type {Colourings}
 */
export const COLOURINGS = {
  advantage: { columns: ["advantage"], kind: "signed" },
  ratio: { columns: ["ratio"], kind: "ratio" },
  kl: { columns: ["kl_exact", "kl_k3"], kind: "plain" },
  value: { columns: ["value"], kind: "plain" },
  value_measured: { columns: ["value_measured"], kind: "plain" },
  advantage_measured: { columns: ["advantage_measured"], kind: "signed" },
  entropy: { columns: ["entropy"], kind: "plain" },
  logprob: { columns: ["logprob"], kind: "falling" },
};
export const [DEFAULT] = Object.keys(COLOURINGS);

/**
 * Those of a run: after the usual ones every learner's own columns, as the first that has one of a name declares it.
 * Where no learner has the default one, and one has columns of its own, these come first, and the default is left out.
 * @param {{ columns: Column[], without?: string[] }[]} learners
 * @returns {Colourings}
 */
export function colouringsOf(learners) {
  /** @type {Colourings} */
  const own = {};
  for (const { name, title, signed } of learners.flatMap((x) => x.columns)) {
    const isNew = !Object.hasOwn(COLOURINGS, name) && !Object.hasOwn(own, name);
    if (isNew) own[name] = { columns: [name], kind: signed ? "signed" : "plain", title };
  }
  const gone = learners.length > 0 && learners.every((x) => x.without?.includes(DEFAULT));
  if (!gone || !Object.keys(own).length) return { ...COLOURINGS, ...own };
  const { [DEFAULT]: _, ...others } = COLOURINGS;
  return { ...own, ...others };
}

/**
 * Those that are offered: where no learner has the default one, only what somebody has.
 * @param {{ columns: Column[], without?: string[] }[]} learners
 * @returns {Colourings}
 */
export function offeredTo(learners) {
  const all = colouringsOf(learners);
  if (!nobodyHas(learners, [DEFAULT])) return all;
  const had = Object.entries(all).filter(([, { columns }]) => !nobodyHas(learners, columns));
  return had.length ? Object.fromEntries(had) : all;
}

/**
 * @param {string} name
 * @param {Colourings} all
 * @param {Labels} labels
 */
export const titleOf = (name, all, labels) =>
  all[name].title === undefined ? labels.colourings[name] : inWords(labels, all[name].title);

/**
 * The number that colours a token.
 * @param {Response} response
 * @param {number} i
 * @param {number} pass
 * @param {Colouring} colouring
 */
export function coloured(response, i, pass, { columns }) {
  for (const column of columns) {
    const x = response.at(column, i, pass);
    if (x !== null) return x;
  }
  return null;
}

/**
 * Why a response's tokens have no number under a colouring, as a label's name: another kind's own column is none of its.
 * @param {Response} response
 * @param {Colouring} colouring
 */
export function absenceIn(response, { columns: [name], title }) {
  const others = title !== undefined && response.own.data.columns.every((x) => x.name !== name);
  return others ? "none" : response.absence(name);
}

/**
 * Why no token of these responses has a number under a colouring: a label's name.
 * @param {Groups} groups
 * @param {Colouring} colouring
 * @returns {"none" | "not_recorded"}
 */
export function whyNobody(groups, colouring) {
  const all = [...groups.values()].flat();
  return all.some((x) => absenceIn(x, colouring) === "not_recorded") ? "not_recorded" : "none";
}

/**
 * Every number that a colouring meets in these responses, in all passes, so that its legend stands still.
 * @param {Groups} groups
 * @param {Colouring} colouring
 */
export function domain(groups, colouring) {
  /** @type {number[]} */
  const numbers = [];
  for (const response of [...groups.values()].flat()) {
    for (let pass = 0; pass <= response.lastPass; pass++) {
      for (let i = 0; i < response.length; i++) {
        const x = response.holes[i] ? null : coloured(response, i, pass, colouring);
        if (typeof x === "number") numbers.push(x);
      }
    }
  }
  return numbers;
}
