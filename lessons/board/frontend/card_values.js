// The formula card's lines of what was measured beside the objective: the KL to the reference, values, true values.

import { after, filledIn, get, missing, noted } from "./card_parts.js";
import { fill, fixed, signed, strong } from "./format.js";
import { nextToken } from "./terms_over.js";

/** @import { Line, Token } from "./card_parts.js" */
/** @import { Labels } from "./labels.js" */

export const KL = ["kl_k1", "kl_k2", "kl_k3", "kl_exact"];

/** @param {Token} token @returns {Line} */
export function kl(token) {
  const { labels } = token;
  const estimates = KL.map((name) => get(name, token));
  const none = labels.not_recorded;
  const texts = estimates.map((x, i) => `${labels.kl_names[i]} ${i === 0 ? signed(x, 3, none) : fixed(x, 3, none)}`);
  const parts = estimates.every((x) => x === null)
    ? [missing("kl_k1", token), after(labels.no_reference)]
    : [texts.join(" · ")];
  const { kl: help } = labels.line_help;
  const aside = token.response.own.data.given && estimates.some((x) => x !== null) ? { aside: labels.kl_given } : {};
  return { key: "kl", label: labels.lines.kl, help, parts, source: "core/algorithms/kl.py", ...aside };
}

/** What a value was measured by: k fresh endings. @param {number | null | undefined} k @param {Labels} labels */
const byEndings = (k, labels) => (k === 1 ? labels.measured_once : k ? fill(labels.measured, { k }) : "");

/** @param {Token} token @returns {Line} */
export function value(token) {
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
export function trueValue(token) {
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
