import assert from "node:assert/strict";
import { test } from "node:test";

import { Preparing } from "#frontend/preparing.js";
import { page } from "./page.js";

const labels = {
  queue_place: "Place {place}.",
  queue_wait: "About {time}.",
  queue_unknown: "Nobody knows.",
  waiting_for_worker: "A worker is awaited.",
  worker_starts: "It starts.",
  first_step: "The first responses.",
  seconds: "{s} s",
  minutes: "{m} min {s} s",
  messages: {},
};
const model = (status, waiting, more = {}) => ({
  run: { waiting },
  learners: ["a", "b"].map((name) => ({ name, status, steps: 3, preparing: null, start_hash: null, ...more })),
  lastStep: () => -1,
});

function shown(t) {
  page(t);
  const preparing = new Preparing({ labels });
  const draw = (...state) => {
    preparing.draw(model(...state));
    return preparing.root.hidden ? "" : preparing.list.textContent;
  };
  return { draw, spoken: () => preparing.status.textContent };
}

test("who waits is told the place and about how long", (t) => {
  const { draw } = shown(t);
  assert.equal(draw("queued", { place: 2, wait_s: 75 }), "a, bPlace 2. About 1 min 15 s.");
  assert.equal(draw("queued", { place: 1, wait_s: null }), "a, bPlace 1. Nobody knows.");
  assert.equal(draw("queued", null), "a, bA worker is awaited.");
  assert.equal(draw("running", null), "a, bIt starts.");
  assert.equal(draw("running", null, { start_hash: "9f" }), "a, bThe first responses.");
});

test("who cannot see hears of each place once, not of every second", (t) => {
  const { draw, spoken } = shown(t);
  draw("queued", { place: 2, wait_s: 75 });
  assert.match(spoken(), /Place 2\. About 1 min 15 s/);
  draw("queued", { place: 2, wait_s: 70 });
  assert.match(spoken(), /1 min 15 s/);
  draw("queued", { place: 1, wait_s: 30 });
  assert.match(spoken(), /Place 1\. About 30 s/);
});
