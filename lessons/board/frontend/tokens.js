// Reading the token tables that the server sends: columns of the rollout once, columns of a pass once per pass.

import { evaluate } from "./terms.js";

/** @import { Env } from "./terms.js" */
/** @import { TokenId } from "./page_types.js" */
/** @import { GroupAnswer, GroupLearner, ResponseData, Value } from "./types.js" */

/** @typedef {Map<string, Response[]>} Groups learner → its responses to one prompt */

/** One learner's part of a group: its responses, and the terms that its numbers follow from. */
export class Own {
  /** @type {Map<number, Env>} by pass */
  #envs = new Map();

  /**
   * @param {string} learner
   * @param {number} group the prompt's number
   * @param {GroupLearner} data
   */
  constructor(learner, group, data) {
    this.learner = learner;
    this.group = group;
    this.data = data;
    this.responses = data.responses.map((x, i) => new Response(this, i, x));
  }

  /**
   * Every term, as the numbers are after a pass.
   * @param {number} pass
   */
  env(pass) {
    const known = this.#envs.get(pass) ?? evaluate(this.data.terms, this.#numbers(pass));
    this.#envs.set(pass, known);
    return known;
  }

  /**
   * @param {number} pass
   * @returns {import("./terms.js").Data}
   */
  #numbers(pass) {
    const { responses, data } = this;
    const columns = responses.map((x) => ({ ...x.once, ...x.passes[Math.min(pass, x.lastPass)] }));
    const names = [...new Set(columns.flatMap((x) => Object.keys(x)))];
    const none = (/** @type {Response} */ x) => Array(x.length).fill(null);
    // Where tokens of some responses were not kept, those that are here are not what a response was compared with.
    const complete = responses.length === data.rewards.length;
    return {
      settings: data.settings,
      step: /** @type {any} */ (data.of_step),
      whole: false,
      lengths: responses.map((x) => x.length),
      responses: {
        group: responses.map(() => (complete ? this.group : null)),
        ...Object.fromEntries(PER_RESPONSE.map((name) => [name, responses.map((x) => /** @type {any} */ (x)[name])])),
      },
      tokens: Object.fromEntries(
        names.map((name) => [name, columns.map((x, i) => /** @type {any} */ (x[name] ?? none(responses[i])))]),
      ),
      holes: responses.map((x) => x.holes),
    };
  }
}

const PER_RESPONSE = ["reward", "success", "truncated", "score", "value_after"];

/** One response of one learner. */
export class Response {
  /**
   * @param {Own} own the learner's part of the group
   * @param {number} index its place there
   * @param {ResponseData} data
   */
  constructor(own, index, data) {
    this.own = own;
    this.index = index;
    this.learner = own.learner;
    this.sample = data.sample;
    this.text = data.text;
    this.reward = data.reward;
    this.success = data.success;
    this.truncated = data.truncated;
    this.heldout = data.heldout ?? null;
    this.score = data.score;
    this.value_after = data.value_after;
    this.credit = data.credit;
    this.position = data.position;
    this.token = data.token;
    this.holes = data.holes ?? [];
    this.once = data.once;
    this.passes = data.passes;
  }

  get length() {
    return this.position.length;
  }

  get lastPass() {
    return this.passes.length - 1;
  }

  /**
   * What stands where this number is missing; see `absence`.
   * @param {string} name
   */
  absence(name) {
    return absence(name, this.own.data);
  }

  /**
   * A number of the token at index `i`; null where there is none.
   * @param {string} name
   * @param {number} i
   * @param {number} pass
   * @returns {Value}
   */
  at(name, i, pass) {
    if (i < 0 || i >= this.length) return null;
    const column = this.once[name] ?? this.passes[Math.min(pass, this.lastPass)][name];
    return column?.[i] ?? null;
  }
}

/**
 * A group's answer from the server as Response objects.
 * @param {GroupAnswer} answer
 * @returns {Groups}
 */
export function responses({ group, learners }) {
  return new Map(Object.entries(learners).map(([name, data]) => [name, new Own(name, group, data).responses]));
}

const EOS = /^<\|?(eos|end|endoftext|end_of_text|im_end|eot_id|end_of_turn|\/s)\|?>$/;
const NAMED = /^<[^ ]+>$/; // a special token's name
/** @type {Record<string, string>} */
const MARKS = { " ": "␣", "␊": "↵", "␉": "⇥", "␍": "↵" };

/**
 * Whether this is an end-of-sequence token.
 * @param {string} token
 */
export const isEnd = (token) => EOS.test(token);

/**
 * What a chip shows: an end-of-sequence token by its short name, spaces and ends of lines as signs.
 * @param {string} token
 */
export function chipText(token) {
  if (isEnd(token)) return { text: "eos", size: "small" };
  const text = token.replace(/[ ␊␉␍]/g, (x) => MARKS[x]);
  return { text: text || "∅", size: NAMED.test(token) ? "small" : text.length > 2 ? "word" : "" };
}

/**
 * A token within a sentence: an end-of-sequence token as its chip shows it; what would be lost at its edges is a sign, the
 * rest is as it is.
 * @param {string} token
 */
export function named(token) {
  if (isEnd(token)) return chipText(token).text;
  return token.replace(/^[ ␊␉␍]+|[ ␊␉␍]+$/g, (all) => chipText(all).text);
}

/**
 * Text of several lines, as people read it. (The server writes characters that nobody would see as signs.)
 * @param {string} text
 */
export const inLines = (text) => text.replaceAll("␍␊", "\n").replaceAll("␊", "\n").replaceAll("␉", "\t");

/**
 * Why a number is missing, as the name of its label: the learner has no such thing, or it was not recorded.
 * @param {string} name
 * @param {{ without: string[] }} learner
 * @returns {"none" | "not_recorded"}
 */
export const absence = (name, { without }) => (without.includes(name) ? "none" : "not_recorded");

/**
 * Whether there are learners, and none of them has any of these columns: of them nothing is shown at all.
 * @param {{ without?: string[] }[]} learners
 * @param {string[]} columns
 */
export const nobodyHas = (learners, columns) =>
  learners.length > 0 && learners.every(({ without }) => columns.every((x) => without?.includes(x)));

/**
 * Where the first response that has tokens ends; null where none has.
 * @param {Groups} groups
 * @returns {TokenId | null}
 */
export function endOf(groups) {
  const first = [...groups.values()].flat().find((x) => x.length);
  const position = first?.position.at(-1);
  return first && position !== undefined ? { learner: first.learner, sample: first.sample, position } : null;
}
