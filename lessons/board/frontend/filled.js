// A term's expression with one token's own numbers in it, as the formula card prints it. Generic: everything comes from
// the term's tree.

import { fill, isNumber, plain, signedText, strong, tone } from "./format.js";
import { computed, joined, MANY, print, rounded, written } from "./printed.js";
import { evaluateTree, FUNCTIONS, formKnown, LAZY } from "./terms.js";
import { at, groupOf, nextToken, reduce } from "./terms_over.js";

/** @typedef {import("./terms.js").Env} Env */
/** @typedef {import("./terms.js").Place} Place */
/** @typedef {import("./terms.js").Region} Region */
/** @typedef {import("./terms.js").Term} Term */
/** @typedef {import("./terms.js").Tree} Tree */
/** @typedef {import("./terms.js").Value} Value */
/** @typedef {import("./printed.js").Leaf} Leaf */
/** @typedef {import("./printed.js").Part} Part */
/** @typedef {import("./printed.js").Shown} Shown */

const MOST_DIGITS = 7;
const TRUTH = new Set(["<", "<=", ">", ">=", "==", "!=", "and", "or", "not"]);

/**
 * The expression in numbers, "=" or "≈", and the term's value. The printed numbers get as many digits as it takes until
 * their formula, as printed, rounds to the printed value; if seven do not do it, the sign is "≈". Only the value where
 * there is nothing to compute or something in it is not known; null where the value itself is missing.
 * @param {Term} term
 * @param {Env} env
 * @param {Place} place
 * @param {{ digits?: number, signed?: boolean, more?: string }} [options] `signed` values have a + and a colour; `more`
 *   says how many numbers of a long list are left out ({n})
 * @returns {Part[] | null}
 */
export function filled(term, env, place, { digits = 3, signed = false, more } = {}) {
  const value = at(env.values[term.name], place.response, place.token);
  if (value === null) return null;
  const text = written(leaf(["term", term.name], value, env), digits);
  const result = strong(signed && isNumber(value) ? signedText(text) : text, signed ? tone(value) : "strong");
  if (!formKnown(term, env.data) || !isNumber(value)) return [result];
  const over = /^(\w+)_batch$/.exec(kindOf(term.tree));
  if (over) return [`${over[1]}(…) = `, result];
  const shown = show(term.tree, env, place, env.values[term.name]);
  if (!shown || "number" in shown) return [result];
  const wanted = rounded(value, digits);
  for (let d = digits; d <= MOST_DIGITS; d++) {
    if (rounded(computed(shown, d), digits) === wanted) return joined([...print(shown, d, more).parts, " = ", result]);
  }
  return joined([...print(shown, digits, more).parts, " ≈ ", result]);
}

/**
 * What a spread in the expression is divided by less than its numbers are many (0 or 1); null where there is none.
 * @param {Tree} tree
 * @param {Env} env
 * @param {Place} place
 * @returns {number | null}
 */
export function spreadLess(tree, env, place) {
  if (typeof tree === "number") return null;
  const [kind, ...parts] = tree;
  if (kind === "if") return spreadLess(parts[valueAt(parts[0], env, place) === 0 ? 2 : 1], env, place);
  if (/^std_/.test(kind)) return parts[1] === undefined ? 0 : valueAt(parts[1], env, place);
  const inside = /** @type {Tree[]} */ (parts.filter(Array.isArray)).map((x) => spreadLess(x, env, place));
  return inside.find((x) => x !== null) ?? null;
}

/**
 * What a clip region says about a token; null where one of its numbers is not known.
 * @param {Region} region
 * @param {Env} env
 * @param {Place} place
 * @param {number} [digits]
 * @returns {string | null}
 */
export function regionSays(region, env, place, digits = 3) {
  /** @type {Record<string, string>} */
  const texts = {};
  for (const [name, tree] of Object.entries(region.values)) {
    const value = at(evaluateTree(tree, env), place.response, place.token);
    if (value === null) return null;
    texts[name] = written(leaf(tree, value, env), digits);
  }
  return fill(region.says, texts);
}

// From the tree to what is shown of it

/** @param {Tree} tree */
const kindOf = (tree) => (typeof tree === "number" ? "" : tree[0]);

/**
 * What is shown of a tree for one token; null where a number is missing or none (NaN, infinity).
 * @param {Tree} tree
 * @param {Env} env
 * @param {Place} place
 * @param {Value} [own] the tree's value, where a recorded one is known
 * @returns {Shown | null}
 */
function show(tree, env, place, own) {
  if (typeof tree === "number") return { number: tree, exact: plain(tree) };
  const [kind, ...parts] = tree;
  if (kind === "if") {
    const condition = valueAt(parts[0], env, place);
    return condition === null ? null : show(parts[condition === 0 ? 2 : 1], env, place);
  }
  if (kind === "per_token") return show(parts[0], env, place);
  if (kind === "following") {
    const token = nextToken(env, place);
    return token === null ? show(parts[1], env, place) : show(parts[0], env, { ...place, token });
  }
  if (kind === "scan") return showScan(parts[0], parts[1], env, place, own ?? evaluateTree(tree, env));
  if (/_(response|group)$/.test(kind)) return showOver(kind, parts, env, place);
  const ofText = parts.length > 1 && kindOf(parts[1]) === "text";
  if (ofText || !(kind in FUNCTIONS || kind in LAZY)) {
    const number = valueAt(tree, env, place);
    return isNumber(number) ? leaf(tree, /** @type {number} */ (number), env) : null;
  }
  return all(
    kind,
    parts.map((x) => show(x, env, place)),
  );
}

/** @param {string} op @param {(Shown | null)[]} parts @returns {Shown | null} */
const all = (op, parts) => (parts.includes(null) ? null : { op, parts: /** @type {Shown[]} */ (parts) });

/**
 * x + decay × the next token's sum; nothing follows the last token.
 * @param {Tree} x
 * @param {Tree} decay
 * @param {Env} env
 * @param {Place} place
 * @param {Value} sums
 */
function showScan(x, decay, env, place, sums) {
  const token = nextToken(env, place);
  const next = token === null ? 0 : at(sums, place.response, token);
  if (!isNumber(next)) return null;
  const after = { number: /** @type {number} */ (next), exact: token === null ? "0" : null };
  return all("+", [show(x, env, place), all("*", [show(decay, env, place), after])]);
}

/**
 * The numbers of the response's tokens or the group's responses.
 * @param {string} kind
 * @param {Tree[]} parts
 * @param {Env} env
 * @param {Place} place
 * @returns {Shown | null}
 */
function showOver(kind, [x, ddof], env, place) {
  const [op, over] = kind.split("_");
  const values = evaluateTree(x, env);
  const { response } = place;
  const numbers =
    over === "group"
      ? groupOf(env, response).map((i) => at(values, i, 0))
      : env.written[response].map((t) => at(values, response, t));
  const less = ddof === undefined ? 0 : valueAt(ddof, env, place);
  if (less === null || !numbers.every(isNumber)) return null;
  if (op === "mean" && numbers.length > MANY) {
    // Numbers that are not printed cannot be added up by hand: their sum is printed instead.
    const total = /** @type {number} */ (reduce("sum", numbers, 0));
    return all("/", [leaf(x, total, env), { number: numbers.length, exact: plain(numbers.length) }]);
  }
  return { op, parts: numbers.map((number) => leaf(x, /** @type {number} */ (number), env)), over: true, ddof: less };
}

/** @param {Tree} tree @param {Env} env @param {Place} place */
const valueAt = (tree, env, place) => at(evaluateTree(tree, env), place.response, place.token);

/**
 * One number. What settings alone make, counts, truth and whole numbers of responses (rewards) are written as they are.
 * @param {Tree} tree
 * @param {number} number
 * @param {Env} env
 * @returns {Leaf}
 */
function leaf(tree, number, env) {
  if (!isNumber(number)) return { number, exact: Number.isNaN(number) ? "nan" : number < 0 ? "−inf" : "inf" };
  if (kindOf(tree) === "setting") return { number, exact: plain(number) };
  if (constant(tree, env)) {
    const round = Number(number.toPrecision(10)); // 1 − 0.9 is 0.1 and not 0.09999999999999998
    if (plain(round).length <= MOST_DIGITS + 2) return { number: round, exact: plain(round) };
  }
  const counts = truth(tree, env) || kindOf(tree) === "builtin" || levelOf(tree, env) === 1;
  return { number, exact: counts && Number.isInteger(number) ? plain(number) : null };
}

/** Whether a tree has only numbers and settings in it. @param {Tree} tree @param {Env} env @returns {boolean} */
function constant(tree, env) {
  if (typeof tree === "number" || tree[0] === "setting" || tree[0] === "text") return true;
  const [kind, ...parts] = tree;
  if (kind === "term") return constant(termOf(parts[0], env), env);
  return !["response", "token", "builtin"].includes(kind) && parts.every((x) => constant(x, env));
}

/** Whether a tree's value is a truth value. @param {Tree} tree @param {Env} env @returns {boolean} */
const truth = (tree, env) =>
  kindOf(tree) === "term" ? truth(termOf(/** @type {any} */ (tree)[1], env), env) : TRUTH.has(kindOf(tree));

/** @param {string} name @param {Env} env */
const termOf = (name, env) => /** @type {Term} */ (env.terms.get(name)).tree;

/** @param {Tree} tree @param {Env} env */
const levelOf = (tree, env) =>
  (kindOf(tree) === "term" ? env.values[/** @type {any} */ (tree)[1]] : evaluateTree(tree, env)).level;
