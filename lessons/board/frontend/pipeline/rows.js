// The row of numbers below the drawing: what it is about at each station, and how its numbers are printed. Pure.

import { fill, fixed, signed } from "../format.js";

/** @import { Value } from "../types.js" */
/** @import { Batch } from "./batch.js" */
/** @import { Cell, Mode, Row } from "./types.js" */

/** Digits of the numbers in the row, and in sentences. */
export const DIGITS = 2;

/**
 * What the row of numbers is about at each station: a column or term, how it is coloured, and after which pass.
 * @type {Record<string, Record<Mode, { name: string, kind: Row["kind"], pass?: number } | null>>}
 */
const QUANTITIES = {
  query: { ppo: null, grpo: null },
  policy: { ppo: { name: "logprob_old", kind: "falling" }, grpo: { name: "logprob_old", kind: "falling" } },
  outputs: { ppo: { name: "text", kind: null }, grpo: { name: "text", kind: null } },
  reference: { ppo: { name: "kl", kind: "signed" }, grpo: { name: "kl", kind: "signed" } },
  reward: { ppo: { name: "token_reward", kind: "signed" }, grpo: { name: "reward", kind: "plain" } },
  baseline: { ppo: { name: "value", kind: "plain" }, grpo: { name: "reward", kind: "plain" } },
  credit: { ppo: { name: "advantage_raw", kind: "signed" }, grpo: { name: "credit", kind: "signed" } },
  advantage: { ppo: { name: "advantage", kind: "signed" }, grpo: { name: "advantage", kind: "signed" } },
  update: { ppo: { name: "ratio", kind: "ratio", pass: -1 }, grpo: { name: "ratio", kind: "ratio", pass: -1 } },
};

/**
 * The row of numbers at a station; null where there is none.
 * @param {string} key
 * @param {Mode} mode
 * @param {Batch} batch
 * @returns {Row | null}
 */
export function row(key, mode, batch) {
  const about = QUANTITIES[key][mode];
  const { sent } = batch;
  if (!about || (key === "update" && mode !== sent.origin)) return null;
  const name = about.name === "kl" ? batch.kl : about.name;
  const quantity = fill(sent.words[`row_${about.name}`], { estimate: batch.kl.replace("kl_", "") });
  const without = sent.learners[mode].without;
  const missing = sent.words[without.includes(name) ? "none" : "not_recorded"];
  const shared = { quantity, kind: about.kind, digits: DIGITS, missing };
  if (byResponse(key, mode)) {
    /** @type {Cell[]} */
    const cells = batch.lanes.map(({ index, name: text }) => ({
      text,
      value: about.name === "reward" ? batch.responses[index].reward : batch.number(mode, name, index),
      telling: index === batch.focus,
    }));
    return { label: sent.words.group_label, cells, ...shared };
  }
  const telling = batch.telling(mode);
  const cells = batch.places().map((t) => ({
    text: batch.chip(batch.focus, t),
    value: about.kind === null ? null : batch.number(mode, name, batch.focus, t, about.pass ?? 0),
    telling: t === telling,
  }));
  return { label: batch.name(batch.focus), cells, ...shared };
}

/** Whether a station goes through responses, not through tokens. @param {string} key @param {Mode} mode */
export const byResponse = (key, mode) => mode === "grpo" && ["reward", "baseline", "credit"].includes(key);

/**
 * A number as the row prints it.
 * @param {Row["kind"]} kind
 * @param {Value} value
 * @param {number} digits
 */
export const printed = (kind, value, digits) =>
  kind === "signed" ? signed(value, digits, "–") : fixed(value, digits, "–");
