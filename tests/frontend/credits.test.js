// One response under two credits: how it is laid out, and that it plays, pauses, and stands still where motion is unwanted.

import assert from "node:assert/strict";
import { test } from "node:test";

import { page } from "./page.js";

const words = {
  ...{
    play: "Play",
    pause: "Pause",
    again: "Again",
    scrub: "Token",
    says: "{token} {n}/{all}",
    value: "{name} {value}",
  },
  ...{ slip: "slip", comma: ", ", colon: ": ", none: "none" },
};
const tokens = [..."1+2=5", "<eos>"];
const sent = {
  tokens,
  rows: [
    { name: "PPO", colour: "blue", values: [-1, 0.5, -0.2, -0.1, -2, 0.1], says: "each" },
    { name: "GRPO", colour: "orange", values: tokens.map(() => -0.5), says: "all" },
  ],
  ...{ slip: 4, alt: "what it shows", words },
};

async function drawn(t, { isStill = false } = {}) {
  page(t);
  globalThis.matchMedia = () => ({ matches: isStill });
  globalThis.IntersectionObserver = undefined;
  let [now, due] = [0, null];
  globalThis.requestAnimationFrame = (f) => {
    due = f;
    return 1;
  };
  globalThis.cancelAnimationFrame = () => {
    due = null;
  };
  t.mock.method(performance, "now", () => now);
  const { default: LessonCredits } = await import("#frontend/lesson_credits.js");
  const root = document.createElement("div");
  document.body.append(root);
  const credits = new LessonCredits({ root });
  credits.draw(sent, { dark: false });
  const pass = (seconds) => {
    for (let i = 0; i < 10 * seconds && due; i++) {
      now += 100;
      const f = due;
      due = null;
      f(now);
    }
  };
  const there = () => root.querySelectorAll(".tk.there").length;
  return { credits, root, pass, there, isRunning: () => due !== null };
}

test("lines are of about the same length, and none is wider than there is room", async () => {
  const { linesOf, columnOf } = await import("#frontend/lesson_credits.js");
  assert.deepEqual(linesOf(35, 900, 24), [
    [0, 18],
    [18, 35],
  ]);
  assert.deepEqual(linesOf(5, 900, 24), [[0, 5]]);
  assert.deepEqual(linesOf(3, 10, 24), [
    [0, 1],
    [1, 2],
    [2, 3],
  ]);
  assert.ok(columnOf(["1", "<eos>"]) < columnOf(["1", " twenty"]));
  assert.ok(columnOf(["x".repeat(500)]) <= 96);
  const digits = [...Array(34).fill("1"), "<eos>"];
  assert.equal(columnOf(digits, 1200), columnOf(digits), "there is room for all");
  const narrower = columnOf(digits, 832);
  assert.ok(narrower < columnOf(digits));
  assert.equal(linesOf(35, 832, narrower).length, 1, "one line, as its letters have room in it");
  assert.equal(columnOf(digits, 700), columnOf(digits), "two lines, rather than letters without room");
});

test("bars stand on one zero in all rows, and their height is the number", async () => {
  const { barsOf } = await import("#frontend/lesson_credits.js");
  const { zero, bar } = barsOf([-3, -1, 1]);
  assert.equal(zero, 0.25);
  assert.deepEqual(bar(1), { top: 0, height: 0.25 });
  assert.deepEqual(bar(-3), { top: 0.25, height: 0.75 });
  assert.equal(barsOf([-2, -1]).zero, 0);
  assert.deepEqual(barsOf([0]).bar(0), { top: 0, height: 0 });
});

test("it plays by itself, once, and can be paused, moved and played again", async (t) => {
  const { root, pass, there, isRunning } = await drawn(t);
  const button = root.querySelector(".play");
  assert.equal(there(), 0);
  assert.equal(button.getAttribute("aria-label"), "Pause");
  pass(1);
  assert.ok(there() > 0 && there() < 6);
  button.click();
  const before = there();
  pass(3);
  assert.equal(there(), before);
  assert.equal(button.getAttribute("aria-label"), "Play");
  button.click();
  pass(5);
  assert.equal(there(), 6);
  assert.equal(isRunning(), false);
  assert.equal(button.getAttribute("aria-label"), "Again");
  const scrub = root.querySelector("input");
  scrub.value = "5";
  scrub.oninput();
  assert.equal(there(), 5);
  assert.equal(scrub.getAttribute("aria-valuetext"), "5 5/6: PPO −2.00, GRPO −0.50, slip");
  scrub.value = "6";
  scrub.oninput();
  button.click();
  assert.equal(there(), 0);
});

test("the colour is PPO's own for each token, and one for GRPO", async (t) => {
  const { root } = await drawn(t);
  const cells = [...root.querySelectorAll(".bar-cell i")].map((x) => x.style.background);
  assert.equal(new Set(cells.slice(0, 6)).size, 6);
  assert.equal(new Set(cells.slice(6)).size, 1);
  assert.equal(root.querySelector(".figure").getAttribute("aria-label"), "what it shows");
  assert.equal(root.querySelectorAll(".tk.slip").length, 1);
});

test("where less motion is wanted all of it stands there at once", async (t) => {
  const { root, there, isRunning } = await drawn(t, { isStill: true });
  assert.equal(there(), 6);
  assert.equal(isRunning(), false);
  assert.equal(root.querySelector(".play").hidden, true);
});

test("drawing the same again leaves what plays alone", async (t) => {
  const { credits, pass, there } = await drawn(t);
  pass(1);
  const before = there();
  credits.draw(sent, { dark: false });
  assert.equal(there(), before);
  credits.draw(sent, { dark: true }); // another theme
  assert.equal(there(), before);
});
