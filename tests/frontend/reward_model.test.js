// A reward model in the making: the recorded pairs as rewards that part, and the curves of a run that goes on.

import assert from "node:assert/strict";
import { test } from "node:test";

import { page } from "./page.js";

const named = (names) => Object.fromEntries(names.split(" ").map((x) => [x, x]));
const margins = {
  pairs: [
    {
      prompt: "m",
      chosen: "<b>good",
      rejected: "bad",
      chosen_rewards: [0, 1, 2],
      rejected_rewards: [0, 0, -2],
      sure: [0.5, 0.73, 0.98],
    },
    {
      prompt: "m",
      chosen: "x",
      rejected: "y",
      chosen_rewards: [0, -1, -1],
      rejected_rewards: [0, 1, 1],
      sure: [0.5, 0.12, 0.12],
    },
  ],
  means: [
    [0, 0, 0.5],
    [0, 0.5, -0.5],
  ],
  loss: [0.7, 0.6, 0.512],
  says: ["before", "one", "two"],
  alt: "alt",
  words: named("title play pause scrub playing chosen rejected loss pair sure"),
};

async function drawn(t, module, sent) {
  const window = page(t);
  globalThis.matchMedia = () => ({ matches: false });
  globalThis.IntersectionObserver = undefined;
  const { default: Module } = await import(`#frontend/lesson_${module}.js`);
  const root = document.createElement("div");
  document.body.append(root);
  const made = new Module({ root, send: () => assert.fail("nobody is to be told") });
  made.draw(sent);
  t.after(() => made.close?.());
  const all = (selector) => [...root.querySelectorAll(selector)];
  const key = (name) =>
    root
      .querySelector("input[type=range]")
      .dispatchEvent(new window.KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true }));
  return { root, all, key, made };
}

test("the pairs stand as after the last update, and go back to where all rewards are 0", async (t) => {
  const { all, key, root } = await drawn(t, "margins", margins);
  const texts = (selector) => all(selector).map((x) => x.textContent);
  assert.equal(all(".picture")[0].dataset.at, "2");
  assert.deepEqual(texts(".keys dd"), ["+0.50", "−0.50", "0.512"]);
  assert.deepEqual(texts(".line:not(.heads) .sure"), ["0.98", "0.12"]);
  assert.deepEqual(texts(".replies .chosen"), ["✓ <b>good", "✓ x"]);
  assert.equal(root.querySelector("b"), null);
  const gaps = () => all(".gap").map((x) => x.getAttribute("data-right"));
  assert.deepEqual(gaps(), ["true", "false"], "the second pair is ordered against its label");
  key("Home");
  assert.equal(all(".says")[0].textContent, "before");
  assert.deepEqual(texts(".line:not(.heads) .sure"), ["0.50", "0.50"]);
  const ends = all(".gap").map((x) => x.getAttribute("x1") === x.getAttribute("x2"));
  assert.deepEqual(ends, [true, true]);
});

const chart = (more) => ({
  title: "loss",
  alt: "what is to be seen",
  x: "updates",
  from: [0, 0],
  to: [10, 1],
  guide: [0.5, "chance"],
  lines: [{ name: "held-out", colour: "blue", dash: [], points: [] }],
  dots: null,
  digits: 2,
  ...more,
});

test("a run's curves begin empty, read none, and grow", async (t) => {
  const { all, made } = await drawn(t, "training", { charts: [chart()], words: { none: "none" } });
  assert.equal(all("dd")[0].textContent, "none");
  assert.equal(all(".trail")[1].getAttribute("d"), "");
  const points = [
    [0, 0.5],
    [5, 0.75],
  ];
  const lines = [{ name: "held-out", colour: "blue", dash: [], points }];
  const dots = [
    [0.55, 0.5, 4],
    [0.9, 1, 9],
  ];
  made.draw({ charts: [chart({ lines }), chart({ lines: [], dots, guide: null })], words: { none: "none" } });
  assert.equal(all("dd")[0].textContent, "0.75");
  assert.match(all(".trail")[1].getAttribute("d"), /^M[\d.]+ [\d.]+L[\d.]+ [\d.]+$/);
  assert.deepEqual(
    all(".panel").map((x) => x.dataset.points),
    ["2", "2"],
  );
  const circles = all(".panel")[1].querySelectorAll("circle");
  assert.ok(Number(circles[1].getAttribute("cx")) > Number(circles[0].getAttribute("cx")));
  assert.ok(
    Number(circles[1].getAttribute("cy")) < Number(circles[0].getAttribute("cy")),
    "more often right is higher",
  );
  assert.equal(all("svg[role=img]")[0].getAttribute("aria-label"), "what is to be seen");
});
