import assert from "node:assert/strict";
import { test } from "node:test";

import { Model } from "#frontend/model.js";
import { groupOf, openingOf, passOf, stepOn, wishOf } from "#frontend/wish.js";

const learner = (name, status, step, more = {}) => ({
  name,
  without: ["value_loss"],
  status,
  step,
  steps: 10,
  ...more,
});
const row = (name, step, more = {}) => ({ learner: name, step, revision: `${name}${step}`, ...more });
const live = (learners, rows, more = {}) => ({
  cursor: 1,
  whole: false,
  run: { status: "running", at_evaluations: ["heldout_success", "value_error"] },
  learners,
  events: [],
  rows,
  ...more,
});
const view = (more) => ({ step: null, group: null, token: null, color: "advantage", x: "step", pass: null, ...more });

function two() {
  const model = new Model();
  const both = [learner("a", "running", 2), learner("b", "running", 1)];
  model.apply(live(both, [row("a", 0), row("a", 1), row("a", 2), row("b", 0), row("b", 1)]));
  return model;
}

test("increments add up, and a whole answer replaces", () => {
  const model = two();
  assert.deepEqual(model.steps, [0, 1, 2]);
  model.apply(live([learner("a", "running", 3), learner("b", "running", 1)], [row("a", 3)]));
  assert.deepEqual(model.steps, [0, 1, 2, 3]);
  assert.equal(model.apply(live(model.learners, [])), false);
  model.apply(live([learner("a", "running", 0)], [row("a", 0)], { whole: true }));
  assert.deepEqual(model.steps, [0]);
});

test("a run that goes on from a checkpoint forgets the steps after it", () => {
  const model = two();
  model.apply(live([learner("a", "running", 0), learner("b", "running", 1)], []));
  assert.deepEqual(model.steps, [0, 1]);
  assert.equal(model.row("a", 2), null);
});

test("while learners work, the newest step is one that all of those made", () => {
  const model = two();
  assert.equal(model.newest(), 1);
  model.learners = [learner("a", "running", 2), learner("b", "failed", 1)];
  assert.equal(model.newest(), 2);
  assert.equal(new Model().newest(), null);
});

test("when all have ended, the newest step is the last that all of them made", () => {
  const model = two();
  model.learners = [learner("a", "stopped", 2), learner("b", "stopped", 1)];
  assert.equal(model.newest(), 1);
  model.learners = [learner("a", "stopped", 2), learner("c", "stopped", -1)];
  assert.equal(model.newest(), 2); // there is none that both made
});

test("the run is active while anybody is", () => {
  const model = two();
  model.run = { status: "finished" };
  assert.equal(model.active, true);
  model.learners = [learner("a", "finished", 2)];
  assert.equal(model.active, false);
});

test("a step that is not kept is the closest that is", () => {
  const model = new Model();
  model.apply(live([learner("a", "finished", 9)], [row("a", 0), row("a", 4), row("a", 9)]));
  assert.deepEqual(
    [0, 3, 6, 7, 99].map((x) => model.nearest(x)),
    [0, 4, 4, 9, 9],
  );
  assert.equal(new Model().nearest(3), null);
});

test("a number is missing because there is none, or because nobody recorded it", () => {
  const model = new Model();
  model.apply(
    live([learner("a", "running", 1)], [row("a", 0, { heldout_success: null }), row("a", 1, { heldout_success: 0.5 })]),
  );
  assert.equal(model.absence("a", "heldout_success", 0), "none"); // measured now and then
  assert.equal(model.absence("a", "entropy", 0), "not_recorded");
  assert.equal(model.absence("a", "value_loss", 0), "none"); // its kind has none of it
  assert.equal(model.absence("a", "entropy", 7), "none"); // no such step
  assert.equal(model.absence("nobody", "entropy", 0), "none");
});

test("what is measured at evaluations is none in between, and not recorded where it never was", () => {
  const model = new Model();
  const rows = [row("a", 0, { value_error: 0.5 }), row("a", 1, { value_error: null }), row("b", 0), row("b", 1)];
  model.apply(live([learner("a", "running", 1), learner("b", "running", 1)], rows));
  assert.equal(model.absence("a", "value_error", 1), "none");
  assert.equal(model.absence("b", "value_error", 1), "not_recorded"); // an older run's rows lack the column
});

test("the last measurement up to a step", () => {
  const model = new Model();
  const known = { 0: 0.5, 10: 0.25, 20: 0.1 };
  const rows = [0, 5, 10, 15, 20].map((step) => row("a", step, { error: known[step] ?? null, other: null }));
  model.apply(live([learner("a", "running", 20)], rows));
  assert.deepEqual(
    [0, 5, 10, 15, 20].map((step) => model.measuredAt("a", ["error", "other"], step)),
    [0, 0, 10, 10, 20],
  );
  assert.equal(model.measuredAt("a", ["other"], 15), 15);
  assert.equal(model.measuredAt("nobody", ["error"], 5), 5);
  assert.equal(model.measuredAt("a", ["error"], null), null);
});

test("a step made again is another wish", () => {
  const model = two();
  const before = wishOf(model, view());
  assert.deepEqual([before.step, before.revision], [1, "a1-b1"]);
  model.apply(live(model.learners, [row("b", 1, { revision: "again" })]));
  assert.notEqual(wishOf(model, view()).name, before.name);
  assert.equal(wishOf(new Model(), view()), null);
});

test("the chosen step is counted from 1, and following shows the newest", () => {
  const model = two();
  assert.equal(stepOn(model, view({ step: 1 })), 0);
  assert.equal(stepOn(model, view({ step: 50 })), 2);
  assert.equal(stepOn(model, view()), 1);
});

test("the prompt on show: the chosen one, else the chosen token's, else one that tells", () => {
  const step = { groups: [{ group: 3 }, { group: 4 }], telling: 3, learners: { a: { sample: [8, 9], group: [3, 4] } } };
  const token = { learner: "a", sample: 9, position: 0 };
  assert.equal(groupOf(step, { group: 4, token: null }), 4);
  assert.equal(groupOf(step, { group: 7, token }), 4);
  assert.equal(groupOf(step, { group: null, token: { ...token, learner: "b" } }), 3);
  assert.equal(groupOf({ ...step, groups: [], telling: null }, { group: null, token: null }), null);
  // "constructor" is a learner's name as good as any, and what every object has: a link with it left the lab blank
  assert.equal(groupOf(step, { group: null, token: { ...token, learner: "constructor" } }), step.telling);
});

test("a run that is over opens where it is instructive, unless the address chooses; one that goes on is followed", () => {
  const opened = (status, chosen = {}, opening = { step: 1, group: 3 }) => {
    const model = new Model();
    const rows = [row("a", 0), row("a", 1), row("a", 2)];
    const run = { status, at_evaluations: [], opening };
    model.apply(live([learner("a", status, 2)], rows, { run, whole: true }));
    return openingOf(model, view(chosen));
  };
  assert.deepEqual(opened("finished"), { step: 2, group: 3 });
  assert.equal(opened("running"), null);
  assert.equal(opened("finished", {}, null), null);
  assert.equal(opened("finished", {}, { step: 7, group: 0 }), null, "not among the steps that are here");
  for (const chosen of [{ step: 1 }, { group: 0 }, { token: { learner: "a", sample: 0, position: 0 } }]) {
    assert.equal(opened("finished", chosen), null);
  }
});

test("the pass on show is the last that takes a gradient where one is cut, else the last there is", () => {
  const step = (...clipped) => ({ learners: { a: { passes: clipped.map((x) => ({ clipped: x })) } } });
  assert.equal(passOf(step([0, 0], [0, -1], [null, null]), 2), 1);
  assert.equal(passOf(step([0, 0], [0, 0], [null, null]), 2), 2);
  assert.equal(passOf(step([0, 1], [0, 0], [null, null]), 2), 2, "cut earlier only");
  assert.equal(passOf(step([0, 0], [0, 1], [0, 1]), 2), 2, "an older run marked the last pass, too");
  assert.equal(passOf(step([null]), 0), 0);
  assert.equal(passOf({ learners: {} }, 0), 0);
});
