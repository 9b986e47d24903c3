// Reading the token tables that the server sends: columns of the rollout once, columns of a pass once per pass.

/** @import { GroupAnswer, ResponseData, Settings, StripKind, Value } from "./types.js" */

/** @typedef {Map<string, Response[]>} Groups learner → its responses to one prompt */

/** One response of one learner. */
export class Response {
  /**
   * @param {string} learner
   * @param {ResponseData} data
   * @param {Settings} settings
   */
  constructor(learner, data, settings) {
    this.learner = learner;
    this.settings = settings;
    this.sample = data.sample;
    this.text = data.text;
    this.reward = data.reward;
    this.success = data.success;
    this.truncated = data.truncated;
    this.compared = data.compared;
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
    return absence(name, this.settings);
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
 * @param {GroupAnswer} group
 * @returns {Groups}
 */
export function responses(group) {
  return new Map(
    Object.entries(group.learners).map(([name, { responses: list, settings }]) => [
      name,
      list.map((data) => new Response(name, data, settings)),
    ]),
  );
}

/**
 * What token strips can be coloured by; the first is the default.
 * @type {Record<string, { columns: string[], kind: StripKind }>}
 */
export const COLOURINGS = {
  advantage: { columns: ["advantage"], kind: "signed" },
  ratio: { columns: ["ratio"], kind: "ratio" },
  kl: { columns: ["kl_exact", "kl_k3"], kind: "plain" },
  value: { columns: ["value"], kind: "plain" },
  entropy: { columns: ["entropy"], kind: "plain" },
  logprob: { columns: ["logprob"], kind: "falling" },
};

/**
 * The number that colours a token under a colouring.
 * @param {Response} response
 * @param {number} i
 * @param {number} pass
 * @param {string} colouring
 */
export function coloured(response, i, pass, colouring) {
  for (const column of COLOURINGS[colouring].columns) {
    const x = response.at(column, i, pass);
    if (x !== null) return x;
  }
  return null;
}

/**
 * Why no token of these responses has a number under a colouring: a label's name.
 * @param {Groups} groups
 * @param {string} colouring
 */
export function whyNobody(groups, colouring) {
  const all = [...groups.values()].flat();
  return all.some((x) => x.absence(COLOURINGS[colouring].columns[0]) === "not_recorded") ? "not_recorded" : "none";
}

/**
 * Every number that a colouring meets in these responses, in all passes, so that its legend stands still.
 * @param {Groups} groups
 * @param {string} colouring
 */
export function domain(groups, colouring) {
  /** @type {number[]} */
  const found = [];
  for (const response of [...groups.values()].flat()) {
    for (let pass = 0; pass <= response.lastPass; pass++) {
      for (let i = 0; i < response.length; i++) {
        const x = response.holes[i] ? null : coloured(response, i, pass, colouring);
        if (typeof x === "number") found.push(x);
      }
    }
  }
  return found;
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
 * A token within a sentence: what would be lost at its edges is a sign, the rest is as it is.
 * @param {string} token
 */
export function named(token) {
  return token.replace(/^[ ␊␉␍]+|[ ␊␉␍]+$/g, (all) => chipText(all).text);
}

/**
 * Text of several lines, as people read it. (The server writes characters that nobody would see as signs.)
 * @param {string} text
 */
export const inLines = (text) => text.replaceAll("␍␊", "\n").replaceAll("␊", "\n").replaceAll("␉", "\t");

const CRITICS = new Set(["value", "delta", "return", "token_reward", "value_loss", "vf_explained_var"]);
const GROUPS = new Set(["frac_reward_zero_std"]);

/**
 * Why a number is missing, as the name of its label: the learner has no such thing, or it was not recorded.
 * @param {string} name
 * @param {{ algorithm: string }} learner
 * @returns {"none" | "not_recorded"}
 */
export function absence(name, { algorithm }) {
  const others = (CRITICS.has(name) && algorithm !== "ppo") || (GROUPS.has(name) && algorithm !== "grpo");
  return others ? "none" : "not_recorded";
}
