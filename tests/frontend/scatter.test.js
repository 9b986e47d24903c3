import assert from "node:assert/strict";
import { test } from "node:test";

import { reachOf, Scatter } from "#frontend/scatter.js";
import { page } from "./page.js";

const EPS = ["setting", "epsilon"];
const region = (side, from, to, advantage, cuts, symbol = "") => ({
  side,
  ratio_from: from,
  ratio_to: to,
  advantage,
  cuts,
  says: "",
  values: {},
  symbol,
});
const HIGH = region(1, ["+", 1, EPS], null, "positive", true, "1 + ε");
const LOW = region(-1, null, ["-", 1, EPS], "negative", true, "1 − ε");
const FAR = region(1, 5, null, "any", false);
const words =
  "hollow hollow_bounded hollow_both ratio_one advantage_zero cut_here scatter scatter_start scatter_thinned".split(
    " ",
  );
const labels = {
  ...Object.fromEntries(words.map((x) => [x, x])),
  scatter_alt: "{learner}: {counts}",
  scatter_says: "{n}: {high} high, {low} low",
  scatter_says_bounded: "{n}: {bounded} bounded, none cut",
  scatter_says_both: "{n}: {cut} cut, {bounded} bounded",
  scatter_says_free: "{n}",
};
const step = (regions, settings = { epsilon: 0.2 }) => ({
  settings,
  regions,
  sample: [0, 0, 1, 1],
  position: [0, 1, 0, 1],
  group: [7, 7, 7, 7],
  advantage: [1, 1, -1, null],
  passes: [{ ratio: [1.3, 1, 0.7, 1], clipped: [1, 0, -1, 0] }],
});

function drawn(t, data) {
  page(t);
  const scatter = new Scatter({ name: "x", labels, colour: "green", onChoose() {} });
  scatter.draw(data, reachOf([data]), 0, null);
  const all = (selector) => [...scatter.root.querySelectorAll(selector)];
  return {
    note: scatter.note.textContent,
    hollow: scatter.hollow.textContent,
    points: all("circle.hollow").length,
    grey: all(".cutaway").length,
    lines: all(".bound").length,
    texts: all("text").map((x) => x.textContent),
  };
}

test("where it cuts it is grey, with a line at each bound", (t) => {
  const { grey, lines, texts, hollow, note, points } = drawn(t, step([HIGH, LOW]));
  assert.deepEqual([grey, lines, hollow, points], [2, 2, "hollow", 2]);
  assert.equal(note, "3: 1 high, 1 low");
  for (const text of ["1 − ε = 0.80", "1 + ε = 1.20", "cut_here"]) assert.ok(texts.includes(text), text);
});

test("its sentences stand apart as the script wants it", (t) => {
  page(t);
  const own = { ...labels, scatter_alt: "{learner}：{counts}", scatter_says: "{n} 個。", scatter_start: "都是 1。" };
  const data = { ...step([HIGH, LOW]), passes: [{ ratio: [1, 1, 1, 1], clipped: [0, 0, 0, 0] }] };
  const scatter = new Scatter({ name: "x", labels: own, colour: "green", onChoose() {} });
  scatter.draw(data, reachOf([data]), 0, null);
  assert.equal(scatter.note.textContent, "3 個。都是 1。");
  assert.equal(scatter.svg.getAttribute("aria-label"), "X：3 個。");
});

test("where a weight is only bounded nothing is grey, and a bound beyond the picture is only named", (t) => {
  const { grey, lines, texts, hollow, note } = drawn(t, step([FAR]));
  assert.deepEqual([grey, lines, hollow], [0, 0, "hollow_bounded"]);
  assert.equal(note, "3: 2 bounded, none cut");
  assert.ok(texts.includes("ρ = 5.00 →"));
  assert.ok(!texts.includes("cut_here"));
});

test("a surrogate that cuts on one side and bounds on the other says both", (t) => {
  const { grey, lines, hollow, note } = drawn(t, step([{ ...HIGH, cuts: false }, LOW]));
  assert.deepEqual([grey, lines, hollow, note], [1, 2, "hollow_both", "3: 1 cut, 1 bounded"]);
});

test("without a region, or where its bound is not known, there is no line", (t) => {
  assert.deepEqual(drawn(t, step([])).note, "3");
  const { grey, lines, points } = drawn(t, step([HIGH, LOW], { epsilon: null }));
  assert.deepEqual([grey, lines, points], [0, 0, 2]);
});

test("the axes hold every ratio and each bound that is near", () => {
  const reach = (...regions) => reachOf([step(regions)]).ratio;
  assert.ok(reach(HIGH) > 0.3 && reach(HIGH) < 0.4);
  assert.ok(Math.abs(reach(FAR) - reach(HIGH)) < 1e-9);
  assert.ok(reach(region(1, 1.9, null, "any", false)) > 0.9);
});
