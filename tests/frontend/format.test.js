import assert from "node:assert/strict";
import { test } from "node:test";

import * as format from "#frontend/format.js";

const {
  brief,
  duration,
  fill,
  fixed,
  minus,
  plain,
  plus,
  rewardText,
  sentences,
  shortened,
  signed,
  signedText,
  ticks,
} = format;

test("places without a value stay, values may be numbers", () => {
  assert.equal(fill("step {step} of {steps}{}", { step: 3 }), "step 3 of {steps}{}");
  assert.equal(fill("{n} of {all}, {x}", { n: 1408, all: "12345", x: 1408.5 }), "1,408 of 12345, 1408.5");
  const forms = { one: "{n} token", other: "{n} tokens" };
  assert.deepEqual(
    [0, 1, 2, "1", "1,001"].map((n) => fill(forms, { n }).slice(-6)),
    ["tokens", " token", "tokens", " token", "tokens"],
  );
  assert.equal(fill("{a}{a}", { a: "{b}", b: "no" }), "{b}{b}"); // filled once, not again in what was filled in
});

test("a reward has digits only where it is no whole number", () => {
  assert.deepEqual(
    [1, 0, -2, 0.7, 1 / 3].map((x) => rewardText(x)),
    ["1", "0", "−2", "0.70", "0.33"],
  );
  assert.equal(rewardText(null, "?"), "?");
});

test("a negative number has a true minus sign, and nothing is −0", () => {
  assert.equal(fixed(-0.5, 2), "−0.50");
  assert.equal(fixed(-0.001, 2), "0.00");
  assert.equal(signed(-0.001, 2), "0.00");
  assert.equal(signed(0.001, 2), "0.00");
  assert.equal(signed(0.5, 1), "+0.5");
});

test("what is missing, and what is no number, is said", () => {
  assert.equal(fixed(null, 2, "none"), "none");
  assert.equal(fixed(undefined, 2, "none"), "none");
  assert.equal(fixed("nan", 2, "none"), "nan");
  assert.equal(signed("-inf", 2, "none"), "-inf");
  assert.equal(brief(null, "none"), "none");
});

test("about three significant digits", () => {
  const shown = [0, 0.00001, 0.00012, 0.00096, 0.0123, 0.123, 1.234, 12.34, 123.4, 1234.5, -12345].map((x) => brief(x));
  assert.deepEqual(shown, [
    "0.00",
    "0.00001",
    "0.0001",
    "0.001",
    "0.012",
    "0.12",
    "1.23",
    "12.3",
    "123",
    "1,235",
    "−12,345",
  ]);
});

test("a long text is cut between letters, on one line", () => {
  assert.equal(shortened("a\nb␊c", 9), "a b c");
  assert.equal(shortened("abcdef", 4), "abc…");
  assert.equal(shortened("🙂🙂🙂🙂", 3), "🙂🙂…");
});

test("axis labels have as few digits as tell them apart", () => {
  assert.deepEqual(ticks([0, 0.25, 0.5]), ["0.00", "0.25", "0.50"]);
  assert.deepEqual(ticks([0, 20, 40]), ["0", "20", "40"]);
  assert.deepEqual(ticks([-0.1, 0, null]), ["−0.1", "0.0", ""]);
  assert.deepEqual(ticks([]), []);
});

test("a duration in the two units that matter", () => {
  const words = { none: "none", seconds: "{s} s", minutes: "{m} min {s} s", hours: "{h} h {m} min" };
  const shown = [null, 0.4, 59.6, 61, 3599, 3661].map((x) => duration(x, words));
  assert.deepEqual(shown, ["none", "0 s", "1 min 0 s", "1 min 1 s", "59 min 59 s", "1 h 1 min"]);
});

test("signs stand where sums and products need them", () => {
  assert.deepEqual([plus("0.5"), plus("−0.5"), minus("0.5"), minus("−0.5")], ["+ 0.5", "− 0.5", "− 0.5", "+ 0.5"]);
  assert.deepEqual(["0.500", "0.000", "−0.1", "2"].map(signedText), ["+0.500", "0.000", "−0.1", "+2"]);
  assert.equal(plain(-0.2), "−0.2");
});

test("sentences stand apart where the script needs it", () => {
  assert.equal(sentences(["One.", false, "", null, "Two."]), "One. Two.");
  assert.equal(sentences(["一。", "二。", undefined]), "一。二。");
  assert.equal(sentences([]), "");
});
