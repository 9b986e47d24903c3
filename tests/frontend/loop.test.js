import assert from "node:assert/strict";
import test from "node:test";
import {
  doneAt,
  endOf,
  line,
  moved,
  numbers,
  paced,
  placeAt,
  probability,
  STATIONS,
  sentence,
} from "#frontend/loop/rounds.js";

const together = { right: [0.25, 0.5], wrong: [0.5, 0.25] };
const round = { step: 0, prompt: "1+1=", answer: "2", count: 8, right: 3, written: [{}, {}], together };
const words = {
  says_update_both: "{right_before} to {right_after}, {wrong_before} to {wrong_after}",
  says_update_right: "right {right_before} to {right_after}",
  says_update_wrong: "wrong {wrong_before} to {wrong_after}",
  says_responses: "{different} of {count}",
  line: "{text} × {count}: {verdict}, {reward}, {before} → {after}",
  right: "right",
};
const sent = { rounds: [round, round], words, prompts: 16 };

test("a position is a round, one of its stations, and how much of that is done", () => {
  assert.equal(endOf(2), 12);
  assert.deepEqual(placeAt(0, 2), { round: 0, station: 0, done: 0, within: 0 });
  assert.deepEqual(placeAt(7.5, 2), { round: 1, station: 1, done: 0.5, within: 1.5 });
  assert.deepEqual(placeAt(6, 2), { round: 0, station: 5, done: 1, within: 6 }); // at a border, what is just done
  assert.deepEqual(placeAt(12, 2), { round: 1, station: 5, done: 1, within: 6 });
});

test("a station before the current one is done, one after it not begun", () => {
  const place = placeAt(3.25, 2);
  assert.equal(doneAt("responses", place), 1);
  assert.equal(doneAt("reward", place), 0.25);
  assert.equal(doneAt("update", place), 0);
});

test("each round goes by faster than the one before", () => {
  const seconds = paced(12).map((x) => x.seconds);
  assert.equal(seconds.length, endOf(12));
  for (let i = 0; i + STATIONS.length < seconds.length; i++) assert.ok(seconds[i + STATIONS.length] < seconds[i]);
});

test("where it stands is the same step's same moment, whatever rounds come or go", () => {
  const of = (...steps) => steps.map((step) => ({ ...round, step }));
  assert.equal(moved(8.5, of(0, 1), of(0, 1, 4)), 8.5);
  assert.equal(moved(8.5, of(0, 4), of(0, 1, 4)), 14.5);
  assert.equal(moved(14.5, of(0, 1, 4), of(0, 3)), 8.5); // its step is played no more: in the last one
  assert.equal(moved(6, of(0), of(0, 1)), 6);
});

test("the update's sentence has the probabilities of those responses that there are", () => {
  assert.equal(sentence(round, "update", sent), "0.250 to 0.500, 0.500 to 0.250");
  assert.equal(sentence({ ...round, together: { ...together, wrong: null } }, "update", sent), "right 0.250 to 0.500");
  assert.equal(sentence({ ...round, together: { ...together, right: null } }, "update", sent), "wrong 0.500 to 0.250");
  assert.equal(sentence(round, "responses", sent), "2 of 8");
});

test("a response as text; what fills the places of boxes", () => {
  const of = { text: "2", count: 3, reward: 1, success: true, before: 0.25, after: 0.5 };
  assert.equal(line(of, sent), "2 × 3: right, 1, 0.250 → 0.500");
  assert.deepEqual([numbers(round, 16).updates, numbers(round, 16).prompts], [0, 16]);
});

test("a small probability is not called 0", () => {
  assert.deepEqual([0, 0.0004, 0.0005, 0.5].map(probability), ["0.000", "< 0.001", "0.001", "0.500"]);
});
