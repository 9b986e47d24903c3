// The switches of the board: what they offer while a run goes on, and once it is over.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Progress } from "#frontend/progress.js";
import { labels, page } from "./page.js";

test("of a run that is over its last step is offered, and nothing that is live", (t) => {
  page(t);
  const progress = new Progress({ labels, choices: ["step"], on: {} });
  const offered = (/** @type {boolean} */ active, paused = false) => {
    progress.preparing = { draw() {} };
    const model = { active, learners: [], rows: new Map() };
    progress.draw(model, {}, { following: false, paused, x: "step", trouble: null });
    return [progress.follow, progress.pause].filter((x) => !x.hidden).map((x) => x.textContent);
  };
  assert.deepEqual(offered(true), ["follow", "pause_updates"]);
  assert.deepEqual(offered(false), ["last_step"]);
  assert.deepEqual(offered(false, true), ["last_step", "pause_updates"]); // who paused may go on
});
