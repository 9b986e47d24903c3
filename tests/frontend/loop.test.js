import assert from "node:assert/strict";
import test from "node:test";
import { doneAt, lastOf, placeAt, probability, sentence, speedIn } from "#frontend/loop/rounds.js";

const stations = ["prompts", "model", "responses", "reward", "tuples", "update"].map((key) => ({ key, title: key }));
const together = { right: [0.25, 0.5], wrong: [0.5, 0.25] };
const round = { step: 0, prompt: "1+1=", answer: "2", count: 8, right: 3, written: [{}, {}], together };
const words = {
  says_update_both: "{right_before} to {right_after}, {wrong_before} to {wrong_after}",
  says_update_right: "right {right_before} to {right_after}",
  says_update_wrong: "wrong {wrong_before} to {wrong_after}",
  says_responses: "{different} of {count}",
};
const sent = { stations, rounds: [round, round], words, prompts: 16 };

test("a position is a round, one of its stations, and how much of that is done", () => {
  assert.equal(lastOf(sent), 12);
  assert.deepEqual(placeAt(0, sent), { round: 0, station: 0, done: 0 });
  assert.deepEqual(placeAt(7.5, sent), { round: 1, station: 1, done: 0.5 });
  assert.deepEqual(placeAt(12, sent), { round: 1, station: 5, done: 1 });
});

test("a station before the current one is done, one after it not begun", () => {
  const place = placeAt(3.25, sent);
  assert.equal(doneAt("responses", place, sent), 1);
  assert.equal(doneAt("reward", place, sent), 0.25);
  assert.equal(doneAt("update", place, sent), 0);
});

test("each round goes by faster than the one before", () => {
  for (let i = 0; i < 12; i++) assert.ok(speedIn(i + 1) > speedIn(i));
});

test("the update's sentence has the probabilities of those responses that there are", () => {
  assert.equal(sentence(round, "update", sent), "0.250 to 0.500, 0.500 to 0.250");
  assert.equal(sentence({ ...round, together: { ...together, wrong: null } }, "update", sent), "right 0.250 to 0.500");
  assert.equal(sentence({ ...round, together: { ...together, right: null } }, "update", sent), "wrong 0.500 to 0.250");
  assert.equal(sentence(round, "responses", sent), "2 of 8");
});

test("a small probability is not called 0", () => {
  assert.deepEqual([0, 0.0004, 0.0005, 0.5].map(probability), ["0.000", "< 0.001", "0.001", "0.500"]);
});
