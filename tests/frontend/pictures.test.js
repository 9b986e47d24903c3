// The pictures that lessons open with, on a page: they stand complete, play from the start, go where the slider or a click
// goes, and ask nobody for anything. What they say are the numbers that they were handed.

import assert from "node:assert/strict";
import { test } from "node:test";

import { frames } from "./frames.js";
import { page } from "./page.js";

const named = (names) => Object.fromEntries(names.split(" ").map((x) => [x, x]));
const player = named("play pause scrub title playing");

const fall = {
  tokens: ["1", "<b>", "3", "<eos>"],
  true: [0.8, 0.9, 0.1, 0],
  low: [0.7, 0.8, 0, 0],
  high: [0.9, 1, 0.2, 0.1],
  critic: [0.7, 0.8, 0.9, 1],
  mean: 0.5,
  reward: 0,
  slip: 1,
  alt: "alt",
  words: {
    ...player,
    ...named("true critic mean"),
    start: "{true_after} {low} {high} {critic_after}",
    token: "{token} {n}/{all} {true_before}>{true_after} ({low},{high}) {critic_before}>{critic_after}",
    end: "{token} {n}/{all} {true_before} {critic_before} = {reward}",
  },
};

const racer = (name, mean) => ({ name, colour: "blue", dash: [2, 4], mean, spread: mean.map(() => 0.05) });
const race = {
  racers: [racer("a", [0.1, 0.2, 0.4]), racer("b", [0.1, 0.3, 0.3])],
  says: ["start", "one", "two", "three"],
  spoken: ["start", "a, b: one", "a, b: two", "a, b: three"],
  alt: "alt",
  words: { ...player, ...named("steps none") },
};

const reply = (state, text = state) => ({ state, text });
const answers = {
  questions: ["1+1", "2+2", "3+3"],
  truths: ["2", "4", "6"],
  sides: [
    { name: "start", colour: null, replies: [reply("wrong", "<b>3"), reply("right"), reply("cut")] },
    { name: "PPO", colour: "blue", replies: [reply("right", "2"), reply("wrong"), reply("unread")] },
  ],
  alt: "alt",
  words: {
    ...player,
    ...named("right wrong cut unread start signs signs_after"),
    count: "{right} of {asked}",
    question: "Q{n}",
    truth: "is {answer}.",
    answered: "{name}: {text} {verdict}.",
    before: "{asked}/{all} {right} {cut}.",
    after: "{name} {right}/{asked} +{fixed} -{broken}.",
  },
};

async function drawn(t, module, sent, { isStill = false } = {}) {
  const window = page(t);
  globalThis.matchMedia = () => ({ matches: isStill });
  globalThis.IntersectionObserver = undefined;
  const { pass } = frames();
  const { default: Picture } = await import(`#frontend/lesson_${module}.js`);
  const root = document.createElement("div");
  document.body.append(root);
  const picture = new Picture({ root, send: () => assert.fail("nobody is to be told") });
  picture.draw(sent);
  t.after(() => picture.close());
  const find = (selector) => root.querySelector(selector);
  const all = (selector) => [...root.querySelectorAll(selector)];
  const key = (name) =>
    find("input[type=range]").dispatchEvent(
      new window.KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true }),
    );
  const says = () => find(".says").textContent;
  const at = () => Number(find(".picture").dataset.at);
  return { root, find, all, key, pass, says, at, picture };
}

test("a growing line ends between two points, and a band closes", async () => {
  const { between, path, upTo } = await import("#frontend/curve.js");
  const points = [
    [0, 0],
    [10, 20],
    [20, 0],
  ];
  assert.deepEqual(upTo(points, 1.5), [
    [0, 0],
    [10, 20],
    [15, 10],
  ]);
  assert.deepEqual(upTo(points, 9), points);
  assert.deepEqual(upTo(points, -1), []);
  assert.equal(path(upTo(points, 0.5)), "M0.0 0.0L5.0 10.0");
  assert.equal(between(points.slice(0, 1), [[0, 5]]), "M0.0 0.0L0.0 5.0Z");
  assert.equal(path([]) + between([], []), "");
});

test("it stands complete, plays from the start, and pauses at a whole place", async (t) => {
  const { find, pass, says, at } = await drawn(t, "fall", fall);
  const play = find("[data-testid=fall-play]");
  assert.equal(at(), 4);
  assert.equal(find(".figure").getAttribute("aria-label"), "alt");
  pass(1);
  assert.equal(at(), 4, "nothing moves by itself");
  play.click();
  assert.equal(at(), 0);
  pass(4);
  assert.equal(says(), "playing", "who listens is not told of each");
  assert.ok(at() > 0 && at() < 4);
  play.click();
  assert.equal(find("input").value, String(Math.round(Number(find("input").value))));
  play.click();
  pass(9);
  assert.equal(at(), 4);
  assert.equal(find(".picture").dataset.playing, "false");
});

test("who prefers that nothing moves gets it in steps", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { find, at, pass } = await drawn(t, "fall", fall, { isStill: true });
  find("[data-testid=fall-play]").click();
  pass(5);
  assert.equal(at(), 0);
  t.mock.timers.tick(2700);
  assert.equal(at(), 1);
});

test("the fall: each token's numbers, before and after it, and tokens are text", async (t) => {
  const { root, all, key, says, at, find } = await drawn(t, "fall", fall);
  assert.equal(says(), "eos 4/4 0.00 1.00 = 0");
  key("ArrowLeft");
  key("ArrowLeft");
  assert.equal(says(), "<b> 2/4 0.90>0.10 (0.00,0.20) 0.80>0.90");
  assert.deepEqual(
    all(".keys dd").map((x) => x.textContent),
    ["0.10", "0.90", "0.50"],
  );
  assert.equal(root.querySelector("b"), null);
  assert.equal(all(".chip.there").length, 2);
  assert.equal(all(".chip.slip").length, 1, "the token that ruined it, once it is written");
  key("ArrowLeft");
  assert.equal(all(".chip.slip").length, 0);
  assert.equal(find(".figure .trail.true").getAttribute("d").split("L").length, 2);
  all(".chip")[2].dispatchEvent(new Event("click", { bubbles: true }));
  assert.equal(at(), 3);
});

test("the race: lines as far as the steps have gone by, and its words are those of the step", async (t) => {
  const { all, key, says, find } = await drawn(t, "race", race);
  assert.equal(says(), "three");
  key("ArrowLeft");
  assert.equal(says(), "two");
  assert.equal(find("input").getAttribute("aria-valuetext"), "a, b: two");
  assert.deepEqual(
    all(".keys dd").map((x) => x.textContent),
    ["0.20 ± 0.05", "0.30 ± 0.05"],
  );
  const points = all("g .trail").map((x) => x.getAttribute("d").split("L").length);
  assert.deepEqual(points, [2, 2]);
  key("ArrowLeft");
  key("ArrowLeft");
  assert.deepEqual(
    all(".keys dd").map((x) => x.textContent),
    ["none", "none"],
  );
  assert.deepEqual(
    all("g .trail").map((x) => x.getAttribute("d")),
    ["", ""],
  );
});

test("the squares: pale until asked again, then they turn, and what turned is framed and counted", async (t) => {
  const { all, key, says, find, at } = await drawn(t, "answers", answers);
  const state = () => all(".square").map((x) => x.dataset.state);
  const has = (name) => all(".square").map((x) => Number(x.classList.contains(name)));
  assert.deepEqual(state(), ["wrong", "right", "cut", "right", "wrong", "unread"]);
  assert.deepEqual(has("turned"), [0, 0, 0, 1, 1, 0]);
  assert.equal(says(), "PPO 1/3 +1 -1.");
  key("ArrowLeft");
  key("ArrowLeft");
  assert.equal(at(), 4);
  assert.deepEqual(state(), ["wrong", "right", "cut", "right", "right", "cut"]);
  assert.deepEqual(has("pale"), [0, 0, 0, 0, 1, 1]);
  assert.deepEqual(has("turned"), [0, 0, 0, 1, 0, 0]);
  assert.equal(
    find("input").getAttribute("aria-valuetext"),
    "Q1 1+1 is 2. start: <b>3 wrong. PPO: 2 right. PPO 1/1 +1 -0.",
  );
  assert.equal(find(".asked b b"), null);
  all(".square")[1].dispatchEvent(new Event("click", { bubbles: true }));
  assert.equal(at(), 2);
  assert.equal(says(), "2/3 1 0.");
  assert.deepEqual(state(), ["wrong", "right", "open", "wrong", "right", "open"]);
  assert.deepEqual(
    all(".count").map((x) => x.textContent),
    ["1 of 2", "0 of 0"],
  );
});

test("before the outcome may be seen there is the start model alone", async (t) => {
  const { all, says, at } = await drawn(t, "answers", { ...answers, sides: answers.sides.slice(0, 1) });
  assert.equal(at(), 3);
  assert.equal(all(".square").length, 3);
  assert.equal(says(), "3/3 1 1.");
});

const judged = (text, spot, answer, same, reward) => ({ text, spot, finished: true, answer, same, reward, why: "why" });
const verdicts = {
  rows: [judged("is 12", [3, 5], "12", true, 1), judged("<b>", [0, 0], null, false, 0)],
  truth: "12",
  says: ["start", "a", "b", "c", "d", "e", "f", "g", "h"],
  alt: "alt",
  words: { ...player, ...named("none cut response extraction comparison verdict") },
};

test("a response goes from station to station, and nothing of the next one is to be seen before", async (t) => {
  const { find, all, key, says, at } = await drawn(t, "verdicts", verdicts);
  assert.equal(at(), 8);
  const rows = () => all(".line[data-n]");
  const gone = () => rows().map((x) => x.dataset.gone);
  assert.deepEqual(gone(), ["4", "4"], "it stands complete");
  assert.deepEqual(
    all(".letter.spot").map((x) => x.textContent),
    ["1", "2"],
  );
  assert.equal(find("b").textContent, "✓ 1");
  assert.equal(rows()[1].querySelector(".response").textContent, "<b>", "text stays text");
  assert.equal(rows()[1].querySelector(".extraction").textContent, "none");
  key("Home");
  assert.deepEqual(gone(), ["0", "0"]);
  assert.equal(all(".letter.there").length, 0);
  key("ArrowRight");
  assert.equal(all(".letter.there").length, 5, "all of the first response is written");
  for (let n = 0; n < 4; n++) key("ArrowRight");
  assert.deepEqual(gone(), ["4", "1"]);
  assert.equal(says(), "e");
  rows()[0].click();
  assert.equal(at(), 4);
});
