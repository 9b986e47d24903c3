import assert from "node:assert/strict";
import { test } from "node:test";

import { Timeline } from "#frontend/timeline.js";
import { labels, page } from "./page.js";

function timeline(t, steps, step) {
  page(t);
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const gone = [];
  const line = new Timeline({
    labels,
    onGo: (to) => {
      gone.push(to);
      line.draw(steps, to);
    },
  });
  line.draw(steps, step);
  return { line, gone };
}

test("forth, back and the slider go to kept steps only", (t) => {
  const { line, gone } = timeline(t, [0, 4, 9], 4);
  line.forth.click();
  assert.ok(line.forth.disabled);
  line.back.click();
  line.range.value = "0";
  line.range.oninput();
  assert.ok(line.back.disabled);
  assert.deepEqual(gone, [9, 4, 0]);
});

test("playing goes step by step and stops at the end", (t) => {
  const { line, gone } = timeline(t, [0, 4, 9], 0);
  line.play.click();
  assert.deepEqual([line.play.textContent, line.play.getAttribute("aria-label")], ["❚❚", "play_stop"]);
  t.mock.timers.tick(549);
  assert.deepEqual(gone, []);
  for (let i = 0; i < 9; i++) t.mock.timers.tick(550);
  assert.deepEqual(gone, [4, 9]);
  assert.equal(line.play.textContent, "▶");
});

test("playing from the last step begins anew, and any other wish stops it", (t) => {
  const { line, gone } = timeline(t, [0, 4, 9], 9);
  line.play.click();
  assert.deepEqual(gone, [0]);
  line.forth.click();
  t.mock.timers.tick(5000);
  assert.deepEqual(gone, [0, 4]);
});

test("with fewer than two steps there is nowhere to go", (t) => {
  const { line } = timeline(t, [], null);
  assert.ok(line.play.disabled && line.back.disabled && line.forth.disabled && line.range.disabled);
});
