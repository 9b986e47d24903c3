// The picture of the KL's estimates on a page: tokens come in, means settle, and nobody is asked for anything.

import assert from "node:assert/strict";
import { test } from "node:test";

import { frames } from "./frames.js";
import { page } from "./page.js";

const NOW = ["token", "logprob"];
const REF = ["token", "logprob_ref"];
const GAP = ["-", REF, NOW];
const term = (name, tree) => ({ name, tree, level: 2, title: "", help: "", tex: "", source: "", given: [] });
const terms = [
  term("kl_k1", ["-", NOW, REF]),
  term("kl_k2", ["*", 0.5, ["**", GAP, 2]]),
  term("kl_k3", ["-", ["expm1", GAP], GAP]),
];
const words = Object.fromEntries(
  "play pause scrub none exact curves running log_ratio count alt_curves coming".split(" ").map((x) => [x, x]),
);
Object.assign(words, {
  comma: ", ",
  alt_running: "{all}: {exact}; {means}",
  start: "{all} wait.",
  so_far: "{count} of {all}.",
  means: "exact {exact}; {means}",
  newest: "“{token}” {position} of {response}: {x}; {values}; {exact}",
});

const x = [0.5, 0, -2, 0.05, 0.3];
const estimates = {
  k1: x,
  k2: x.map((v) => v ** 2 / 2),
  k3: x.map((v) => Math.exp(-v) - 1 + v),
  exact: [0.2, 0.1, 0.3, 0.2, 0.2],
};
const running = Object.fromEntries(
  Object.entries(estimates).map(([name, all]) => [
    name,
    all.map((_, n) => all.slice(0, n + 1).reduce((a, b) => a + b) / (n + 1)),
  ]),
);
const sent = (changes = {}) => ({
  terms,
  log_ratio: x,
  estimates,
  running,
  tokens: ["a", "<b>", "c", "d", "e"],
  position: [0, 1, 0, 1, 2],
  response: [0, 0, 1, 1, 1],
  responses: ["a<b>", "cde"],
  edge: 4,
  words,
  ...changes,
});

async function drawn(t, isStill = false) {
  const window = page(t);
  globalThis.matchMedia = () => ({ matches: isStill });
  const { pass } = frames();
  const { default: KlPicture } = await import("#frontend/lesson_kl.js");
  const root = document.createElement("div");
  document.body.append(root);
  const events = [];
  const picture = new KlPicture({ root, send: (...event) => events.push(event) });
  picture.draw(sent());
  t.after(() => picture.close());
  const find = (selector) => root.querySelector(selector);
  const all = (selector) => [...root.querySelectorAll(selector)];
  const landed = () => all(".points .dot").filter((y) => y.style.display !== "none").length;
  const means = () => all(".means dd").map((y) => y.textContent);
  const key = (name) =>
    find("[data-testid=kl-scrub]").dispatchEvent(
      new window.KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true }),
    );
  return { root, find, all, landed, means, key, pass, picture, events };
}

test("at rest all have come in; played from the start none has, and that is said", async (t) => {
  const { find, landed, means, key } = await drawn(t);
  assert.equal(landed(), 15);
  assert.ok(find(".trail.exact").getAttribute("d"), "the means are drawn");
  assert.match(find(".says").textContent, /^5 of 5/);
  key("Home");
  assert.equal(landed(), 0);
  assert.deepEqual(means(), ["none", "none", "none", "none"]);
  assert.equal(find(".says").textContent, "5 wait.");
});

test("token by token: it lands, is named as text, and the means are those over all so far", async (t) => {
  const { find, key, landed, means, root, events } = await drawn(t);
  key("Home");
  key("ArrowRight");
  key("ArrowRight");
  key("ArrowRight");
  assert.equal(landed(), 9);
  assert.deepEqual(means(), ["+0.200", "−0.500", "+0.708", "+1.499"]);
  assert.equal(find(".newest-says").textContent, "“c” 1 of cde: −2.000; k1 −2.000, k2 +2.000, k3 +4.389; 0.300");
  assert.equal(find(".says").textContent, "3 of 5. exact 0.200; k1 −0.500, k2 +0.708, k3 +1.499");
  key("ArrowLeft");
  assert.equal(landed(), 6);
  assert.match(find(".newest-says").textContent, /^“<b>” 2 of a<b>/);
  assert.equal(root.querySelector("b"), null);
  assert.deepEqual(events, []);
});

test("the curves are the terms': a straight line, a parabola, steep on the left", async (t) => {
  const { all } = await drawn(t);
  const ends = all("svg")[0].querySelectorAll(".trail");
  assert.equal(ends.length, 3);
  const points = (path) =>
    path
      .getAttribute("d")
      .match(/[\d.]+ [\d.]+/g)
      .map((y) => y.split(" ").map(Number));
  const [k1, k2, k3] = [...ends].map(points);
  assert.ok(k1[0][1] > k1.at(-1)[1], "rises");
  assert.ok(Math.abs(k2[0][1] - k2.at(-1)[1]) < 0.2, "even");
  assert.ok(k3[0][0] > k1[0][0], "k3 leaves the picture on the left");
});

test("play lets them all come in; then it starts anew", async (t) => {
  const { find, pass, landed } = await drawn(t);
  find("[data-testid=kl-play]").click();
  pass(0.5);
  assert.equal(find(".says").textContent, "coming", "who listens is not told of each");
  assert.ok(landed() > 0 && landed() < 15);
  pass(5);
  assert.equal(landed(), 15);
  assert.equal(find(".kl-picture").dataset.playing, "false");
  assert.match(find(".says").textContent, /^5 of 5/);
  find("[data-testid=kl-play]").click();
  assert.equal(find(".kl-picture").dataset.count, "0");
});

test("who prefers that nothing moves gets them by the handful", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { find, landed } = await drawn(t, true);
  find("[data-testid=kl-play]").click();
  t.mock.timers.tick(3000);
  assert.equal(landed(), 15);
});
