// The numbers that terms stand for: formulas come as data from core/terms, this file evaluates them and has none of its
// own. It behaves as core/terms/evaluate.py does (a test compares them); language.py there describes the trees.

import { at, following, highest, made, number, raised, reduced, scan } from "./terms_over.js";

/** @typedef {number | null} Num null is a number that is missing; NaN and infinity were computed */
/** @typedef {Num | boolean | "nan" | "inf" | "-inf"} Cell how the server writes a number */
/** @typedef {number | [string, ...any[]]} Tree */
/** @typedef {{ level: 0, numbers: Num } | { level: 1, numbers: Num[] } | { level: 2, numbers: Num[][] }} Value */
/** @typedef {{ response: number, token: number }} Place indices, from 0 */
/**
 * @typedef {object} Term
 * @property {string} name
 * @property {Tree} tree
 * @property {0 | 1 | 2} level one number for the step, one per response, one per token
 * @property {string} title
 * @property {string} help
 * @property {string} tex
 * @property {string} source
 * @property {string[]} given settings without which the expression's form is not known
 */
/**
 * @typedef {object} Region
 * @property {1 | -1} side
 * @property {Tree | null} ratio_from
 * @property {Tree | null} ratio_to
 * @property {"positive" | "negative" | "any"} advantage
 * @property {boolean} cuts
 * @property {string} says
 * @property {Record<string, Tree>} values
 * @property {string} symbol how a formula writes the bound; "": its number alone is shown
 */
/**
 * One step, one learner, one pass. `lengths` counts each response's tokens, also those of `holes`: tokens that the
 * policy did not write and that have no numbers. `responses.group` says which responses are compared. `step` has
 * recorded numbers of the whole step by term's name; `whole` says whether every response of the step is here.
 * @typedef {object} Data
 * @property {Record<string, unknown>} settings
 * @property {Record<string, Cell>} step
 * @property {boolean} whole
 * @property {number[]} lengths
 * @property {Record<string, Cell[]>} responses
 * @property {Record<string, Cell[][]>} tokens
 * @property {(boolean | number)[][] | null} [holes]
 */
/**
 * @typedef {object} Env what was evaluated
 * @property {Data} data
 * @property {Record<string, Value>} values by term
 * @property {Set<string>} recorded terms whose numbers are recorded ones
 * @property {Map<string, Term>} terms
 * @property {number[][]} written each response's indices of the tokens that the policy wrote
 * @property {Map<Tree, Value>} done what expressions came to: a card asks for the same ones again and again
 */

/**
 * Every term's value. A term that has a column's name takes the recorded numbers where any are there; with `recompute`
 * all follow from their expressions instead.
 * @param {Term[]} terms
 * @param {Data} data
 * @param {{ recompute?: boolean }} [options]
 * @returns {Env}
 */
export function evaluate(terms, data, { recompute = false } = {}) {
  const written = data.lengths.map((n, b) => [...Array(n).keys()].filter((t) => !data.holes?.[b][t]));
  /** @type {Env} */
  const env = { data, values: {}, recorded: new Set(), terms: new Map(), written, done: new Map() };
  for (const term of terms) {
    const column = recompute ? null : columnOf(term, env);
    const inStep = number(data.step[term.name]);
    if (column) {
      env.values[term.name] = column;
      env.recorded.add(term.name);
    } else if (!data.whole && term.level === 0 && inStep !== null) {
      env.values[term.name] = { level: 0, numbers: inStep };
      env.recorded.add(term.name);
    } else if (!formKnown(term, data)) {
      env.values[term.name] = made(term.level, env, () => null);
    } else {
      env.values[term.name] = raised(evaluateTree(term.tree, env), term.level, env);
    }
    env.terms.set(term.name, term);
  }
  return env;
}

/**
 * Whether all the settings are known by which the form of the term's expression was chosen.
 * @param {Term} term
 * @param {Data} data
 */
export const formKnown = (term, data) => term.given.every((name) => (data.settings[name] ?? null) !== null);

/**
 * The number for one token of one response; the place may be left out where the level does not need it.
 * @param {Value} value
 * @param {Partial<Place>} [place]
 * @returns {Num}
 */
export function numberAt(value, { response = 0, token = 0 } = {}) {
  return at(value, response, token);
}

/** So many levels a tree may have: twice the parts that core/terms/language.py lets stand within each other. */
const MOST_LEVELS = 120;

/**
 * The value of an expression's tree, which may use the terms of `env`.
 * @param {Tree} tree
 * @param {Env} env
 * @param {number} [levels] how many it may have
 * @returns {Value}
 */
export function evaluateTree(tree, env, levels = MOST_LEVELS) {
  if (typeof tree === "number") return { level: 0, numbers: tree };
  if (tree[0] === "term") return env.values[tree[1]];
  if (levels === 0) throw new Error(`An expression has more than ${MOST_LEVELS} levels.`);
  const done = env.done.get(tree) ?? computed(tree, env, levels);
  env.done.set(tree, done);
  return done;
}

/** @param {Exclude<Tree, number>} tree @param {Env} env @param {number} levels @returns {Value} */
function computed(tree, env, levels) {
  const [kind, ...parts] = tree;
  const named = NAMED[kind];
  if (named) return named(parts[0], env);
  if (isText(parts[1]))
    return { level: 0, numbers: comparedWithText(kind, env.data.settings[parts[0][1]], parts[1][1]) };
  const values = parts.map((x) => evaluateTree(x, env, levels - 1));
  if (kind === "per_token") return raised(values[0], 2, env);
  if (kind === "following") return following(values[0], values[1], env);
  if (kind === "scan") return scan(values[0], values[1], env);
  const over = /^(\w+)_(response|group|batch)$/.exec(kind);
  if (over) return reduced(over[1], over[2], values[0], values[1], env);
  const level = highest(values);
  const lazy = LAZY[kind];
  if (lazy) return made(level, env, (b, t) => lazy(...values.map((x) => at(x, b, t))));
  const plain = FUNCTIONS[kind];
  if (!plain) throw new Error(`The language of terms has no ${kind}.`);
  return made(level, env, (b, t) => {
    const numbers = values.map((x) => at(x, b, t));
    return numbers.includes(null) ? null : Number(plain(.../** @type {number[]} */ (numbers)));
  });
}

// Names

/** @type {Record<string, (name: string, env: Env) => Value>} */
const NAMED = {
  setting: (name, { data }) => ({ level: 0, numbers: setting(name, data.settings[name]) }),
  response: (name, env) => made(1, env, (b) => number(env.data.responses[name]?.[b])),
  token: (name, env) => made(2, env, (b, t) => number(env.data.tokens[name]?.[b][t])),
  builtin: (name, env) => BUILTINS[name](env),
};

/** @type {Record<string, (env: Env) => Value>} */
const BUILTINS = {
  last: (env) => made(2, env, (b, t) => Number(t === env.written[b][env.written[b].length - 1])),
  position: (env) => made(2, env, (_, t) => t),
  length: (env) => made(1, env, (b) => env.written[b].length),
  group_size: (env) => reduced("sum", "group", { level: 0, numbers: 1 }, undefined, env),
  batch_size: ({ data }) => ({ level: 0, numbers: data.whole ? data.lengths.length : null }),
};

/** @param {string} name @param {unknown} given @returns {Num} */
function setting(name, given) {
  if (given === null || given === undefined) return null;
  if (typeof given !== "number" && typeof given !== "boolean")
    throw new Error(`An expression computes with the setting ${name}, but it is ${JSON.stringify(given)}.`);
  return Number(given);
}

/**
 * The column of a term's name, if any number is in it.
 * @param {Term} term
 * @param {Env} env
 */
function columnOf({ name, level }, env) {
  if (level === 0 || !(name in (level === 1 ? env.data.responses : env.data.tokens))) return null;
  const column = NAMED[level === 1 ? "response" : "token"](name, env);
  return /** @type {Num[]} */ (column.numbers).flat().some((x) => x !== null) ? column : null;
}

// Functions of numbers

/** @type {Record<string, (...numbers: number[]) => number | boolean>} */
export const FUNCTIONS = {
  neg: (x) => -x,
  not: (x) => x === 0,
  "+": (x, y) => x + y,
  "-": (x, y) => x - y,
  "*": (x, y) => x * y,
  "/": (x, y) => x / y,
  "**": (x, y) => (x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : x ** y), // as in IEEE 754 and numpy
  "<": (x, y) => x < y,
  "<=": (x, y) => x <= y,
  ">": (x, y) => x > y,
  ">=": (x, y) => x >= y,
  "==": (x, y) => x === y,
  "!=": (x, y) => x !== y,
  min: Math.min,
  max: Math.max,
  clamp: (x, low, high) => Math.min(high, Math.max(low, x)),
  exp: Math.exp,
  log: Math.log,
  expm1: Math.expm1,
  abs: Math.abs,
  sign: Math.sign,
  sqrt: Math.sqrt,
};

/** What needs only the numbers that decide it. @type {Record<string, (...numbers: Num[]) => Num>} */
export const LAZY = {
  if: (condition, then, otherwise) => (condition === null ? null : condition !== 0 ? then : otherwise),
  and: (...all) => (all.some((x) => x === 0) ? 0 : all.includes(null) ? null : 1),
  or: (...all) => (all.some((x) => x !== null && x !== 0) ? 1 : all.includes(null) ? null : 0),
};

/** @param {unknown} tree @returns {tree is ["text", string]} */
const isText = (tree) => Array.isArray(tree) && tree[0] === "text";

/** @param {string} sign @param {unknown} given @param {string} text @returns {Num} */
function comparedWithText(sign, given, text) {
  return given === null || given === undefined ? null : Number((given === text) === (sign === "=="));
}
