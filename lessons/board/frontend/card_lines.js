// The formula card's lines: the terms that a learner declares, in their order, each with the chosen token's own numbers.

import { gradient } from "./card_gradient.js";
import { after, get, missing } from "./card_parts.js";
import { KL, kl, trueValue, value } from "./card_values.js";
import { filled, spreadLess } from "./filled.js";
import { fill, fixed, inWords, isNumber, signed, strong } from "./format.js";
import { evaluateTree, numberAt } from "./terms.js";

/** @import { Line, Token } from "./card_parts.js" */
/** @import { Env, Term, Tree } from "./terms.js" */
/** @import { Response } from "./tokens.js" */
/** @import { Labels } from "./labels.js" */

const SIGNED = new Set(["advantage", "objective"]);
const TRUTH = new Set(["<", "<=", ">", ">=", "==", "!=", "and", "or", "not"]);

/**
 * Every line for the token at index `at` of a response: the log-probabilities, what leads to the advantage and then the
 * advantage, what the loss makes of it, where the gradient goes, KL and value, and last the objective. What a line uses
 * stands above it.
 * @param {Response} response
 * @param {number} at
 * @param {number} pass
 * @param {Labels} labels
 * @returns {Line[]}
 */
export function lines(response, at, pass, labels) {
  const env = response.own.env(pass);
  /** @type {Token} */
  const token = { response, at, pass, env, place: { response: response.index, token: at }, labels };
  const { terms } = response.own.data;
  const credited = terms.findIndex((x) => x.name === "advantage");
  const special = new Set(["advantage", "objective", ...KL]);
  const shown = (/** @type {Term[]} */ list) => list.filter((x) => !special.has(x.name) && tells(x));
  const named = (/** @type {string} */ name) => terms.filter((x) => x.name === name).map((x) => line(x, token));
  const loss = shown(terms.slice(credited + 1));
  const taken = winners(loss, token);
  const policy = response.own.data.trains !== "reward-model"; // without one, its log-probability, KL and value mean nothing
  return [
    ...(policy ? [logprob(token)] : []),
    ...columns(token),
    ...shown(terms.slice(0, credited)).map((x) => ({ ...line(x, token), sub: true })),
    ...named("advantage"),
    ...loss.map((x) => line(x, token, taken.get(x.name))),
    { ...gradient(token), source: loss.at(-1)?.source },
    ...(policy ? [kl(token), value(token), ...trueValue(token)] : []),
    ...named("objective"),
  ];
}

/** Whether a term says more than the number that it is made of. @param {Term} term */
const tells = ({ tree, help }) => help !== "" || !bare(tree);

/** @param {Tree} tree @returns {boolean} */
function bare(tree) {
  if (typeof tree === "number") return true;
  const [kind, ...parts] = tree;
  if (kind === "per_token") return bare(parts[0]);
  if (kind === "following") return bare(parts[0]) && typeof parts[1] === "number";
  return ["setting", "response", "token", "term", "builtin"].includes(kind);
}

/** @param {Term} term @param {Token} token @param {string} [taken] by what another term took it @returns {Line} */
function line(term, token, taken) {
  const { env, place, labels, response } = token;
  const own = { key: term.name, label: inWords(labels, term.title), help: inWords(labels, term.help) };
  const options = { signed: SIGNED.has(term.name), more: labels.more_numbers };
  const parts = truth(term, token) ?? filled(term, env, place, options);
  if (!parts) return { ...own, parts: [strong(labels[why(term.tree, term.name, token)], "mute")], source: term.source };
  const won = taken ? [" ", strong(`✓ ${taken}`, "won")] : [];
  const whole = shared(term, env) ? [after(fill(labels.whole_ratio, { n: response.length }))] : [];
  const less = spreadLess(term.tree, env, place);
  const spread = less === null ? "" : fill(labels.spread, { n: less ? `N − ${less}` : "N" });
  return { ...own, parts: [...parts, ...won, ...whole], source: term.source, aside: spread };
}

/** Of a question, yes or no. @param {Term} term @param {Token} token */
function truth({ name, tree }, { env, place, labels }) {
  if (typeof tree === "number" || !TRUTH.has(tree[0])) return null;
  const answer = numberAt(env.values[name], place);
  return answer === null ? null : [strong(answer ? labels.yes : labels.no)];
}

/** Whether every token of the response has the same number, since it is made of all of them. @param {Term} term @param {Env} env */
const shared = ({ level, tree }, env) => level === 2 && evaluateTree(tree, env).level === 1;

/**
 * Why a number is missing: a label's name.
 * @param {Tree} tree
 * @param {string} name
 * @param {Token} token
 * @returns {"none" | "not_recorded"}
 */
function why(tree, name, { response, env }) {
  /** @param {Tree} part @returns {boolean} */
  const lacks = (part) => {
    if (typeof part === "number") return false;
    const [kind, ...parts] = part;
    if (kind === "token" || kind === "response") return response.absence(parts[0]) === "none";
    if (kind === "term") return lacks(/** @type {Term} */ (env.terms.get(parts[0])).tree);
    return Array.isArray(parts[0]) && parts.some(lacks);
  };
  return response.absence(name) === "none" || lacks(tree) ? "none" : "not_recorded";
}

/**
 * Which term another one's min or max took: a word by term's name. Bounds that are the same for all tokens do not count.
 * @param {Term[]} terms
 * @param {Token} token
 */
function winners(terms, { env, place, labels }) {
  /** @type {Map<string, string>} */
  const words = new Map();
  const worth = (/** @type {Tree} */ tree) => numberAt(evaluateTree(tree, env), place);
  /** @param {Tree} tree */
  const visit = (tree) => {
    if (typeof tree === "number") return;
    const [kind, ...parts] = tree;
    if (kind === "if") return visit(parts[worth(parts[0]) === 0 ? 2 : 1]);
    if (!Array.isArray(parts[0])) return;
    parts.forEach(visit);
    if ((kind !== "min" && kind !== "max") || parts.some((x) => evaluateTree(x, env).level !== 2)) return;
    const numbers = parts.map(worth);
    if (!numbers.every(isNumber)) return;
    const best = Math[kind](...numbers);
    const won = parts.filter((x, i) => numbers[i] === best && x[0] === "term").map((x) => x[1]);
    if (won.length === parts.length) words.set(won[0], labels.both);
    else for (const name of won) words.set(name, labels[kind]);
  };
  for (const { tree } of terms) visit(tree);
  return words;
}

/** @param {Token} token @returns {Line} */
function logprob(token) {
  const { labels } = token;
  const parts = [
    ["logprob_old", labels.old],
    ["logprob", labels.now],
    ["logprob_ref", labels.reference],
  ].flatMap(([name, word], i) => {
    const x = get(name, token);
    return [`${i ? " · " : ""}${word} `, x === null ? missing(name, token) : fixed(x, 3)];
  });
  // Given responses: only where the ratio is against who wrote them are the old log-probabilities theirs.
  const { given, against_collector } = token.response.own.data;
  const { logprob: sampled, logprob_given } = labels.line_help;
  return {
    key: "logprob",
    label: labels.lines.logprob,
    help: given && !against_collector ? logprob_given : sampled,
    parts,
  };
}

/** What the learner's kind records beyond the columns of every trace. @param {Token} token @returns {Line[]} */
function columns(token) {
  const { labels, response } = token;
  const { terms, columns: further } = response.own.data;
  const others = further.filter((x) => terms.every((y) => y.name !== x.name));
  return others.map(({ name, title, help, signed: is }) => {
    const x = get(name, token);
    const parts = [x === null ? missing(name, token) : strong(is ? signed(x, 3) : fixed(x, 3))];
    return { key: name, label: inWords(labels, title), help: inWords(labels, help), parts };
  });
}
