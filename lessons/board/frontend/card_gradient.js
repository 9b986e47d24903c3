// The formula card's line of the gradient: where the chosen token's goes, and why where there is none.

import { filledIn, get, noted } from "./card_parts.js";
import { regionSays } from "./filled.js";
import { fill, fixed, inWords, isNumber, sentences, strong } from "./format.js";
import { aboutCuts, mark, outside, regionAt } from "./regions.js";
import { numberAt } from "./terms.js";
import { number } from "./terms_over.js";

/** @import { Line, Token } from "./card_parts.js" */
/** @import { Part } from "./printed.js" */
/** @import { Cell, Region } from "./terms.js" */

/**
 * Where the token's gradient goes, as the surrogate's regions say. What the trace recorded as cut is cut.
 * @param {Token} token
 * @returns {Line}
 */
export function gradient(token) {
  const { env, labels } = token;
  const { regions, settings, whole_ratio, cut_at, trains } = token.response.own.data;
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
    help: trains === "reward-model" ? labels.line_help.gradient_score : labels.line_help.gradient,
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
  if (trains === "reward-model") return says(...ofScore(token, advantage, none));
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
