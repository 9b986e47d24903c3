import assert from "node:assert/strict";
import { test } from "node:test";

import { Proof, where } from "#frontend/proof.js";
import { page } from "./page.js";

const labels = {
  ...Object.fromEntries(
    "details start_equal start_differ start_unknown prompts_unknown seed_only start_of prompts_of model not_recorded none"
      .split(" ")
      .map((x) => [x, x]),
  ),
  comma: ", ",
  semicolon: "; ",
  prompts_equal: "same at {step}",
  prompts_differ: "different at {step}",
  prompts_chosen: "chosen at {step}: {why}",
  prompts_first: "first {n} same at {step}: {why}",
  prompts_by_size: "G is {sizes}",
  prompts_replaced: "{learners} replaces",
  prompts_given: "{learners} is given",
};
const [ONE, TWO, THREE] = ["a".repeat(64), "b".repeat(64), "c".repeat(64)];

/** The pill's text without the hashes, and its verdict: learners are [prompt hash, what it declares otherwise]. */
function pill(t, ...learners) {
  return pillWith(t, null, learners);
}

function pillWith(t, answer, learners) {
  const { prompts } = drawn(t, answer, learners);
  return [prompts.textContent.replace(/ · .*?( [✓✗])?$/, "$1"), prompts.className];
}

function drawn(t, answer, learners) {
  page(t);
  const all = learners.map(([hash, more], i) => ({
    ...{ name: "xyz"[i], start_hash: ONE, device: "cpu", group_size: 8, replaces_groups: false, given: false },
    ...more,
    hash,
  }));
  const row = (name) => ({ prompt_hash: all.find((x) => x.name === name).hash });
  const proof = new Proof({ labels });
  proof.draw({ learners: all, row, run: { seed: 0, source: null, versions: {} } }, 2, answer);
  return proof;
}

test("the same prompts are a proof, others an alarm", (t) => {
  assert.deepEqual(pill(t, [ONE], [ONE]), ["same at 3 ✓", "pill good"]);
  assert.deepEqual(pill(t, [ONE], [TWO]), ["different at 3 ✗", "pill bad"]);
});

test("prompts that differ since a learner's settings say so are no alarm, and the settings are named", (t) => {
  const sizes = ["chosen at 3: G is x 8, y 4", "pill "];
  assert.deepEqual(pill(t, [ONE], [TWO, { group_size: 4 }]), sizes);
  const replaced = ["chosen at 3: y replaces", "pill "];
  assert.deepEqual(pill(t, [ONE], [TWO, { replaces_groups: true }]), replaced);
  assert.deepEqual(pill(t, [ONE], [TWO, { given: true }]), ["chosen at 3: y is given", "pill "]);
  const both = pill(t, [ONE], [TWO, { group_size: 4 }], [THREE, { replaces_groups: true }]);
  assert.deepEqual(both, ["chosen at 3: G is x 8, y 4, z 8; z replaces", "pill "]);
});

test("where prompts differ by choice, no two hashes stand beside each other as if they should be equal", (t) => {
  const { textContent, title } = drawn(t, null, [[ONE], [TWO, { group_size: 4 }]]).prompts;
  assert.equal(textContent, "chosen at 3: G is x 8, y 4");
  assert.equal(title, `${ONE}\n${TWO}`);
});

test("a setting that explains one difference explains no other", (t) => {
  assert.deepEqual(pill(t, [ONE], [TWO], [THREE, { group_size: 4 }]), ["different at 3 ✗", "pill bad"]);
  assert.deepEqual(pill(t, [ONE], [ONE, { replaces_groups: true }]), ["same at 3 ✓", "pill good"]);
});

test("which run it is, its seed where the name does not tell it, and the device once a worker has begun", () => {
  const words = { seed_only: "seed {seed}", imported: "from {source}" };
  const at = (run, ...devices) => where({ run, learners: devices.map((device) => ({ device })) }, words);
  assert.equal(at({ name: "sums, seed 3", seed: 3 }, null, null), "sums, seed 3");
  assert.equal(at({ name: "sums, seed 30", seed: 3 }, "cpu", null), "sums, seed 30 · seed 3 · cpu");
  assert.equal(at({ name: "mine", seed: 0 }, "cpu", "cuda"), "mine · seed 0 · cpu, cuda");
  assert.equal(at({ name: "mine", seed: 1234 }, "cpu"), "mine · seed 1234 · cpu"); // a name, not a count
  assert.equal(at({ name: "mine", seed: null }, "cpu"), "mine · cpu");
  assert.equal(at({ name: "theirs", seed: null, source: "TRL" }, null), "theirs · from TRL");
  assert.equal(at(null), "");
});

test("while nobody has reported anything, nothing is said of weights and prompts", (t) => {
  page(t);
  const proof = new Proof({ labels });
  const learners = ["x", "y"].map((name) => ({ name, start_hash: null, device: null, group_size: 8 }));
  proof.draw({ learners, row: () => null, run: { name: "sums, seed 0", seed: 0, versions: {} } }, null);
  assert.deepEqual([proof.start.hidden, proof.prompts.hidden, proof.where.hidden], [true, true, false]);
  proof.draw({ learners: [{ ...learners[0], start_hash: ONE }, learners[1]], row: () => null, run: null }, null);
  assert.deepEqual([proof.start.hidden, proof.prompts.hidden, proof.where.hidden], [false, true, true]);
});

test("of learners that ask more or fewer questions, the first ones are compared", (t) => {
  const asked = [[ONE], [TWO, { group_size: 4 }]];
  const answer = (x, y, step = 2) => ({
    step,
    shared_prompts: 16,
    learners: { x: { first_prompts_hash: x }, y: { first_prompts_hash: y } },
  });
  assert.deepEqual(pillWith(t, answer(ONE, ONE), asked), ["first 16 same at 3: G is x 8, y 4 ✓", "pill good"]);
  assert.deepEqual(pillWith(t, answer(ONE, TWO), asked), ["different at 3 ✗", "pill bad"]);
  const chosen = ["chosen at 3: G is x 8, y 4", "pill "];
  assert.deepEqual(pillWith(t, answer(ONE, ONE, 1), asked), chosen, "what is known is of another step");
  const replacing = [[ONE], [TWO, { group_size: 4, replaces_groups: true }]];
  assert.equal(pillWith(t, answer(ONE, ONE), replacing)[1], "pill ");
});

test("the contract is named, with each learner's questions and responses", (t) => {
  page(t);
  const words = {
    ...labels,
    contracts: { "same-questions": "same: {shares}", "same-budget": "budget of {n}: {shares}" },
    contract_means: { "same-questions": "what it means", "same-budget": "what the other means" },
  };
  const named = (contract, ...sizes) => {
    const proof = new Proof({ labels: words });
    const learners = sizes.map((group_size, i) => ({ name: "xyz"[i], start_hash: ONE, group_size }));
    proof.draw({ learners, row: () => null, run: { contract, prompts: 16, group_size: 8, versions: {} } }, null);
    return proof.contract.hidden ? null : [proof.contract.textContent, proof.contract.title];
  };
  assert.deepEqual(named("same-questions", 8, 8), ["same: 16 × 8", "what it means"]);
  assert.deepEqual(named("same-budget", 4, 1), ["budget of 128: x 32 × 4, y 128 × 1", "what the other means"]);
  assert.equal(named(null, 8), null);
});
