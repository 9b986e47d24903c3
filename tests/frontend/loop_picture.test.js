// The picture of the loop on a page: it plays, goes on where more rounds come, and shows what was asked for as it comes.

import assert from "node:assert/strict";
import { test } from "node:test";

import { frames } from "./frames.js";
import { page } from "./page.js";

const KEYS = ["prompts", "model", "responses", "reward", "tuples", "update"];
const WORDS = new Proxy(
  { place: "round {n} of {all}, step {step}", more: "{n} more" },
  {
    get: (own, name) => own[name] ?? String(name),
    ownKeys: () => [],
  },
);

const written = (text, success, before, after, count) => ({
  ...{
    text,
    success,
    before,
    after,
    count,
    tokens: [...text, "<eos>"],
    reward: success ? 1 : 0,
    first: success ? 3 : 0,
  },
  chances: [...text, "<eos>"].map(() => 0.5),
});

const round = (step) => ({
  ...{ step, prompt: `${step}+1=`, others: ["2+2="], answer: String(step + 1), count: 4, right: 3 },
  written: [written("12", true, 0.25, 0.5, 3), written("99", false, 0.5, 0.25, 1)],
  together: { right: [0.25, 0.5], wrong: [0.5, 0.25] },
});

/** Of the run `run`, whose rounds are of these steps. */
const sent = (run, steps, changes = {}) => ({
  ...{ run, own: run !== "recorded", awaited: "", waiting: "", steps: 10, responses: 8, prompts: 2, rows: 4 },
  boxes: KEYS.map((key) => ({
    key,
    kind: { model: "trained", reward: "frozen" }[key] ?? "data",
    title: key,
    sub: key === "model" ? "{updates} updates" : key,
  })),
  rounds: steps.map(round),
  success: [0, 1, 2, 3, 4, 5].map((x) => x / 10),
  colour: "orange",
  words: WORDS,
  ...changes,
});

async function drawn(t, first, { isStill = false } = {}) {
  const window = page(t);
  globalThis.HTMLInputElement = window.HTMLInputElement;
  globalThis.matchMedia = () => ({ matches: isStill });
  globalThis.IntersectionObserver = undefined;
  const clock = frames();
  const { default: LoopPicture } = await import("#frontend/lesson_loop.js");
  const root = document.createElement("div");
  document.body.append(root);
  const picture = new LoopPicture({ root, send: () => assert.fail("nobody is asked") });
  const draw = (of) => picture.draw(of, { dark: false });
  draw(first);
  t.after(() => picture.close());
  const find = (selector) => root.querySelector(selector);
  const state = () => {
    const { round: at, rounds, station, playing, own } = find(".loop").dataset;
    return { at, rounds, station, playing, own };
  };
  return { root, find, state, clock, draw };
}

const isSeen = (node) => node.style.visibility !== "hidden";

test("at rest the first round stands complete, with a row a response in each box, and the lock on what is frozen", async (t) => {
  const { state, find, root, clock } = await drawn(t, sent("recorded", [0, 1, 3]));
  assert.deepEqual(state(), { at: "0", rounds: "3", station: "update", playing: "false", own: "false" });
  assert.equal(clock.waiting, 0);
  for (const box of ["responses", "reward", "tuples", "update"]) {
    const rows = [...root.querySelectorAll(`[data-box=${box}] :is(.lane, .row)`)];
    assert.deepEqual([rows.length, rows.every(isSeen)], [2, true], box);
  }
  assert.match(find("[data-box=tuples]").textContent, /o₄\(0\+1=, 12, 1\)× 3o₁\(0\+1=, 99, 0\)× 1/);
  assert.match(find("[data-box=update]").textContent, /0\.250 → 0\.500/);
  assert.match(find("[data-box=prompts]").textContent, /0\+1=2\+2=/);
  assert.ok(find("[data-box=reward] .lock"));
  assert.equal(find("[data-box=update]").getAttribute("aria-current"), "step");
  assert.equal(root.querySelectorAll(".fold li").length, KEYS.length + 2);
});

test("it plays from the beginning through all rounds: what is to come is not seen, and the model is updated in each", async (t) => {
  const { state, find, root, clock } = await drawn(t, sent("recorded", [0, 1, 3]));
  find("[data-testid=loop-play]").click();
  clock.pass(0.2);
  assert.deepEqual([state().station, state().playing], ["prompts", "true"]);
  assert.ok([...root.querySelectorAll("[data-box=responses] .tk")].every((x) => !isSeen(x)));
  assert.ok([...root.querySelectorAll("[data-box=update] .row")].every((x) => !isSeen(x)));
  const updates = new Set();
  for (let i = 0; i < 80; i++) {
    clock.pass(0.5);
    updates.add(find("[data-box=model] .sub").textContent);
  }
  assert.deepEqual([...updates], ["0 updates", "1 updates", "3 updates"]);
  assert.deepEqual([state().at, state().playing, clock.waiting], ["2", "false", 0]);
});

test("a run that is waited for takes the recorded one's place when it has a round, and plays by itself", async (t) => {
  const { state, find, clock, draw } = await drawn(t, sent("recorded", [0, 1]));
  draw(sent("recorded", [0, 1], { awaited: "mine", waiting: "it begins" }));
  assert.equal(find(".says").textContent, "it begins");
  assert.equal(state().own, "false");
  draw(sent("mine", [0], { steps: 1, success: [0.25] }));
  clock.pass(0.2);
  assert.deepEqual(state(), { at: "0", rounds: "1", station: "prompts", playing: "true", own: "true" });
  clock.pass(20);
  assert.deepEqual([state().station, state().playing], ["update", "false"]);
  assert.match(find("[role=img] .all").getAttribute("d"), /^M/);
});

test("rounds that come are played on by who had seen all there were, and are left alone by who is elsewhere", async (t) => {
  const { state, find, clock, draw } = await drawn(t, sent("mine", [0]));
  draw(sent("mine", [0, 1, 3]));
  assert.deepEqual([state().rounds, state().playing], ["3", "true"]);
  clock.pass(1);
  assert.equal(state().at, "1");
  find("[data-testid=loop-play]").click();
  draw(sent("mine", [0, 1, 3, 5]));
  assert.deepEqual([state().at, state().rounds, state().playing], ["1", "4", "false"]);
});

test("a run that was there already, as after a reload, plays only when somebody presses", async (t) => {
  const { state, find, clock, draw } = await drawn(t, sent("recorded", [0]));
  draw(sent("mine", [0, 1, 3]));
  assert.deepEqual([state().at, state().playing, clock.waiting], ["0", "false", 0]);
  find("[data-box=reward]").click();
  assert.equal(state().station, "reward");
});

test("who prefers less motion gets a station at a time, and nothing flies", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { state, root, clock, draw } = await drawn(t, sent("recorded", [0]), { isStill: true });
  draw(sent("recorded", [0], { awaited: "mine", waiting: "it begins" }));
  draw(sent("mine", [0]));
  assert.equal(clock.waiting, 0);
  t.mock.timers.tick(2600);
  assert.equal(state().station, "prompts");
  t.mock.timers.tick(2600);
  assert.equal(state().station, "model");
  assert.equal(root.querySelectorAll(".flying").length, 0);
});

test("the way back from the update to the model is there where all is narrow, too", async () => {
  const { way } = await import("#frontend/pipeline/arrows.js");
  const { EDGES } = await import("#frontend/loop/rounds.js");
  const back = EDGES.find((x) => x.from === "update");
  assert.equal(back.to, "model");
  const [low, high] = [
    { left: 0, right: 340, top: 600, bottom: 700 },
    { left: 150, right: 340, top: 0, bottom: 100 },
  ];
  const points = way(back, low, high, { narrow: true, width: 360 });
  assert.deepEqual(
    [points[0], points.at(-1)],
    [
      { x: 341, y: 650 },
      { x: 345, y: 50 },
    ],
  );
  assert.ok(
    points.every((x) => x.x > 340),
    "around the boxes, not through them",
  );
});
