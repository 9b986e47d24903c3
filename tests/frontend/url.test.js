import assert from "node:assert/strict";
import { test } from "node:test";

import { keyOf, readQuery, withQuery } from "#frontend/url.js";

const CHOICES = { x: ["step", "time"], color: ["advantage", "ratio"] };
const nothing = {
  step: null,
  group: null,
  token: null,
  color: "advantage",
  x: "step",
  pass: null,
  left: null,
  right: null,
};

test("what a link says is read, and nonsense is not", () => {
  const view = readQuery("?step=12&group=3&token=vine-2.40.7&color=ratio&x=time&pass=0&right=kl", CHOICES);
  const token = { learner: "vine-2", sample: 40, position: 7 };
  assert.deepEqual(view, { step: 12, group: 3, token, color: "ratio", x: "time", pass: 0, left: null, right: "kl" });
  const bad = "?step=-1&group=1e3&token=PPO.1.2&color=__proto__&x=&pass=9999999999";
  assert.deepEqual(readQuery(bad, CHOICES), nothing);
  assert.deepEqual(readQuery("", CHOICES), nothing);
});

test("a colouring may be a column that only this run's learners record", () => {
  assert.equal(readQuery("?color=sibling_mean", CHOICES).color, "sibling_mean");
  for (const name of ["", "1st", "a-b", "a b", "x".repeat(41)]) {
    assert.equal(readQuery(`?color=${encodeURIComponent(name)}`, CHOICES).color, "advantage", name);
  }
  assert.match(withQuery("http://localhost/lab", { ...nothing, color: "sibling_mean" }, CHOICES), /color=sibling_mean/);
});

test("what is written is what is read", () => {
  const view = {
    step: 5,
    group: 0,
    token: { learner: "a", sample: 0, position: 0 },
    color: "ratio",
    x: "time",
    pass: 2,
    left: "reward",
    right: "entropy",
  };
  const href = withQuery("http://localhost/lab?run=r1&lang=zh-TW", view, CHOICES);
  assert.deepEqual(readQuery(new URL(href).search, CHOICES), view);
  assert.match(href, /run=r1&lang=zh-TW/); // what is not ours stays
});

test("a default leaves no trace in the address", () => {
  assert.equal(
    withQuery("http://localhost/lab?step=3&color=ratio&run=r", nothing, CHOICES),
    "http://localhost/lab?run=r",
  );
});

test("a token's name", () => {
  assert.equal(keyOf({ learner: "a", sample: 1, position: 2 }), "a.1.2");
  assert.equal(keyOf(null), null);
});
