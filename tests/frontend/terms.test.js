// The browser's evaluator: what cannot be seen by comparing it with Python's (tests/terms/test_both_evaluators.py does).

import assert from "node:assert/strict";
import { test } from "node:test";
import { regionBounds, regionOf } from "#frontend/regions.js";
import { evaluate, evaluateTree, numberAt } from "#frontend/terms.js";

const term = (name, tree, level, changes = {}) => ({
  name,
  tree,
  level,
  title: "",
  help: "",
  tex: "",
  source: "",
  given: [],
  ...changes,
});
const STEP = {
  settings: { gamma: 0.5, eps: 0.2, mode: "group", none: null },
  step: { mean: 2 },
  whole: true,
  lengths: [3, 2],
  responses: { group: [4, 4], reward: [1, 0] },
  tokens: {
    x: [
      [1, null, 3],
      [4, 5],
    ],
  },
  holes: [
    [false, true, false],
    [false, false],
  ],
};
const value = (tree, changes = {}) => evaluateTree(tree, evaluate([], { ...STEP, ...changes })).numbers;
const X = ["token", "x"];

test("what follows a token and what is summed backwards skips what the policy did not write", () => {
  assert.deepEqual(value(["following", X, -1]), [
    [3, null, -1],
    [5, -1],
  ]);
  assert.deepEqual(value(["scan", X, ["setting", "gamma"]]), [
    [2.5, null, 3],
    [6.5, 5],
  ]);
  assert.deepEqual(value(["sum_response", X]), [4, 9]);
  assert.equal(value(["mean_batch", X]), 13 / 4);
  assert.deepEqual(value(["builtin", "length"]), [2, 2]);
});

test("a missing number makes missing what uses it, but for the branch that is not taken", () => {
  const tokens = {
    x: [
      [1, null, null],
      [4, 5],
    ],
  };
  assert.deepEqual(value(["sum_response", X], { tokens }), [null, 9]);
  assert.equal(value(["if", ["setting", "gamma"], 1, ["setting", "none"]]), 1);
  assert.equal(value(["if", ["setting", "none"], 1, 2]), null);
  assert.equal(value(["and", ["setting", "none"], 0]), 0);
});

test("text is compared; computing with it, or a function that the language lacks, is an error", () => {
  assert.equal(value(["==", ["setting", "mode"], ["text", "group"]]), 1);
  assert.equal(value(["!=", ["setting", "none"], ["text", "group"]]), null);
  assert.throws(() => value(["+", ["setting", "mode"], 1]), /computes with the setting mode, but it is "group"/);
  assert.throws(() => value(["sin", 1]), /has no sin/);
});

test("a term takes its column's numbers, and what needs the whole step its recorded number", () => {
  const terms = [
    term("x", 9, 2),
    term("mean", ["mean_batch", X], 0),
    term("less", ["-", ["term", "x"], ["term", "mean"]], 2),
  ];
  const env = evaluate(terms, { ...STEP, whole: false });
  assert.deepEqual(env.values.less.numbers, [
    [-1, null, 1],
    [2, 3],
  ]);
  assert.deepEqual([...env.recorded], ["x", "mean"]);
  assert.equal(numberAt(env.values.less, { response: 1, token: 1 }), 3);
  const again = evaluate(terms, { ...STEP, whole: false }, { recompute: true });
  assert.deepEqual(again.values.less.numbers, [
    [7, null, 7],
    [7, 7],
  ]);
  assert.deepEqual([...again.recorded], ["mean"]);
  assert.equal(evaluate(terms, STEP).values.mean.numbers, 13 / 4);
});

test("an expression whose form is not known gives nothing", () => {
  assert.equal(evaluate([term("a", 1, 0, { given: ["none"] })], STEP).values.a.numbers, null);
  assert.equal(evaluate([term("a", 1, 0, { given: ["gamma"] })], STEP).values.a.numbers, 1);
});

test("many thousand numbers are no problem", () => {
  const row = Array.from({ length: 300_000 }, (_, i) => i % 7);
  const many = { lengths: [row.length], tokens: { x: [row] }, responses: { group: [0] }, holes: null };
  assert.equal(value(["max_batch", X], many), 6);
  assert.equal(
    value(["scan", X, 1], many)[0][0],
    row.reduce((a, b) => a + b),
  );
});

test("a tree is as deep as core/terms lets it be; a deeper one is refused in a sentence", () => {
  const nested = (levels) => (levels === 1 ? ["neg", 1] : ["neg", nested(levels - 1)]);
  assert.equal(value(nested(120), STEP), 1);
  assert.throws(() => value(nested(121), STEP), /^Error: An expression has more than 120 levels\.$/);
  assert.throws(() => value(nested(5000), STEP), /^Error: An expression has more than 120 levels\.$/);
});

const region = (side, from, to, advantage) => ({
  side,
  ratio_from: from,
  ratio_to: to,
  advantage,
  cuts: true,
  says: "",
  values: {},
});
const HIGH = region(1, ["+", 1, ["setting", "eps"]], null, "positive");
const LOW = region(-1, null, ["-", 1, ["setting", "eps"]], "negative");

test("a region has bounds, and tokens in it", () => {
  const env = evaluate([], STEP);
  assert.deepEqual(regionBounds(HIGH, env), { from: 1.2, to: Infinity });
  assert.deepEqual(regionBounds(LOW, env), { from: -Infinity, to: 0.8 });
  const who = (ratio, advantage) => regionOf([HIGH, LOW], env, { ratio, advantage });
  assert.equal(who(1.3, 1), HIGH);
  assert.equal(who(1.3, -1), null);
  assert.equal(who(1.2, 1), null);
  assert.equal(who(0.7, -1), LOW);
  assert.equal(who(0.7, 0), null);
  assert.equal(who(null, 1), undefined);
});

test("a bound that is not known leaves open who is in the region", () => {
  const env = evaluate([], { ...STEP, settings: {} });
  assert.equal(regionBounds(HIGH, env), null);
  assert.equal(regionOf([HIGH, LOW], env, { ratio: 1.3, advantage: 1 }), undefined);
});
