import assert from "node:assert/strict";
import { test } from "node:test";

import {
  AXES,
  align,
  axisFor,
  gaps,
  isRecorded,
  placeOf,
  placesOf,
  reach,
  stepsBy,
  stepUnder,
  yRange,
  zoomTo,
} from "#frontend/axis.js";
import { isClick } from "#frontend/clicks.js";

const row = (learner, step, more = {}) => ({ learner, step, revision: "r", ...more });
const rows = (...all) => {
  const byLearner = new Map();
  for (const one of all) byLearner.set(one.learner, (byLearner.get(one.learner) ?? new Map()).set(one.step, one));
  return byLearner;
};
const run = (more) => ({ active: true, run: { prompts: 4, group_size: 8 }, learners: [{ steps: 100 }], ...more });

test("learners that are at different steps share one axis", () => {
  const aligned = align(rows(row("a", 1), row("a", 0), row("b", 1), row("b", 2)), "step");
  assert.deepEqual(aligned.xs, [1, 2, 3]);
  assert.deepEqual(aligned.stepAt, [0, 1, 2]);
  assert.deepEqual(
    aligned.rowsAt.map((x) => Object.keys(x)),
    [["a"], ["a", "b"], ["b"]],
  );
});

test("a row without its place on the axis is left out", () => {
  const aligned = align(
    rows(row("a", 0, { wall_time_s: 2.5 }), row("a", 1, { wall_time_s: null }), row("a", 2)),
    "time",
  );
  assert.deepEqual([aligned.xs, aligned.stepAt], [[2.5], [0]]);
  assert.deepEqual(align(rows(row("a", 0, { samples_seen: 32 })), "samples").xs, [32]);
});

test("while a run goes on the axis grows by doubling and never beyond the end", () => {
  const ends = [2, 20, 21, 41, 81, 100].map((last) => reach([1, last], "step", run()).max);
  assert.deepEqual(ends, [20, 20, 40, 80, 100, 100]);
  assert.deepEqual(reach([32, 700], "samples", run()), { min: 0, max: 1280 });
  assert.deepEqual(reach([1, 21], "time", run()), { min: 0, max: 40 });
});

test("a run that is over fills the axis, and an empty one has an axis, too", () => {
  assert.deepEqual(reach([1, 7], "step", run({ active: false })), { min: 1, max: 7 });
  assert.deepEqual(reach([], "step", run()), { min: 0, max: 1 });
  assert.deepEqual(reach([1], "step", run()), { min: 1, max: 2 });
});

test("an unknown number of samples a step does not hang the page", () => {
  const unknown = run({ run: { prompts: null, group_size: null } });
  assert.ok(reach([1, 500], "samples", unknown).max >= 500);
});

test("a drag zooms to what it covers; a tremble does not", () => {
  const valueAt = (left) => left / 10;
  assert.deepEqual(zoomTo({ left: 20, width: 30 }, valueAt), { min: 2, max: 5 });
  assert.equal(zoomTo({ left: 20, width: 5 }, valueAt), null);
});

test("the hovered step is the one under the pointer, none outside the chart", () => {
  assert.equal(stepUnder([4, 5, 6], { idx: 1, left: 30 }), 5);
  assert.equal(stepUnder([4, 5, 6], { idx: 1, left: -10 }), null);
  assert.equal(stepUnder([4, 5, 6], { idx: null, left: 30 }), null);
  assert.equal(stepUnder([4, 5, 6], { idx: 7, left: 30 }), null);
});

test("new rows do not move what is hovered: its place follows from its step", () => {
  const [before, after] = [
    align(rows(row("a", 3), row("a", 4)), "step"),
    align(rows(row("a", 1), row("a", 4)), "step"),
  ];
  assert.equal(placeOf(before, 4), 5);
  assert.equal(placeOf(after, 4), 5);
  assert.equal(placeOf(after, 3), null);
  assert.equal(placeOf(after, null), null);
});

test("a click stands still; without a pointer that went down there is none", () => {
  assert.deepEqual([isClick(10, 12), isClick(10, 15), isClick(null, 10)], [true, false, false]);
});

test("the y-axis always reaches what it should, and not beyond what is drawn", () => {
  assert.deepEqual(yRange({ at_least: [0, 1] }, 0.2, 0.4), [0, 1.03]);
  assert.deepEqual(yRange({}, null, null), [0, 1]);
  assert.deepEqual(yRange({ range: [2, 3] }, null, null), [2, 3]);
  const [low, high] = yRange({ at_most: [-1, 1] }, -50, 0.5);
  assert.ok(low < -1 && low > -1.2 && high > 0.5, "an outlier is read, not drawn");
  assert.deepEqual(yRange({ at_least: [0, 0] }, 0, 0), [0, 1.06], "zeros alone are no small numbers");
  assert.deepEqual(yRange({}, 0, 0), [-1.12, 1.12]);
  const [from, to] = yRange({}, 3, 3);
  assert.ok(from < 3 && to > 3, "a flat line is not on the edge");
});

test("ticks of steps and of responses are whole numbers; time is divided as it comes", () => {
  for (const x of ["step", "samples"]) {
    const all = gaps(x);
    assert.ok(all.every((gap) => Number.isInteger(gap)));
    assert.deepEqual(all.slice(0, 5), [1, 2, 5, 10, 20]);
    assert.ok(all.at(-1) > 1e8);
  }
  assert.equal(gaps("time"), undefined);
});

test("responses trained on and responses scored are axes of their own", () => {
  const one = row("a", 2, { responses_trained: 96, samples_seen: 38_496 });
  assert.deepEqual(align(rows(one), "trained").xs, [96]);
  assert.deepEqual(align(rows(one), "samples").xs, [38_496]);
  assert.equal(AXES[0], "trained", "the default");
});

test("an axis that a learner has no numbers for is not shown: else that learner would be missing", () => {
  const some = rows(row("a", 0, { samples_seen: 32, wall_time_s: 1 }), row("b", 0, { samples_seen: 32 }));
  assert.deepEqual(
    AXES.map((x) => isRecorded(some, x)),
    [false, true, true, false],
  );
  assert.equal(axisFor(some, "trained"), "samples");
  assert.equal(axisFor(some, "step"), "step");
  assert.equal(axisFor(rows(row("a", 0)), "time"), "step");
  assert.equal(axisFor(new Map(), "trained"), "trained", "before the first row anything may come");
});

test("a step is marked at each learner's own place, where they differ", () => {
  const two = rows(
    row("a", 0, { samples_seen: 32, responses_trained: 32 }),
    row("b", 0, { samples_seen: 932, responses_trained: 32 }),
    row("b", 1, { samples_seen: 964, responses_trained: 64 }),
  );
  assert.deepEqual(
    [...placesOf(two, "samples", 0)],
    [
      ["a", 32],
      ["b", 932],
    ],
  );
  assert.deepEqual(
    [...placesOf(two, "trained", 0)],
    [
      ["a", 32],
      ["b", 32],
    ],
  );
  assert.deepEqual([...placesOf(two, "samples", 1)], [["b", 964]]);
  assert.deepEqual([...placesOf(two, "samples", null)], []);
});

test("under the pointer each learner is read at the last step that it had made by then", () => {
  const two = rows(
    ...[0, 1, 2].map((step) => row("a", step, { samples_seen: 32 * (step + 1), responses_trained: 32 * (step + 1) })),
    ...[0, 1, 2].map((step) => row("b", step, { samples_seen: 80 + 32 * step, responses_trained: 32 * (step + 1) })),
  );
  assert.deepEqual(
    [...stepsBy(two, "samples", 96, 2)],
    [
      ["a", 2],
      ["b", 0],
    ],
  );
  assert.deepEqual(
    [...stepsBy(two, "samples", 64, 1)],
    [
      ["a", 1],
      ["b", null],
    ],
  );
  assert.deepEqual(
    [...stepsBy(two, "trained", 64, 1)],
    [
      ["a", 1],
      ["b", 1],
    ],
    "there a place is a step",
  );
});

test("of a step's two places the hovered one is kept", () => {
  const points = { xs: [10, 20, 30, 40], stepAt: [0, 1, 0, 1] };
  assert.equal(placeOf(points, 1), 20);
  assert.equal(placeOf(points, 1, 38), 40);
  assert.equal(placeOf(points, 1, 22), 20);
});

test("where more is scored than trained on, nobody knows how far the axis will reach", () => {
  assert.deepEqual(reach([32, 3300], "samples", run()), { min: 0, max: 5120 });
  assert.deepEqual(reach([32, 3200], "trained", run()), { min: 0, max: 3200 });
});
