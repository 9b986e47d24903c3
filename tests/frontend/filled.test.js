// Terms with a token's own numbers in them, as the formula card prints them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { filled, regionSays, spreadLess } from "#frontend/filled.js";
import { evaluate } from "#frontend/terms.js";

const term = (name, tree, level = 2, given = []) => ({
  name,
  tree,
  level,
  title: "",
  help: "",
  tex: "",
  source: "",
  given,
});
const STEP = {
  settings: { gamma: 0.99, lam: 0.95, eps: 0.2, tiny: 1e-8, off: null, yes: true },
  step: { spread: 0.4567, mean: null },
  whole: false,
  lengths: [3, 2],
  responses: { group: [4, 4], reward: [1, 0] },
  tokens: {
    x: [
      [1.25, 9, -0.5],
      [0.123456, 2],
    ],
    y: [
      [-2, 9, 0.5],
      [1, 1 / 3],
    ],
    z: [
      [null, 9, "nan"],
      [1, 1],
    ],
  },
  holes: [
    [false, true, false],
    [false, false],
  ],
};
const [X, Y, Z, REWARD, GAMMA] = [
  ["token", "x"],
  ["token", "y"],
  ["token", "z"],
  ["response", "reward"],
  ["setting", "gamma"],
];

/** The parts of the last of these terms. */
const parts = (terms, place = { response: 0, token: 0 }, changes = {}, options = {}) =>
  filled(terms.at(-1), evaluate(terms, { ...STEP, ...changes }), place, options);
const text = (...given) =>
  parts(...given)
    ?.map((x) => x.text ?? x)
    .join("") ?? null;
const one = (tree, level = 2, place = undefined) => text([term("a", tree, level)], place);

test("signs", () => {
  assert.equal(one(["+", X, Y]), "1.250 − 2.000 = −0.750");
  assert.equal(one(["-", X, Y]), "1.250 + 2.000 = 3.250");
  assert.equal(one(["*", X, Y]), "1.250 × (−2.000) = −2.500");
  assert.equal(one(["*", Y, X]), "−2.000 × 1.250 = −2.500");
  assert.equal(one(["/", X, Y]), "1.250 / (−2.000) = −0.625");
  assert.equal(one(["neg", Y]), "−(−2.000) = 2.000");
  assert.equal(one(["neg", X]), "−1.250 = −1.250");
  assert.equal(one(["+", X, ["neg", X]]), "1.250 − 1.250 = 0.000");
  assert.equal(one(["**", Y, 2]), "(−2.000)² = 4.000");
  assert.equal(one(["**", X, ["neg", 1]]), "1.250^(−1) = 0.800");
});

test("brackets only where precedence needs them", () => {
  assert.equal(one(["*", ["-", X, 1], ["+", X, 1]]), "(1.250 − 1) × (1.250 + 1) = 0.563");
  assert.equal(one(["-", X, ["-", X, 1]]), "1.250 − (1.250 − 1) = 1.000");
  assert.equal(one(["-", ["-", X, X], 1]), "1.250 − 1.250 − 1 = −1.000");
  assert.equal(one(["+", X, ["+", Y, 1]]), "1.250 − 2.000 + 1 = 0.250");
  assert.equal(one(["-", X, ["*", Y, 2]]), "1.250 + 2.000 × 2 = 5.250");
  assert.equal(one(["/", X, ["*", 2, X]]), "1.250 / (2 × 1.250) = 0.500");
  assert.equal(one(["/", ["*", 2, X], X]), "2 × 1.250 / 1.250 = 2.000");
  assert.equal(one(["exp", ["-", X, Y]]), "exp(1.250 + 2.000) = 25.790");
  assert.equal(one(["*", 2, ["if", 1, ["+", X, 1], 0]]), "2 × (1.250 + 1) = 4.500");
});

test("settings, counts and whole rewards are written as they are", () => {
  assert.equal(one(["*", GAMMA, X], 2), "0.99 × 1.250 = 1.238");
  assert.equal(one(["+", X, ["setting", "tiny"]]), "1.250 + 1e−8 = 1.250");
  assert.equal(one(["/", REWARD, ["builtin", "length"]], 1), "1 / 2 = 0.500");
  assert.equal(one(["-", REWARD, 1], 1), "1 − 1 = 0");
  const bound = term("bound", ["-", 1, ["setting", "eps"]], 0);
  assert.equal(text([bound]), "1 − 0.2 = 0.8");
  assert.equal(text([bound, term("a", ["*", ["term", "bound"], X])]), "0.8 × 1.250 = 1.000");
  assert.equal(one(["<=", X, 2]), "1.250 ≤ 2 = 1");
});

test("as many digits as make the printed equation true, else about", () => {
  assert.equal(one(["*", X, 100], 2, { response: 1, token: 0 }), "0.12346 × 100 = 12.346");
  assert.equal(one(["*", Y, 3e7], 2, { response: 1, token: 1 }), "0.333 × 30000000 ≈ 10000000.000");
  const recorded = {
    tokens: {
      x: [
        [1.25, 9, 1],
        [1, 1],
      ],
      a: [
        [1.5, 9, 1],
        [1, 1],
      ],
    },
  };
  assert.equal(text([term("a", ["+", X, 1])], undefined, recorded), "1.250 + 1 ≈ 1.500");
});

test("the result stands out, and has a sign and a colour if asked for", () => {
  assert.deepEqual(parts([term("a", ["+", X, 1])]), ["1.250 + 1 = ", { text: "2.250", tone: "strong" }]);
  assert.deepEqual(parts([term("a", ["+", X, 1])], undefined, {}, { signed: true }).at(-1), {
    text: "+2.250",
    tone: "positive",
  });
  assert.deepEqual(parts([term("a", ["*", X, Y])], undefined, {}, { signed: true, digits: 1 }).at(-1), {
    text: "−2.5",
    tone: "negative",
  });
});

test("of a condition only the branch that is taken, of min and max who won", () => {
  const either = ["if", ["builtin", "last"], ["+", X, 1], ["-", X, 1]];
  assert.equal(one(either), "1.250 − 1 = 0.250");
  assert.equal(one(either, 2, { response: 0, token: 2 }), "−0.500 + 1 = 0.500");
  const won = (text) => ({ text, tone: "won" });
  const result = (text) => ({ text, tone: "strong" });
  assert.deepEqual(parts([term("a", ["min", X, Y])]), ["min(1.250, ", won("−2.000"), ") = ", result("−2.000")]);
  assert.deepEqual(parts([term("a", ["max", ["*", X, 2], Y, 0])]), [
    "max(",
    won("1.250 × 2"),
    ", −2.000, 0) = ",
    result("2.500"),
  ]);
  assert.deepEqual(parts([term("a", ["min", X, X])]), [
    "min(",
    won("1.250"),
    ", ",
    won("1.250"),
    ") = ",
    result("1.250"),
  ]);
  assert.equal(one(["clamp", X, 0.8, 1.2]), "clip(1.250, 0.8, 1.2) = 1.200");
});

test("the next token's numbers, past what the policy did not write", () => {
  const delta = ["-", ["+", ["if", ["builtin", "last"], REWARD, 0], ["*", GAMMA, ["following", X, 0]]], X];
  assert.equal(one(delta), "0 + 0.99 × (−0.500) − 1.250 = −1.745");
  assert.equal(one(delta, 2, { response: 0, token: 2 }), "1 + 0.99 × 0 + 0.500 = 1.500");
  const gae = ["scan", X, ["*", GAMMA, ["setting", "lam"]]];
  assert.equal(one(gae), "1.250 + 0.99 × 0.95 × (−0.500) = 0.780");
  assert.equal(one(gae, 2, { response: 0, token: 2 }), "−0.500 + 0.99 × 0.95 × 0 = −0.500");
  const recorded = {
    tokens: {
      ...STEP.tokens,
      gae: [
        [1.4381, 9, 0.2],
        [1, 1],
      ],
    },
  };
  assert.equal(text([term("gae", gae)], undefined, recorded), "1.250 + 0.99 × 0.95 × 0.200 = 1.438");
});

test("a response's number stays as it is where each token has it", () => {
  assert.equal(one(["+", ["per_token", REWARD], X]), "1 + 1.250 = 2.250");
});

test("a group's numbers, the first twelve, and how many more there are", () => {
  assert.equal(one(["mean_group", REWARD], 1), "mean(1, 0) = 0.500");
  assert.equal(one(["std_group", REWARD, 1], 1), "std(1, 0) = 0.707");
  assert.equal(one(["sum_response", X], 1), "sum(1.250, −0.500) = 0.750");
  const others = ["/", ["-", ["sum_group", REWARD], REWARD], ["-", ["builtin", "group_size"], 1]];
  assert.equal(one(others, 1), "(sum(1, 0) − 1) / (2 − 1) = 0");
  const many = {
    lengths: Array(15).fill(0),
    holes: null,
    tokens: {},
    responses: { group: Array(15).fill(0), reward: [...Array(15).keys()] },
  };
  assert.equal(
    text([term("a", ["max_group", REWARD], 1)], undefined, many),
    "max(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, … (+3)) = 14",
  );
  assert.equal(text([term("a", ["mean_group", REWARD], 1)], undefined, many), "105 / 15 = 7");
  const scaled = ["exp", ["neg", ["mean_group", ["/", REWARD, 7]]]];
  assert.equal(text([term("a", scaled, 1)], undefined, many), "exp(−15 / 15) = 0.368");
  const long = { lengths: [14], holes: null, tokens: { x: [Array(14).fill(0.0141)] }, responses: { group: [0] } };
  const ratio = term("a", ["exp", ["mean_response", X]]);
  assert.equal(text([ratio], undefined, long), "exp(0.197 / 14) = 1.014");
});

test("of the whole step the word, and its recorded number", () => {
  const spread = term("spread", ["std_batch", X, 1], 0);
  assert.equal(text([spread]), "std(…) = 0.457");
  assert.equal(text([spread, term("a", ["/", X, ["term", "spread"]])]), "1.2500 / 0.4567 = 2.737");
  assert.equal(text([term("mean", ["mean_batch", X], 0)]), null);
});

test("only the number where nothing is computed, or something in it is not known", () => {
  assert.equal(one(X), "1.250");
  assert.equal(one(["following", X, 0]), "−0.500");
  assert.equal(one(["+", Z, 1]), null, "the caller says why");
  assert.equal(one(["+", Z, 1], 2, { response: 0, token: 2 }), "nan");
  const recorded = {
    tokens: {
      ...STEP.tokens,
      a: [
        [7, 9, 7],
        [7, 7],
      ],
    },
  };
  assert.equal(text([term("a", ["+", Z, 1])], undefined, recorded), "7.000");
  assert.equal(text([term("a", ["+", X, 1], 2, ["off"])], undefined, recorded), "7.000");
  assert.equal(text([term("a", ["if", ["setting", "off"], X, Y])], undefined, recorded), "7.000");
});

test("what a region says", () => {
  const region = {
    side: 1,
    ratio_from: 1,
    ratio_to: null,
    advantage: "positive",
    cuts: true,
    says: "{ratio} is above {bound}",
    values: { bound: ["+", 1, ["setting", "eps"]], ratio: X },
  };
  const env = evaluate([], STEP);
  assert.equal(regionSays(region, env, { response: 0, token: 0 }), "1.250 is above 1.2");
  assert.equal(regionSays({ ...region, values: { bound: 1, ratio: Z } }, env, { response: 0, token: 0 }), null);
});

test("a spread says by how many less than its numbers it divides", () => {
  const env = evaluate([term("a", X)], STEP);
  const less = (tree) => spreadLess(tree, env, { response: 0, token: 0 });
  assert.equal(less(["std_group", REWARD, 1]), 1);
  assert.equal(less(["/", ["-", REWARD, 1], ["+", ["std_group", REWARD, 0], 1]]), 0);
  assert.equal(less(["std_batch", X, 1]), 1);
  assert.equal(less(["if", ["setting", "yes"], X, ["std_group", REWARD, 1]]), null); // the branch that is not taken
  assert.equal(less(["mean_group", REWARD]), null);
  assert.equal(less(3), null);
});
