import assert from "node:assert/strict";
import { test } from "node:test";

import { Comparison, summaryOf } from "#frontend/comparison.js";
import { COMPARED, page } from "./page.js";

/** Rows of so many steps, each with its own success rate; a step takes two seconds, its clock runs for three. */
const rows = (steps, success = (step) => step / 100, more = {}) =>
  Array.from({ length: steps }, (_, step) => ({
    ...{ learner: "a", step, revision: "r", success_rate: success(step), step_time_s: 2, wall_time_s: 3 * (step + 1) },
    ...{ responses_trained: 8 * (step + 1), samples_seen: 500 + 8 * (step + 1), ...more },
  }));

test("what was spent is the last row's, and the time that of the steps' own work", () => {
  const { trained, scored, seconds } = summaryOf(rows(30));
  assert.deepEqual([trained, scored, seconds], [240, 740, 60]);
});

test("success is the mean of the steps' own rates, over the first twenty and the last ten", () => {
  const { early, late } = summaryOf(rows(60));
  assert.deepEqual([early.steps, late.steps], [20, 10]);
  assert.ok(Math.abs(early.mean - 0.095) < 1e-12); // of 0 … 0.19
  assert.ok(Math.abs(late.mean - 0.545) < 1e-12); // of 0.50 … 0.59
});

test("a shorter run says over how many steps it is", () => {
  const { early, late } = summaryOf(rows(7, () => 0.25));
  assert.deepEqual(
    [early, late],
    [
      { mean: 0.25, steps: 7 },
      { mean: 0.25, steps: 7 },
    ],
  );
});

test("what is not known is not made up", () => {
  assert.deepEqual(summaryOf([]), { trained: null, scored: null, seconds: null, early: null, late: null });
  const bare = summaryOf([{ learner: "a", step: 0, revision: "r" }]);
  assert.deepEqual(bare, { trained: null, scored: null, seconds: null, early: null, late: null });
  const holes = rows(30, (step) => (step === 4 ? null : 0.5));
  assert.deepEqual([summaryOf(holes).early, summaryOf(holes).late.mean], [null, 0.5]);
  const thinned = rows(30).filter((x) => x.step !== 3); // of very long runs, a part is sent
  assert.deepEqual([summaryOf(thinned).early, summaryOf(thinned).seconds], [null, 90]);
});

test("each learner has a row with its name and a piece of its line", (t) => {
  page(t);
  const labels = {
    ...{ compared: COMPARED, compared_help: { time: "What a step takes." }, how_counted: "How", comparison: "All" },
    ...{ none: "none", not_recorded: "unknown", of_steps: "of {n}", seconds: "{s} s" },
  };
  const comparison = new Comparison({ labels, colours: { a: "blue", b: "orange", c: "pink" } });
  const byStep = (list) => new Map(list.map((x) => [x.step, x]));
  const old = rows(3, () => 0.5, { responses_trained: null });
  const model = { learners: [{ name: "a" }, { name: "b" }, { name: "c" }], rows: new Map() };
  comparison.draw(model);
  assert.equal(comparison.root.hidden, true, "there is nothing to compare yet");
  model.rows = new Map([
    ["a", byStep(rows(20, () => 0.5))],
    ["b", byStep(old)],
  ]);
  comparison.draw(model);
  assert.equal(comparison.root.hidden, false);
  const shown = [...comparison.rows.querySelectorAll("tr")].map((x) => [...x.children].map((y) => y.textContent));
  assert.deepEqual(shown, [
    ["a", "160", "660", "40 s", "0.500", "0.500"],
    ["b", "unknown", "524", "6 s", "0.500 of 3", "0.500 of 3"],
    ["c", "none", "none", "none", "none", "none"],
  ]);
  const lines = [...comparison.rows.querySelectorAll("line")].map((x) => x.getAttribute("stroke-dasharray"));
  assert.equal(new Set(lines).size, 3, "told apart without colour");
});
