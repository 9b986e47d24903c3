// How many gradients a scatter's passes cut or bound, as sentences. Pure.

import { fill, learnerTitle, sentences } from "./format.js";
import { aboutCuts, kinds } from "./regions.js";

/** @import { Labels } from "./labels.js" */
/** @import { StepTokens } from "./types.js" */

/**
 * How many of these tokens are cut, or weigh less than their ratio, as a sentence.
 * @param {StepTokens} data
 * @param {number} pass
 * @param {number[]} tokens
 * @param {Labels} labels
 */
export function counted(data, pass, tokens, labels) {
  const { regions, passes, settings, cut_at: at, without } = data;
  if (without.includes("ratio")) return labels.scatter_without;
  const { cuts, bounds } = kinds(regions);
  const last = passes.length - 1;
  const places = { n: tokens.length, pass, next: pass + 1 };
  if (!cuts && !bounds) return fill(labels.scatter_says_free, places);
  if (at === "never") return sentences([fill(labels.scatter_tokens, places), labels.cut_never]);
  if (at === null) return fill(labels.scatter_unknown, places);
  if (at === "state") {
    const where = fill(labels.scatter_after, places);
    return sentences([counts(data, [pass], tokens, where, labels), aboutCuts(data, pass, last, labels)]);
  }
  if (passes[pass].clipped.every((x) => x === null)) {
    const all = counts(data, [...passes.keys()], tokens, labels.scatter_all, labels);
    return sentences([fill(labels.scatter_last, places), all]);
  }
  const elsewhere = Number(settings.num_mini_batches) > 1 && labels.scatter_elsewhere;
  return sentences([counts(data, [pass], tokens, fill(labels.scatter_next, places), labels), elsewhere]);
}

/**
 * How many gradients of these tokens were cut or bounded in some passes.
 * @param {StepTokens} data
 * @param {number[]} among passes
 * @param {number[]} tokens
 * @param {string} where
 * @param {Labels} labels
 */
function counts({ regions, passes }, among, tokens, where, labels) {
  const sides = among.flatMap((pass) => tokens.map((i) => Number(passes[pass].clipped[i])));
  const [high, low] = [sides.filter((x) => x > 0).length, sides.filter((x) => x < 0).length];
  // Of a pass whose gradients were recorded, single tokens may lack it: they are not among those that were not cut.
  const recorded = among.filter((pass) => passes[pass].clipped.some((x) => x !== null));
  const n = recorded.flatMap((pass) => tokens.filter((i) => passes[pass].clipped[i] === null)).length;
  const rest = n > 0 && fill(labels.scatter_of_some, { n });
  const has = kinds(regions);
  if (!has.bounds) return sentences([fill(labels.scatter_says, { where, high, low }), rest]);
  const bounded = (has.high.cuts ? 0 : high) + (has.low.cuts ? 0 : low);
  const cut = high + low - bounded;
  return sentences([
    fill(has.cuts ? labels.scatter_says_both : labels.scatter_says_bounded, { where, cut, bounded }),
    rest,
  ]);
}

/**
 * How many gradients that are taken after a pass are cut or bounded, in a few words; none are taken after the last.
 * @param {string} name the learner's
 * @param {StepTokens} data
 * @param {number} pass
 * @param {Labels} labels
 */
export function briefly(name, { passes, regions, without }, pass, labels) {
  const own = passes[Math.min(pass, passes.length - 1)].clipped;
  const learner = learnerTitle(labels, name);
  if (without.includes("ratio")) return fill(labels.playing_without, { learner });
  if (own.every((x) => x === null)) return fill(labels.playing_none, { learner });
  const n = own.filter((x) => x !== null && x !== 0).length;
  return fill(kinds(regions).cuts ? labels.playing_cut : labels.playing_bounded, { learner, n });
}
