// The formula card's lines: the terms that a learner declares, in their order, each with the chosen token's own numbers.

import { filled, regionSays, spreadLess } from "./filled.js";
import { fill, fixed, inWords, isNumber, sentences, signed, strong } from "./format.js";
import { aboutCuts, mark, outside, regionAt } from "./regions.js";
import { evaluateTree, numberAt } from "./terms.js";
import { nextToken, number } from "./terms_over.js";

/** @import { Cell, Env, Place, Region, Term, Tree } from "./terms.js" */
/** @import { Part } from "./printed.js" */
/** @import { Response } from "./tokens.js" */
/** @import { Labels } from "./types.js" */
/**
 * One line: what it is called (`help`: the sentence behind that), what it says, and where in the code that is computed;
 * `aside`: what else has to be known to compute it.
 * @typedef {{ key: string, label: string, help?: string, parts: Part[], source?: string, sub?: boolean,
 *   aside?: string }} Line
 * @typedef {{ response: Response, at: number, pass: number, env: Env, place: Place, labels: Labels }} Token
 */

const KL = ["kl_k1", "kl_k2", "kl_k3", "kl_exact"];
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
  return [
    logprob(token),
    ...columns(token),
    ...shown(terms.slice(0, credited)).map((x) => ({ ...line(x, token), sub: true })),
    ...named("advantage"),
    ...loss.map((x) => line(x, token, taken.get(x.name))),
    { ...gradient(token), source: loss.at(-1)?.source },
    kl(token),
    value(token),
    ...trueValue(token),
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

/**
 * A template's text with parts in its places; signs between them are the language's own.
 * @param {string} template
 * @param {Record<string, Part[]>} values
 * @returns {Part[]}
 */
const filledIn = (template, values) =>
  template.split(/(\{\w+\})/).flatMap((text) => values[text.slice(1, -1)] ?? (text ? [text] : []));

/** What follows other words: full-width brackets need no space. @param {string} text */
const after = (text) => (text.startsWith("（") ? text : ` ${text}`);

/**
 * Parts with a note in brackets behind them, if there is one.
 * @param {Part[]} parts
 * @param {string} note
 * @param {Labels} labels
 */
const noted = (parts, note, labels) => (note ? filledIn(labels.with_note, { parts, note: [note] }) : parts);

/** @param {string} name @param {Token} token */
const get = (name, { response, at, pass }) => response.at(name, at, pass);

/** @param {string} name @param {Token} token */
const missing = (name, { response, labels }) => strong(labels[response.absence(name)], "mute");

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
  return { key: "logprob", label: labels.lines.logprob, help: labels.line_help.logprob, parts };
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

/**
 * Where the token's gradient goes, as the surrogate's regions say. What the trace recorded as cut is cut.
 * @param {Token} token
 * @returns {Line}
 */
function gradient(token) {
  const { env, labels } = token;
  const { regions, settings, whole_ratio, cut_at } = token.response.own.data;
  const [clipped, ratio, recorded] = ["clipped", "ratio", "advantage"].map((name) =>
    number(/** @type {Cell} */ (get(name, token))),
  );
  // A kind without advantages still says with what weight a token counts.
  const bare = token.response.absence("advantage") === "none";
  const advantage = bare ? numberAt(env.values.advantage, token.place) : recorded;
  /** @param {...Part} parts @returns {Line} */
  const says = (...parts) => ({
    key: "gradient",
    label: labels.lines.gradient,
    help: labels.line_help.gradient,
    parts,
  });
  const whole = !whole_ratio ? "" : alike(token) ? labels.whole_response : labels.own_term;
  const none = (/** @type {string} */ reason) => filledIn(labels.gradient_none, { zero: [strong("0")], why: [reason] });
  const about = aboutCuts(token.response.own.data, token.pass, token.response.lastPass, labels);
  if (cut_at === "never" || (cut_at === "update" && about)) return says(strong(about, "mute"));
  const taken = number(/** @type {Cell} */ (get("ratio_update", token)));
  const moved = isNumber(taken) && isNumber(ratio) && fixed(taken, 3) !== fixed(ratio, 3);
  const elsewhere = moved ? fill(labels.gradient_elsewhere, { ratio: fixed(taken, 3) }) : "";
  const more = sentences([whole, elsewhere, about]);
  const known = clipped !== null || settings.surrogate !== null;
  const at = { clipped, ratio: moved ? taken : ratio, advantage };
  const region = known ? regionAt(regions, env, at) : undefined;
  if (region?.cuts) return says(...noted(none(sentence(region, token)), more, labels));
  // An older run's mark at the last pass is explained; where there is none, no gradient was taken either.
  if (about && !region && token.pass >= token.response.lastPass) return says(strong(labels.cut_last, "mute"));
  if (token.response.own.data.trains === "reward-model") return says(...ofScore(token, advantage, none));
  if (advantage === 0) return says(...noted(none(labels.gradient_zero), whole, labels));
  if (region === undefined || !isNumber(advantage)) return says(strong(labels.not_recorded, "mute"));
  const back = !region && outside(regions, env, at);
  const way = back ? labels.gradient_back : advantage > 0 ? labels.gradient_up : labels.gradient_down;
  const bounded = region ? sentence(region, token) : "";
  return says(...noted(noted([way], bounded, labels), more, labels));
}

/**
 * Where the gradient of a labelled response goes: into its score, which is read at its end.
 * @param {Token} token
 * @param {number | null | undefined} weight
 * @param {(reason: string) => Part[]} none
 * @returns {Part[]}
 */
function ofScore({ response, at, labels }, weight, none) {
  if (response.heldout) return none(labels.gradient_heldout);
  if (at < response.length - 1) return none(labels.gradient_not_last);
  if (!isNumber(weight)) return [strong(labels.not_recorded, "mute")];
  return [weight > 0 ? labels.score_up : labels.score_down];
}

/** @param {Region} region @param {Token} token */
const sentence = (region, { env, place, labels }) =>
  regionSays({ ...region, says: inWords(labels, region.says) }, env, place) ?? mark(region, labels);

/** Whether all tokens of the response have the same advantage. @param {Token} token */
function alike({ response, pass }) {
  const first = response.at("advantage", 0, pass);
  return response.position.every((_, j) => response.at("advantage", j, pass) === first);
}

/** @param {Token} token @returns {Line} */
function kl(token) {
  const { labels } = token;
  const estimates = KL.map((name) => get(name, token));
  const none = labels.not_recorded;
  const texts = estimates.map((x, i) => `${labels.kl_names[i]} ${i === 0 ? signed(x, 3, none) : fixed(x, 3, none)}`);
  const parts = estimates.every((x) => x === null)
    ? [missing("kl_k1", token), after(labels.no_reference)]
    : [texts.join(" · ")];
  const { kl: help } = labels.line_help;
  return { key: "kl", label: labels.lines.kl, help, parts, source: "core/algorithms/kl.py" };
}

/** What a value was measured by: k fresh endings. @param {number | null | undefined} k @param {Labels} labels */
const byEndings = (k, labels) => (k === 1 ? labels.measured_once : k ? fill(labels.measured, { k }) : "");

/** @param {Token} token @returns {Line} */
function value(token) {
  const { response, pass, env, place, labels } = token;
  const own = { key: "value", label: labels.lines.value, help: labels.line_help.value };
  const now = get("value", token);
  const without = response.absence("value") === "none" ? after(labels.no_critic) : "";
  if (now === null) return { ...own, parts: [missing("value", token), without] };
  const next = nextToken(env, place);
  const then = next === null ? null : response.at("value", next, pass);
  const following = then === null ? labels.value_end : fill(labels.value_next, { value: fixed(then, 3) });
  const { continuations: k } = response.own.data;
  return { ...own, parts: noted([`${fixed(now, 3)} → ${following}`], byEndings(k, labels), labels) };
}

/**
 * What a check of values measured: the true value before the token and after it, and so what the token changed; nothing
 * where none was made.
 * @param {Token} token
 * @returns {Line[]}
 */
function trueValue(token) {
  const { response, pass, env, place, labels } = token;
  const [now, change] = [get("value_measured", token), get("advantage_measured", token)];
  if (now === null || change === null) return [];
  const next = nextToken(env, place);
  const after = next === null ? response.reward : response.at("value_measured", next, pass);
  const following = fill(next === null ? labels.value_reward : labels.value_next, { value: fixed(after, 3) });
  const places = { now: [fixed(now, 3)], following: [following], change: [strong(signed(change, 3))] };
  const parts = filledIn(labels.value_changed, places);
  const { checked_by: k } = response.own.data;
  const own = { key: "true_value", label: labels.lines.true_value, help: labels.line_help.true_value };
  const source = "core/training/continuations.py:Oracle.estimate";
  return [{ ...own, parts: noted(parts, byEndings(k, labels), labels), source }];
}
