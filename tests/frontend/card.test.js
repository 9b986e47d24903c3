// The formula card's lines from terms and regions as a learner declares them: here of a kind that nobody knows.

import assert from "node:assert/strict";
import { test } from "node:test";
import { lines } from "#frontend/card_lines.js";
import { responses } from "#frontend/tokens.js";

const term = (name, tree, { level = 2, help = "", title = name } = {}) => ({
  name,
  tree,
  level,
  title,
  help,
  tex: "",
  source: `core/x/${name}.py:f`,
  given: [],
});
const TERMS = [
  term("plain", ["response", "reward"], { level: 1 }),
  term("named", ["response", "reward"], { level: 1, help: "why" }),
  term("equal", ["<=", ["max_group", ["response", "reward"]], ["min_group", ["response", "reward"]]], { level: 1 }),
  term("advantage", ["-", ["per_token", ["response", "reward"]], ["setting", "base"]]),
  term("ratio", ["exp", ["mean_response", ["-", ["token", "logprob"], ["token", "logprob_old"]]]]),
  term("one", ["*", ["term", "ratio"], ["term", "advantage"]]),
  term("two", ["*", 0.5, ["term", "advantage"]]),
  term("taken", ["min", ["term", "one"], ["term", "two"]]),
  term("kl_k1", ["-", ["token", "logprob"], ["token", "logprob_ref"]]),
  term("objective", ["term", "taken"]),
];
const REGIONS = [
  {
    side: 1,
    ratio_from: 1.1,
    ratio_to: null,
    advantage: "positive",
    cuts: true,
    says: "above {bound}",
    values: { bound: 1.1 },
  },
  { side: -1, ratio_from: null, ratio_to: 0.9, advantage: "negative", cuts: true, says: "below", values: {} },
];
const LABELS = {
  templates: { why: "warum", "above {bound}": "über {bound}" },
  lines: { logprob: "log-prob", gradient: "gradient", kl: "KL", value: "value" },
  line_help: { logprob: "sampled", logprob_given: "before", gradient_score: "score" },
  kl_names: ["k1", "k2", "k3", "exact"],
  ...Object.fromEntries(
    "none not_recorded yes no old now reference min max both no_reference kl_given no_critic value_end measured gradient_up gradient_down gradient_back gradient_zero gradient_not_last whole_response own_term cut_last cut_older cut_never"
      .split(" ")
      .map((x) => [x, `<${x}>`]),
  ),
  value_next: "{value} next",
  whole_ratio: "of all {n}",
  gradient_none: "{zero}: {why}",
  with_note: "{parts} ({note})",
  gradient_elsewhere: "at {ratio}",
};

/** The lines of the first response's first token, by key. */
function card({ data = {}, tokens = {}, other = [0], words = {}, at = 0 } = {}) {
  const own = { sample: 0, text: "", reward: 1, success: true, truncated: false, score: null, value_after: null };
  const columns = { logprob: [-1, -2], ratio: [null, null], advantage: [null, null], clipped: [0, 0], ...tokens };
  const response = (reward) => ({
    ...own,
    reward,
    heldout: data.heldout,
    credit: null,
    position: [0, 1],
    token: ["a", "b"],
    once: { logprob_old: [-1, -2], logprob_ref: [null, null], ...data.once },
    passes: data.passes ?? [columns],
  });
  const learner = {
    terms: TERMS,
    of_step: {},
    regions: REGIONS,
    without: [],
    columns: [],
    whole_ratio: false,
    continuations: 0,
    settings: { base: 0.5, surrogate: "any" },
    rewards: [1, ...other],
    responses: [1, ...other].map(response),
    ...data,
  };
  const group = responses({ group: 3, learners: { l: learner } });
  const shown = lines(group.get("l")[0], at, 0, { ...LABELS, ...words });
  const text = (line) => line.parts.map((x) => x.text ?? x).join("");
  return { shown, text: Object.fromEntries(shown.map((x) => [x.key, text(x)])) };
}

test("terms in their order, what leads to the advantage above it; a bare name without a sentence is left out", () => {
  const { shown } = card();
  assert.deepEqual(
    shown.map((x) => x.key),
    "logprob named equal advantage ratio one two taken gradient kl value objective".split(" "),
  );
  assert.deepEqual(
    shown.filter((x) => x.sub).map((x) => x.key),
    ["named", "equal"],
  );
  const named = shown.find((x) => x.key === "named");
  assert.deepEqual([named.label, named.help, named.source], ["named", "warum", "core/x/named.py:f"]);
});

test("each with the token's numbers", () => {
  const { text } = card();
  assert.equal(text.advantage, "1 − 0.5 = +0.500");
  assert.equal(text.ratio, "exp(mean(0.000, 0.000)) = 1.000 of all 2");
  assert.equal(text.one, "1.000 × 0.500 = 0.500");
  assert.equal(text.two, "0.5 × 0.500 = 0.250 ✓ <min>");
  assert.equal(text.objective, "+0.250");
  assert.equal(text.equal, "<no>");
  assert.equal(card({ other: [1] }).text.equal, "<yes>");
});

test("of what trains no policy no log-probability, KL or value is said, not even that there is none", () => {
  const without = ["logprob", "logprob_old", "logprob_ref", "kl_k1", "kl_k2", "kl_k3", "kl_exact", "value"];
  const { shown } = card({ data: { trains: "reward-model", given: true, without } });
  assert.deepEqual(
    shown.map((x) => x.key),
    "named equal advantage ratio one two taken gradient objective".split(" "),
  );
  assert.equal(shown.find((x) => x.key === "gradient").help, "score");
});

test("given responses: whose the old log-probability is, and which KL is the policy's", () => {
  const tokens = { kl_k1: [0.2, 0.2], kl_k2: [0.02, 0.02], kl_k3: [0.02, 0.02], kl_exact: [0.1, 0.1] };
  const of = (data, own = tokens) => {
    const { shown } = card({ data, tokens: own });
    const [logprob, kl] = ["logprob", "kl"].map((key) => shown.find((x) => x.key === key));
    return [logprob.help, kl.aside ?? ""];
  };
  assert.deepEqual(of({}), ["sampled", ""]);
  assert.deepEqual(of({ given: true, against_collector: false }), ["before", "<kl_given>"]);
  assert.deepEqual(of({ given: true, against_collector: true }), ["sampled", "<kl_given>"]);
  assert.deepEqual(of({ given: true }, {}), ["before", ""], "of no numbers nothing is said");
});

test("recorded numbers win", () => {
  assert.equal(card({ tokens: { objective: [0.7, 0.7] } }).text.objective, "+0.700");
});

test("what is missing is not recorded, or the learner has none of it", () => {
  const { text } = card({ tokens: { logprob: [null, null] } });
  assert.equal(text.ratio, "<not_recorded>");
  assert.equal(text.kl, "<not_recorded> <no_reference>");
  assert.equal(text.value, "<not_recorded>");
  const none = card({ tokens: { logprob: [null, null] }, data: { without: ["value", "logprob"] } }).text;
  assert.equal(none.value, "<none> <no_critic>");
  assert.equal(none.ratio, "<none>", "made of what there is none of");
});

test("where only some of a group's responses are here, nothing is said of the group", () => {
  assert.equal(card({ data: { rewards: [1, 0, 0] } }).text.equal, "<not_recorded>");
});

test("where the gradient goes", () => {
  const at = (ratio, advantage, clipped, data) =>
    card({ tokens: { ratio: [ratio, 1], advantage: [advantage, advantage], clipped: [clipped, 0] }, data }).text
      .gradient;
  assert.equal(at(1.2, 1, 1), "0: über 1.1");
  assert.equal(at(0.8, -1, -1), "0: below");
  assert.equal(at(1.2, -1, 0), "<gradient_back>");
  assert.equal(at(0.8, 1, 0), "<gradient_back>");
  assert.equal(at(1, 1, 0), "<gradient_up>");
  assert.equal(at(1, -1, 0), "<gradient_down>");
  assert.equal(at(1.2, 0, 0), "0: <gradient_zero>");
  assert.equal(at(1.1, 1, 1), "0: über 1.1", "recorded as cut, whatever the printed digits say");
  assert.equal(at(1.2, 1, null), "0: über 1.1", "by its numbers where that was not recorded");
  assert.equal(at(null, 1, null), "<not_recorded>");
  assert.equal(at(1.2, 1, null, { settings: { base: 0.5, surrogate: null } }), "<not_recorded>");
  const bounded = [{ ...REGIONS[0], cuts: false, advantage: "any" }];
  assert.equal(at(1.2, -1, 1, { regions: bounded }), "<gradient_down> (über 1.1)");
  assert.equal(at(1.2, 1, 1, { whole_ratio: true }), "0: über 1.1 (<whole_response>)");
});

test("where no gradient is taken, it is said to be none; elsewhere, at which ratio", () => {
  const at = (clipped, data, more = {}) => {
    const tokens = { ratio: [1.05, 1], advantage: [1, 1], clipped: [clipped, 0], ...more };
    return card({ tokens, data }).text.gradient;
  };
  assert.equal(at(null, { cut_at: "update" }), "<cut_last>");
  assert.equal(at(null, { cut_at: "never" }), "<cut_never>");
  assert.equal(at(1, { cut_at: "state" }), "0: über 1.1 (<cut_older>)");
  assert.equal(at(0, { cut_at: "state" }), "<cut_last>");
  assert.equal(at(null, { cut_at: null }), "<gradient_up>");
  const columns = { logprob: [-1, -2], advantage: [1, 1], ratio: [1.05, 1], ratio_update: [1.25, 1], clipped: [1, 0] };
  const two = {
    cut_at: "update",
    passes: [columns, { ...columns, clipped: [null, null], ratio_update: [null, null] }],
  };
  assert.equal(card({ data: two }).text.gradient, "0: über 1.1 (at 1.250)");
  const same = { ...two, passes: [{ ...columns, ratio_update: [1.05, 1], clipped: [0, 0] }, two.passes[1]] };
  assert.equal(card({ data: same }).text.gradient, "<gradient_up>");
});

test("a column of its own is a line of its own", () => {
  const data = { columns: [{ name: "extra", title: "E", help: "h", signed: true }], once: { extra: [2, 3] } };
  const { shown, text } = card({ data });
  assert.equal(text.extra, "+2.000");
  assert.equal(shown.find((x) => x.key === "extra").label, "E");
});

test("values: predicted or measured, and what follows", () => {
  const once = { value: [0.5, 0.25] };
  assert.equal(card({ data: { once } }).text.value, "0.500 → 0.250 next");
  assert.equal(card({ data: { once, continuations: 8 } }).text.value, "0.500 → 0.250 next (<measured>)");
});

test("a checked token says what it truly changed, and nothing where it was not checked", () => {
  const words = { value_changed: "{now} → {following}: {change}", value_reward: "{value} reward" };
  const once = { value_measured: [0.5, 0.25], advantage_measured: [-0.25, 0.75] };
  const { shown, text } = card({ data: { once, checked_by: 16 }, words });
  assert.equal(text.true_value, "0.500 → 0.250 next: −0.250 (<measured>)");
  assert.equal(shown.find((x) => x.key === "true_value").source, "core/training/continuations.py:Oracle.estimate");
  assert.equal(card({ data: { once }, at: 1, words }).text.true_value, "0.250 → 1.000 reward: +0.750");
  const none = { value_measured: [null, null], advantage_measured: [null, null] };
  for (const data of [{}, { once: none }]) assert.equal("true_value" in card({ data, words }).text, false);
});

test("the signs between a line's parts are the language's own", () => {
  const words = {
    gradient_none: "{zero}：{why}",
    with_note: "{parts}（{note}）",
    no_critic: "（沒有評論家）",
    no_reference: "（沒有參考）",
    whole_ratio: "（共 {n} 個）",
  };
  const cut = { ratio: [1.2, 1], advantage: [1, 1], clipped: [1, 0] };
  const { shown, text } = card({ tokens: cut, data: { whole_ratio: true, without: ["value"] }, words });
  assert.equal(text.gradient, "0：über 1.1（<whole_response>）");
  assert.deepEqual(shown.find((x) => x.key === "gradient").parts[0], { text: "0", tone: "strong" });
  assert.deepEqual([text.value, text.kl], ["<none>（沒有評論家）", "<not_recorded>（沒有參考）"]);
  assert.match(text.ratio, /[^ ]（共 2 個）$/);
  const measured = { once: { value: [0.5, 0.25] }, continuations: 8 };
  assert.equal(card({ data: measured, words }).text.value, "0.500 → 0.250 next（<measured>）");
  const bounded = { regions: [{ ...REGIONS[0], cuts: false, advantage: "any" }] };
  assert.equal(card({ tokens: cut, data: bounded, words }).text.gradient, "<gradient_up>（über 1.1）");
});

test("a line with a spread says by what it divides", () => {
  const spread = term("spread", ["std_group", ["response", "reward"], ["setting", "ddof"]], 1);
  const words = { spread: "divides by {n}" };
  const aside = (ddof) => {
    const data = { terms: [spread, ...TERMS], settings: { base: 0.5, surrogate: "any", ddof } };
    return card({ data, words }).shown.find((x) => x.key === "spread");
  };
  assert.equal(aside(1).aside, "divides by N − 1");
  assert.equal(aside(0).aside, "divides by N");
  assert.equal(card({ words }).shown.find((x) => x.key === "advantage").aside, "");
});

test("of a learner that has no advantage, the weight says where the gradient goes, and no ratio is asked for", () => {
  const terms = [term("advantage", 1, { level: 0, help: "why" }), term("objective", ["token", "logprob"])];
  const data = { terms, regions: [], without: ["advantage", "ratio", "clipped"] };
  const { text } = card({ data, tokens: { clipped: [null, null] } });
  assert.equal(text.gradient, "<gradient_up>");
  assert.equal(text.advantage, "+1");
});

test("a labelled response's gradient goes into its score, at its last token, unless its pair is held out", () => {
  const words = Object.fromEntries(
    ["heldout", "not_last"].map((x) => [`gradient_${x}`, x]).concat(["up", "down"].map((x) => [`score_${x}`, x])),
  );
  const weight = (value) => [...TERMS.slice(0, 3), term("advantage", value), term("objective", 1)];
  const gradient = (value, at, heldout) => {
    const data = {
      trains: "reward-model",
      without: ["advantage", "ratio"],
      regions: [],
      terms: weight(value),
      heldout,
    };
    return card({ data, at, words, tokens: { clipped: [null, null], ratio: [null, null] } }).text.gradient;
  };
  assert.equal(gradient(0.4, 1), "up");
  assert.equal(gradient(["neg", 0.4], 1), "down");
  assert.equal(gradient(0.4, 0), "0: not_last");
  assert.equal(gradient(0.4, 1, true), "0: heldout");
});
