import assert from "node:assert/strict";
import { test } from "node:test";

import { Chart } from "#frontend/chart.js";
import { page } from "./page.js";

const TITLES = { ppo: "PPO", grpo: "GRPO" };

test("a chart says its numbers and the step as the page counts it, from 1", (t) => {
  page(t);
  const labels = {
    learner_titles: TITLES,
    chart_summary: "{title}: {values} at step {step}",
    comma: "、",
    none: "none",
    not_recorded: "?",
  };
  const spec = { key: "reward", title: "Reward", help: "", series: [{ column: "reward" }] };
  const chart = new Chart(spec, { labels, colours: { ppo: "blue", grpo: "amber" } });
  chart.learners = [{ name: "ppo" }, { name: "grpo" }];
  const rows = { ppo: { reward: 0.5 }, grpo: { reward: 0.75 } };
  const model = { row: (name, step) => (step === 4 ? rows[name] : null), absence: () => "none" };
  chart.read(model, 4);
  assert.equal(chart.area.getAttribute("aria-label"), "Reward: PPO 0.50、GRPO 0.75 at step 5");
});

test("a run whose numbers mean something else than the chart's title says so", (t) => {
  page(t);
  const otherwise = { lacks: "new", says: "older", imported: "imported" };
  const spec = { key: "kl", title: "KL", help: "", series: [{ column: "kl" }], otherwise };
  const note = (row, run = {}) => {
    const chart = new Chart(spec, { labels: {}, colours: {}, zoom: null, model: { run } });
    chart.plot = { batch: (draw) => draw(), setData() {}, setScale() {} };
    chart.draw([0], [{ ppo: row, grpo: undefined }], [0, 1]);
    return chart.note.hidden ? "" : chart.note.textContent;
  };
  assert.equal(note({ kl: 0.1, new: 0.05 }), "");
  assert.equal(note({ kl: 0.1, new: null }), "older");
  assert.equal(note({ kl: 0.1 }, { source: "a log" }), "imported");
  assert.equal(note({ kl: null, new: null }), "", "nothing is shown");
});

test("a chart of several lines names each beside a piece of it, and no line just leaves the chart", (t) => {
  page(t);
  const labels = { chart_below: "▾ below {edge}", chart_above: "▴ above {edge}", comma: ", " };
  const series = [
    { column: "own", name: "true values" },
    { column: "ceiling", name: "outcomes", thin: true, dash: "dotted" },
  ];
  const spec = { key: "x", title: "X", help: "", series, at_most: [-1, 1] };
  const chart = new Chart(spec, { labels, colours: {}, zoom: null });
  assert.equal(chart.keys.root.textContent, "true valuesoutcomes");
  const [solid, dotted] = chart.keys.root.querySelectorAll("line");
  assert.notEqual(solid.getAttribute("stroke-dasharray"), dotted.getAttribute("stroke-dasharray"));
  let drawn;
  chart.plot = {
    batch: (draw) => draw(),
    setScale() {},
    setData(data) {
      drawn = data;
    },
  };
  chart.lines = series.map((x) => ({ ...x, learner: "ppo", index: 0 }));
  const rows = [0.5, -7, -3, null, -2].map((own) => ({ ppo: { own, ceiling: 0.25 } }));
  chart.draw([0, 1, 2, 3, 4], rows, [0, 4]);
  assert.deepEqual(drawn[1], [0.5, -1, -1, undefined, -1]);
  assert.deepEqual(
    chart.keys.beyond.map((x) => [x.line, x.at, x.isLow]),
    [
      [0, 1, true],
      [0, 4, true],
    ],
  );
  assert.equal(chart.keys.note.textContent, "▾ below −1");
  chart.draw([0], [{ ppo: { own: 0.5, ceiling: 0.25 } }], [0, 4]);
  assert.equal(chart.keys.note.hidden, true);
});

test("a chart with points says what they are, and what its line is", (t) => {
  page(t);
  const series = [
    { column: "own", name: "line: training batches" },
    { column: "heldout", name: "dots: held-out questions", points: true },
  ];
  const { keys } = new Chart({ key: "x", title: "X", help: "", series }, { labels: {}, colours: {}, zoom: null });
  const [line, dots] = keys.root.querySelectorAll(".key");
  assert.equal(keys.root.hidden, false);
  assert.deepEqual([line.textContent, dots.textContent], ["line: training batches", "dots: held-out questions"]);
  assert.deepEqual([line.querySelectorAll("circle").length, dots.querySelectorAll("circle").length], [0, 1]);
});

test("where learners come to a place at different steps, each one's number has its step", (t) => {
  page(t);
  const labels = {
    learner_titles: TITLES,
    ...{ chart_summary_at: "{title}: {values} at {place}, over {axis}", comma: ", ", none: "none" },
    ...{ step_small: "step {step}", no_step: "no step", not_recorded: "?" },
  };
  const spec = { key: "reward", title: "Reward", help: "", series: [{ column: "reward" }] };
  const chart = new Chart(spec, { labels, colours: { ppo: "blue", grpo: "amber" }, axisName: "all scored" });
  chart.learners = [{ name: "ppo" }, { name: "grpo" }];
  const model = { row: (_, step) => (step === 4 ? { reward: 0.5 } : null), absence: () => "none" };
  const steps = new Map([
    ["ppo", null],
    ["grpo", 4],
  ]);
  chart.read(model, 9, { steps, place: "96 scored" });
  const says = "Reward: PPO none (no step), GRPO 0.50 (step 5) at 96 scored, over all scored";
  assert.equal(chart.area.getAttribute("aria-label"), says);
  assert.equal(chart.values.textContent, "none0.50");
  assert.equal(chart.values.querySelectorAll("svg").length, 2, "a piece of each learner's line");
});

test("of what is measured now and then a chart says what was measured last, and when", (t) => {
  page(t);
  const labels = {
    learner_titles: TITLES,
    chart_summary: "{values} at step {step}",
    comma: ", ",
    none: "none",
    not_recorded: "?",
  };
  const words = { ...labels, step_n: "step {step}", with_note: "{parts} ({note})" };
  const series = [{ column: "mine" }, { column: "ceiling", dash: "dotted" }];
  const spec = { key: "k", title: "K", help: "", series, now_and_then: true };
  const chart = new Chart(spec, { labels: words, colours: { ppo: "blue", grpo: "amber" } });
  chart.learners = [{ name: "ppo" }, { name: "grpo" }];
  const rows = { ppo: { mine: 0.5, ceiling: 0.75 }, grpo: { mine: null, ceiling: 0.25 } };
  const model = { row: (name, step) => (step === 4 ? rows[name] : null), absence: () => "none", measuredAt: () => 4 };
  const says = (step) => {
    chart.read(model, step);
    return chart.area.getAttribute("aria-label");
  };
  assert.equal(says(4), "PPO 0.50 / 0.75, GRPO none / 0.25 at step 5");
  assert.equal(says(7), "PPO 0.50 / 0.75 (step 5), GRPO none / 0.25 (step 5) at step 8");
});

test("what no learner has is said once, whether there is none or it was not recorded", (t) => {
  page(t);
  const labels = {
    learner_titles: TITLES,
    chart_summary: "{values}",
    comma: ", ",
    none: "none",
    not_recorded: "not recorded",
  };
  const read = (absences, rows = {}) => {
    const spec = { key: "k", title: "K", help: "", series: [{ column: "mine" }] };
    const chart = new Chart(spec, { labels, colours: { ppo: "blue", grpo: "amber" } });
    chart.learners = [{ name: "ppo" }, { name: "grpo" }];
    chart.read({ row: (name) => rows[name] ?? {}, absence: (name) => absences[name] }, 1);
    return chart.values.textContent;
  };
  assert.equal(read({ ppo: "none", grpo: "none" }), "none");
  assert.equal(read({ ppo: "not_recorded", grpo: "not_recorded" }), "not recorded");
  assert.equal(read({ ppo: "none", grpo: "not_recorded" }), "nonenot recorded");
  const alike = { ppo: { mine: 0.5 }, grpo: { mine: 0.5 } };
  assert.equal(read({}, alike), "0.500.50", "numbers are said of each");
});

test("before the first step a chart says what is coming; of a run that ended without one, that there is none", (t) => {
  page(t);
  const labels = {
    learner_titles: TITLES,
    ...{ chart_summary: "{values}; {axis}", comma: ", ", none: "none", not_recorded: "?" },
    ...{ comes_first: "with the first step", comes_measured: "once measured" },
  };
  const learners = [
    { name: "ppo", without: [] },
    { name: "grpo", without: ["value"] },
  ];
  const header = (column, active, more = {}, among = learners) => {
    const spec = { key: "k", title: "K", help: "", series: [{ column }], ...more };
    const chart = new Chart(spec, { labels, colours: { ppo: "blue", grpo: "amber" }, axisName: "step" });
    chart.learners = among;
    const model = { active, learners: among, row: () => undefined, absence: () => "none", measuredAt: () => null };
    chart.read(model, null);

    return chart.values.textContent;
  };
  assert.equal(header("reward", true), "with the first step");
  assert.equal(header("value", true), "with the first step"); // one of them has it
  assert.equal(header("heldout_success", true, { now_and_then: true }), "once measured");
  assert.match(header("value", true, {}, [learners[1]]), /none/);
  assert.match(header("reward", false), /none/);
});
