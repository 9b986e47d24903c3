import assert from "node:assert/strict";
import { test } from "node:test";

import { kindOf, tell } from "#frontend/messages.js";
import { times } from "#frontend/progress.js";
import { shortNames } from "#frontend/prompts.js";
import { compare } from "#frontend/proof.js";
import { chipText, inLines, named } from "#frontend/tokens.js";

test("what all prompts begin and end with is left out of their buttons", () => {
  const ask = (x) =>
    `Answer the following question about cities: what is the capital of ${x}? Please reply with one word only.`;
  const [one, two] = shortNames([ask("France"), ask("Peru")]);
  assert.match(one, /^….*France\?…$/);
  assert.match(two, /^….*Peru\?…$/);
  assert.deepEqual(shortNames(["4+2=", "4+3="]), ["4+2=", "4+3="]);
  assert.deepEqual(shortNames([]), []);
});

test("hashes are compared once two are known", () => {
  assert.equal(compare(["abcdef12", null], "same", "other"), null);
  assert.equal(compare(["abcdef12", "abcdef12"], "same", "other"), "same · abcd…12 = abcd…12 ✓");
  assert.equal(compare(["abcdef12", "ffffff34", null], "same", "other"), "other · abcd…12 ≠ ffff…34 ✗");
});

test("a worker's message is said in the viewer's language, with its places", () => {
  const message = { key: "reading", template: "Reading {n} of {all} (50%).", values: { n: "3", all: "8" } };
  assert.equal(tell(message, { reading: "{all} 之 {n}" }), "8 之 3");
  assert.equal(tell(message, {}), "Reading 3 of 8 (50%).");
  assert.equal(tell(message, { reading: "{all} 之 {other}" }), "Reading 3 of 8 (50%).");
  assert.equal(tell("Something else", {}), "Something else");
  assert.equal(kindOf(message), "reading");
  const outer = { key: "outer", template: "Failed: {cause}", values: { cause: message } };
  assert.equal(tell(outer, { reading: "{n}" }), "Failed: 3");
});

test("the time that is left is the slowest learner's", () => {
  const labels = {
    elapsed: "{time} done",
    pace: "{time} a step",
    left: "{time} left",
    time_unknown: "?",
    seconds: "{s} s",
    minutes: "{m} m",
  };
  const at = { a: { step: 9, wall_time_s: 20 }, b: { step: 4, wall_time_s: 20 } };
  const learners = ["a", "b"].map((name) => ({ name, status: "running", steps: 10 }));
  const model = {
    learners,
    active: true,
    lastStep: (name) => at[name].step,
    row: (name, step) => (step === at[name].step ? at[name] : null),
  };
  assert.equal(times(model, labels), "20 s done · 4 s a step · 20 s left");
  at.a.wall_time_s = at.b.wall_time_s = null;
  assert.equal(times(model, labels), "?");
});

test("what would not be seen in a token is a sign", () => {
  assert.deepEqual(
    [" a", "␊", "<eos>", "<|im_end|>", "", "word"].map((x) => chipText(x).text),
    ["␣a", "↵", "eos", "eos", "∅", "word"],
  );
  assert.equal(named(" two words "), "␣two words␣");
  assert.deepEqual(["<eos>", "<|im_end|>", "<pad>"].map(named), ["eos", "eos", "<pad>"], "as its chip has it");
  assert.equal(inLines("a␍␊b␉c"), "a\nb\tc");
});
