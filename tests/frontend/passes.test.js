import assert from "node:assert/strict";
import { test } from "node:test";

import { eased, Passes } from "#frontend/passes.js";
import { page } from "./page.js";

const words = "play_passes previous_pass next_pass pass play_stop".split(" ");
const labels = {
  ...Object.fromEntries(words.map((x) => [x, x])),
  pass_of: "{pass} of {passes}",
  playing_says: "{place}: {says}",
};

/** A player of two passes, and all that it told; `frame(ms)` draws the next picture so many milliseconds on. */
function player(t, still = false) {
  page(t);
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const [moments, passes, waiting] = [[], [], []];
  let now = 1000;
  globalThis.requestAnimationFrame = (draw) => waiting.push(draw);
  globalThis.cancelAnimationFrame = () => waiting.splice(0);
  const made = new Passes({
    labels,
    onMoment: (x) => moments.push(x),
    onPass: (x) => {
      passes.push(x);
      made.draw(x, 2, "step 1"); // as the page does, which shows that pass from then on
    },
    says: (x) => `cut ${x}`,
    isStill: () => still,
  });
  document.body.append(made.root);
  made.draw(0, 2, "step 1");
  const frame = (ms) => {
    for (const end = now + ms; now < end; ) {
      now += Math.min(50, end - now);
      for (const draw of waiting.splice(0)) draw(now);
    }
  };
  const { play, back, next: forth, scrub: range, says: text } = made.playback.player;
  const key = (name) => range.dispatchEvent(new KeyboardEvent("keydown", { key: name, cancelable: true }));
  return { made: Object.assign(made, { play, back, forth, range, text }), moments, passes, frame, key };
}

test("a pass begins and ends slowly", () => {
  assert.equal(eased(0), 0);
  assert.equal(eased(0.5), 0.5);
  assert.ok(eased(0.05) < 0.01);
  assert.equal(eased(1), 1);
  assert.equal(eased(1.5), 1.5);
});

test("played, points drift from before the first pass to after the last, and each pass is told once", (t) => {
  const { made, moments, passes, frame } = player(t);
  made.play.click();
  assert.equal(made.root.dataset.playing, "true");
  frame(16);
  frame(900);
  assert.ok(moments.at(-1) > 0.4 && moments.at(-1) < 0.6);
  assert.deepEqual(passes, []);
  frame(950);
  assert.deepEqual(passes, [1]);
  assert.equal(made.text.textContent, "1 of 2: cut 1");
  frame(3000);
  assert.deepEqual(passes, [1, 2]);
  assert.deepEqual([made.root.dataset.playing, moments.at(-1), made.range.value], ["false", null, "2"]);
  made.play.click();
  assert.deepEqual(passes, [1, 2, 0], "at the end it begins anew");
});

test("paused, the pass that was reached is shown; another step ends what is played", (t) => {
  const { made, moments, passes, frame } = player(t);
  made.play.click();
  frame(16);
  frame(2500);
  made.play.click();
  assert.deepEqual([made.playback.isPlaying, passes, moments.at(-1)], [false, [1], null]);
  made.play.click();
  frame(16);
  made.draw(1, 2, "step 2");
  assert.equal(made.playback.isPlaying, false);
  const moved = moments.length;
  frame(16);
  assert.equal(moments.length, moved);
});

test("a pass at a time: by buttons, by arrow keys, and by who wants nothing to move", (t) => {
  const { made, passes, key } = player(t);
  made.forth.click();
  made.back.click();
  assert.deepEqual([passes, made.back.disabled], [[1, 0], true]);
  for (const name of ["ArrowRight", "ArrowRight", "ArrowRight", "Home", "End"]) key(name);
  assert.deepEqual(passes.slice(2), [1, 2, 2, 0, 2]);
  assert.equal(made.range.getAttribute("aria-valuetext"), "2 of 2: cut 2");
});

test("where motion is unwelcome it steps, and no point is ever between two passes", (t) => {
  const { made, moments, passes } = player(t, true);
  made.play.click();
  assert.equal(made.root.dataset.playing, "true");
  t.mock.timers.tick(1800);
  assert.deepEqual(passes, [1]);
  t.mock.timers.tick(1800);
  assert.deepEqual([passes, made.playback.isPlaying], [[1, 2], false]);
  assert.ok(moments.every((x) => x === null));
});

test("dragged, points are where the hand is; let go, at the nearest pass", (t) => {
  const { made, moments, passes } = player(t);
  made.range.value = "0.7";
  made.range.dispatchEvent(new Event("input"));
  assert.equal(moments.at(-1), 0.7);
  made.range.dispatchEvent(new Event("change"));
  assert.deepEqual([passes, made.range.value], [[1], "1"]);
});

test("with nothing to play there is nothing to press", (t) => {
  const { made } = player(t);
  made.draw(0, 0, "step 3");
  assert.equal(made.root.hidden, true);
});
