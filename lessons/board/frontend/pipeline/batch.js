// The same responses under both credits: the numbers of the pipeline, by the evaluator of terms (terms.js). Pure.

import { numberAt } from "../terms.js";
import { chipText, Own } from "../tokens.js";

/** @import { Response } from "../tokens.js" */
/** @import { Value } from "../types.js" */
/** @import { Mode, Sent } from "./types.js" */

export const MODES = /** @type {Mode[]} */ (["ppo", "grpo"]);

const SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉";
export const MOST_LANES = 8;
const ROOM = 22; // letters and gaps that a lane has room for, about
const GAP = 0.35; // of a letter

/** @typedef {{ index: number, name: string, from: number, to: number }} Lane `index` of the response; tokens from … to */

/**
 * How a drawing calls a response: o₃.
 * @param {number} index
 */
export const nameOf = (index) => `o${String(index + 1).replace(/\d/g, (x) => SUBSCRIPTS[Number(x)])}`;

export class Batch {
  /** @param {Sent} sent */
  constructor(sent) {
    this.sent = sent;
    this.own = {
      ppo: new Own("ppo", sent.group, sent.learners.ppo),
      grpo: new Own("grpo", sent.group, sent.learners.grpo),
    };
    this.responses = this.own[sent.origin].responses;
    this.focus = Math.max(
      0,
      this.responses.findIndex((x) => x.sample === sent.focus),
    );
    this.lanes = this.#lanes();
    this.lane = /** @type {Lane} */ (this.lanes.find((x) => x.index === this.focus));
  }

  /** The column of the KL estimate that PPO's reward takes. */
  get kl() {
    return `kl_${this.sent.learners.ppo.settings.kl_reward_estimator ?? "k1"}`;
  }

  /** The response that is followed. */
  get followed() {
    return this.responses[this.focus];
  }

  /** @param {number} index */
  name(index) {
    return nameOf(index);
  }

  /**
   * A number by its name: a term's, or a recorded column's.
   * @param {Mode} mode
   * @param {string} name
   * @param {number} index of the response
   * @param {number} [token]
   * @param {number} [pass] counted from the end where below 0
   * @returns {Value}
   */
  number(mode, name, index, token = 0, pass = 0) {
    const response = this.own[mode].responses[index];
    const after = pass < 0 ? response.lastPass + 1 + pass : pass;
    const term = this.own[mode].env(after).values[name];
    return term ? numberAt(term, { response: index, token }) : response.at(name, token, after);
  }

  /**
   * A number of each token that the followed response's lane shows.
   * @param {Mode} mode
   * @param {string} name
   * @param {number} [pass]
   */
  numbers(mode, name, pass = 0) {
    return this.places().map((t) => this.number(mode, name, this.focus, t, pass));
  }

  /** The indices of the tokens that a lane shows; of the followed response's, if none is given. @param {Lane} [lane] */
  places({ from, to } = this.lane) {
    return Array.from({ length: to - from }, (_, i) => from + i);
  }

  /** Lanes' rewards. */
  rewards() {
    return this.lanes.map((x) => this.responses[x.index].reward);
  }

  /** What the chip of a token shows. @param {number} index of the response @param {number} token */
  chip(index, token) {
    return chipText(this.responses[index].token[token]).text;
  }

  /**
   * The token that the followed response's numbers are told of first: its slip, else the one with the lowest advantage.
   * @param {Mode} mode
   */
  telling(mode) {
    const { at } = this.sent;
    if (at !== null && at >= this.lane.from && at < this.lane.to) return at;
    const known = this.places().map((t) => [t, this.number(mode, "advantage", this.focus, t)]);
    const numbers = /** @type {[number, number][]} */ (known.filter(([, x]) => typeof x === "number"));
    return numbers.length ? numbers.reduce((a, b) => (b[1] < a[1] ? b : a))[0] : this.lane.to - 1;
  }

  /** As many responses as there is room for, the followed one among them, each from the token where that begins. */
  #lanes() {
    const all = this.responses.map((_, i) => i);
    const chosen = all.slice(0, MOST_LANES);
    if (!chosen.includes(this.focus)) chosen[chosen.length - 1] = this.focus;
    const from = begin(this.responses[this.focus], this.sent.at ?? 0);
    return chosen.map((index) => {
      const response = this.responses[index];
      const start = Math.min(from, Math.max(0, response.length - 1));
      return { index, name: this.name(index), from: start, to: end(response, start) };
    });
  }
}

/** How much room a token takes. @param {string} token */
const size = (token) => [...chipText(token).text].length * (chipText(token).size === "small" ? 0.7 : 1) + GAP;

/**
 * Where a lane begins so that the token at `at` is in it: at the beginning, if that will do.
 * @param {Response} response
 * @param {number} at
 */
function begin(response, at) {
  if (at < end(response, 0)) return 0;
  let [from, room] = [at, ROOM / 2];
  while (from > 0 && room - size(response.token[from - 1]) > 0) room -= size(response.token[--from]);
  return from;
}

/** Where a lane that begins there is full. @param {Response} response @param {number} from */
function end(response, from) {
  let [to, room] = [from, ROOM];
  while (to < response.length && (to === from || room - size(response.token[to]) > 0))
    room -= size(response.token[to++]);
  return to;
}
