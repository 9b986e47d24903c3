import assert from "node:assert/strict";
import { test } from "node:test";

import { Scatter } from "#frontend/scatter.js";
import { limitsOf, ticksOn } from "#frontend/scatter_axes.js";
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
  "hollow hollow_bounded hollow_both ratio_one advantage_zero scatter_x scatter_y cut_here scatter scatter_start scatter_thinned cut_older cut_never scatter_elsewhere scatter_without".split(
    " ",
  );
const labels = {
  ...Object.fromEntries(words.map((x) => [x, x])),
  scatter_alt: "{learner}: {counts}",
  scatter_says: "{where}: {high} high, {low} low",
  scatter_says_bounded: "{where}: {bounded} bounded, none cut",
  scatter_says_both: "{where}: {cut} cut, {bounded} bounded",
  scatter_says_free: "{n}",
  scatter_next: "{n} in pass {next}",
  scatter_after: "{n} after pass {pass}",
  scatter_last: "{n} after the last.",
  scatter_tokens: "{n}.",
  scatter_unknown: "{n} after pass {pass}: not recorded",
  scatter_of_some: "of {n} not recorded",
  scatter_all: "in all",
};
const step = (regions, settings = { epsilon: 0.2 }) => ({
  settings,
  regions,
  sample: [0, 0, 1, 1],
  position: [0, 1, 0, 1],
  group: [7, 7, 7, 7],
  advantage: [1, 1, -1, null],
  cut_at: "update",
  without: [],
  passes: [{ ratio: [1.3, 1, 0.7, 1], clipped: [1, 0, -1, 0] }],
});

function drawn(t, data, pass = 0) {
  page(t);
  const scatter = new Scatter({ name: "x", labels, colour: "green", onChoose() {} });
  scatter.draw(data, limitsOf([data]), pass, null);
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
  assert.equal(note, "3 in pass 1: 1 high, 1 low");
  for (const text of ["1 − ε = 0.80", "1 + ε = 1.20", "cut_here"]) assert.ok(texts.includes(text), text);
});

test("where ratios reach far, a low bound's name is neither on the axis nor on the high one's", (t) => {
  page(t);
  const scatter = new Scatter({ name: "x", labels, colour: "green", onChoose() {} });
  const place = (data, text) => {
    scatter.draw(data, limitsOf([data]), 0, null);
    const one = [...scatter.root.querySelectorAll("text")].find((x) => x.textContent === text);
    return ["x", "y", "text-anchor"].map((name) => one.getAttribute(name));
  };
  const near = step([HIGH, LOW]);
  assert.deepEqual(place(near, "1 − ε = 0.80").slice(1), [place(near, "1 + ε = 1.20")[1], "end"]);
  const far = { ...near, passes: [{ ratio: [24, 1, 0, 1], clipped: [1, 0, -1, 0] }] };
  const [x, y, anchor] = place(far, "1 − ε = 0.80");
  const [, below] = place(far, "1 + ε = 1.20");
  assert.equal(anchor, "start");
  assert.ok(Number(x) > 40 && Number(y) < Number(below) - 10, `${x} ${y} ${below}`);
});

test("where a region at the left is cut for either sign, its word is below the axis's name", (t) => {
  page(t);
  const scatter = new Scatter({ name: "x", labels, colour: "green", onChoose() {} });
  const data = step([region(-1, null, ["-", 1, EPS], "any", true)]);
  scatter.draw(data, limitsOf([data]), 0, null);
  const at = (text) => [...scatter.root.querySelectorAll("text")].find((x) => x.textContent === text).getAttribute("y");
  assert.ok(Number(at("cut_here")) > Number(at("scatter_y")) + 10);
});

test("a bound's exponent is raised, smaller, and what follows it is on the line again", (t) => {
  page(t);
  const scatter = new Scatter({ name: "x", labels, colour: "green", onChoose() {} });
  const [exp, data] = [["exp", ["-", 0, EPS]], step([])];
  const raised = { ...data, regions: [region(-1, null, exp, "negative", true, "e^−ε_low")] };
  scatter.draw(raised, limitsOf([raised]), 0, null);
  const [bound] = [...scatter.root.querySelectorAll("text")].filter((x) => x.textContent.startsWith("e"));
  const spans = [...bound.querySelectorAll("tspan")].map((x) => ["dy", "font-size"].map((y) => x.getAttribute(y)));
  assert.equal(bound.textContent, "e−εlow = 0.82");
  assert.deepEqual(spans, [
    ["0", null],
    ["-5", "9"],
    ["3", "9"],
    ["2", null],
  ]); // e, −ε, low, = 0.82
});

test("its sentences stand apart as the script wants it", (t) => {
  page(t);
  const own = {
    ...labels,
    scatter_alt: "{learner}：{counts}",
    scatter_says: "{where}。",
    scatter_next: "{n} 個",
    scatter_start: "都是 1。",
  };
  const data = { ...step([HIGH, LOW]), passes: [{ ratio: [1, 1, 1, 1], clipped: [0, 0, 0, 0] }] };
  const scatter = new Scatter({ name: "x", labels: own, colour: "green", onChoose() {} });
  scatter.draw(data, limitsOf([data]), 0, null);
  assert.equal(scatter.note.textContent, "3 個。都是 1。");
  assert.equal(scatter.svg.getAttribute("aria-label"), "x：3 個。");
});

test("where a weight is only bounded nothing is grey, and a bound beyond the picture is only named", (t) => {
  const { grey, lines, texts, hollow, note } = drawn(t, step([FAR]));
  assert.deepEqual([grey, lines, hollow], [0, 0, "hollow_bounded"]);
  assert.equal(note, "3 in pass 1: 2 bounded, none cut");
  assert.ok(texts.includes("ρ = 5.00 →"));
  assert.ok(!texts.includes("cut_here"));
});

test("a surrogate that cuts on one side and bounds on the other says both", (t) => {
  const { grey, lines, hollow, note } = drawn(t, step([{ ...HIGH, cuts: false }, LOW]));
  assert.deepEqual([grey, lines, hollow, note], [1, 2, "hollow_both", "3 in pass 1: 1 cut, 1 bounded"]);
});

test("without a region, or where its bound is not known, there is no line", (t) => {
  assert.deepEqual(drawn(t, step([])).note, "3");
  const { grey, lines, points } = drawn(t, step([HIGH, LOW], { epsilon: null }));
  assert.deepEqual([grey, lines, points], [0, 0, 2]);
});

const PASSES = [
  { ratio: [1, 1, 1, 1], clipped: [0, 0, 0, 0] },
  { ratio: [1.3, 1, 0.7, 1], clipped: [1, 0, -1, 0] },
  { ratio: [1.4, 1.3, 0.7, 1], clipped: [null, null, null, null] },
];

test("after the last pass nothing is hollow, and what the passes cut is counted", (t) => {
  const data = { ...step([HIGH, LOW]), passes: PASSES };
  const { note, points, grey } = drawn(t, data, 2);
  assert.deepEqual([points, grey], [0, 2]);
  assert.equal(note, "3 after the last. in all: 1 high, 1 low");
  assert.equal(drawn(t, data, 1).note, "3 in pass 2: 1 high, 1 low");
  assert.equal(drawn(t, { ...data, regions: [FAR] }, 2).note, "3 after the last. in all: 2 bounded, none cut");
});

test("with one pass in one mini-batch nothing is cut, and no token is hollow at any pass", (t) => {
  const data = { ...step([HIGH, LOW]), passes: [PASSES[0], PASSES[2]] };
  for (const pass of [0, 1]) {
    const { note, points } = drawn(t, data, pass);
    assert.equal(points, 0);
    assert.match(note, /: 0 high, 0 low/);
  }
});

test("with several mini-batches gradients are taken elsewhere than the points stand", (t) => {
  const data = { ...step([HIGH, LOW], { epsilon: 0.2, num_mini_batches: 4 }), passes: PASSES };
  assert.equal(drawn(t, data, 1).note, "3 in pass 2: 1 high, 1 low scatter_elsewhere");
});

test("an older run counts what it marked, and says what that means", (t) => {
  const marked = [...PASSES.slice(0, 2), { ...PASSES[2], clipped: [1, 1, -1, 0] }];
  const older = (settings) => ({ ...step([HIGH, LOW], settings), passes: marked, cut_at: "state" });
  const one = older({ epsilon: 0.2, num_mini_batches: 1 });
  assert.equal(drawn(t, one, 1).note, "3 after pass 1: 1 high, 1 low");
  const last = drawn(t, one, 2);
  assert.equal(last.note, "3 after pass 2: 2 high, 1 low cut_older");
  assert.equal(last.points, 3);
  const several = older({ epsilon: 0.2, num_mini_batches: 4 });
  assert.equal(drawn(t, several, 1).note, "3 after pass 1: 1 high, 1 low cut_older");
});

test("what was not recorded is not 0", (t) => {
  const data = { ...step([HIGH, LOW]), passes: [PASSES[2]], cut_at: null };
  assert.equal(drawn(t, data).note, "3 after pass 0: not recorded");
  assert.equal(drawn(t, { ...data, cut_at: "never" }).note, "3. cut_never");
});

test("the axes hold every ratio and each bound that is near", () => {
  const reach = (...regions) => Math.max(...limitsOf([step(regions)]).ratio.map((x) => Math.abs(x - 1)));
  assert.ok(reach(HIGH) > 0.3 && reach(HIGH) < 0.4);
  assert.ok(Math.abs(reach(FAR) - reach(HIGH)) < 1e-9);
  assert.ok(reach(region(1, 1.9, null, "any", false)) > 0.9);
});

test("tokens of which it is not recorded are not counted among those that were not cut", (t) => {
  const data = step([HIGH, LOW]);
  data.passes = [{ ratio: [1.3, 1, 0.7, 1], clipped: [1, null, null, 0] }];
  assert.equal(drawn(t, data).note, "3 in pass 1: 1 high, 0 low of 2 not recorded");
  data.passes.push({ ratio: [1.3, 1, 0.7, 1], clipped: [null, null, null, null] });
  assert.equal(drawn(t, data, 1).note, "3 after the last. in all: 1 high, 0 low of 2 not recorded");
});

test("the axes are as near as the points are, and hold far ones at the edge", () => {
  const still = { ...step([HIGH, LOW]), advantage: [2, 1, -1, 0], passes: [{ ratio: [1, 1.002, 0.999, 1] }] };
  const { ratio, advantage } = limitsOf([still]);
  assert.ok(ratio[0] > 0.98 && ratio[1] < 1.02, "a bound that is far off does not squeeze them");
  assert.ok(advantage[0] > -1.5 && advantage[1] < 2.5, "no further down than up");
  const many = Array.from({ length: 1000 }, (_, i) => (i === 7 ? 40 : 1 + i / 5000));
  assert.ok(limitsOf([{ ...still, regions: [], passes: [{ ratio: many }] }]).ratio[1] < 1.3);
  const gone = { ...still, regions: [], advantage: [null], passes: [{ ratio: [null] }] };
  assert.deepEqual(limitsOf([gone]).advantage.map(Math.sign), [-1, 1], "of nothing there is still a plane");
  assert.ok(limitsOf([gone]).ratio.every(Number.isFinite));
});

test("ticks are round numbers within the axis", () => {
  assert.deepEqual(ticksOn([0.66, 1.34], 4), [0.8, 1, 1.2]);
  assert.deepEqual(ticksOn([-7.3, 2.6], 5), [-6, -4, -2, 0, 2]);
  assert.deepEqual(ticksOn([0.988, 1.013], 5), [0.99, 0.995, 1, 1.005, 1.01]);
  assert.deepEqual(ticksOn([0, 1], 1), [0, 1]);
});

test("between two passes points are on their way, and hollow where the pass under way cuts them", (t) => {
  page(t);
  const scatter = new Scatter({ name: "x", labels, colour: "green", onChoose() {} });
  const data = { ...step([HIGH, LOW]), passes: PASSES };
  scatter.draw(data, limitsOf([data]), 0, null);
  const places = () =>
    [...scatter.root.querySelectorAll("circle:not(.ring)")].map((x) => Number.parseFloat(x.style.transform.slice(10)));
  const hollow = () => scatter.root.querySelectorAll("circle.hollow").length;
  const [start] = places();
  scatter.play(1);
  const [then] = places();
  assert.equal(hollow(), 2);
  scatter.play(0.5);
  assert.ok(Math.abs(places()[0] - (start + then) / 2) < 0.2);
  assert.equal(hollow(), 0);
  scatter.move(1, null);
  assert.ok(Math.abs(places()[0] - (start + then) / 2) < 0.2, "what is played is not put back");
  scatter.play(null);
  assert.deepEqual([places()[0], hollow()], [then, 2]);
});

test("a learner without a ratio has no points, and that is said", (t) => {
  const own = {
    ...step([]),
    without: ["ratio", "clipped"],
    passes: [{ ratio: [null, null, null, null], clipped: [null, null, null, null] }],
  };
  assert.equal(drawn(t, own).note, "scatter_without");
});
