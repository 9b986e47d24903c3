// The clip picture on a page: drag, keyboard, dots that turn hollow, play, limits, and whoever prefers that nothing moves.

import assert from "node:assert/strict";
import { test } from "node:test";

import { frames } from "./frames.js";
import { page } from "./page.js";

const EPS = ["setting", "epsilon"];
const term = (name, tree) => ({ name, tree, level: 2, title: "", help: "", tex: "", source: "", given: [] });
const declared = (dual) => ({
  terms: [
    term("advantage", ["token", "advantage"]),
    term("ratio", ["token", "ratio"]),
    term("unclipped", ["*", ["term", "ratio"], ["term", "advantage"]]),
    term("clipped", [
      "*",
      ["clamp", ["term", "ratio"], ["-", 1, EPS], ["+", 1, ["setting", "clip_high"]]],
      ["term", "advantage"],
    ]),
    term("surrogate_value", ["min", ["term", "unclipped"], ["term", "clipped"]]),
  ],
  regions: [
    region(1, ["+", 1, ["setting", "clip_high"]], null, "positive"),
    region(-1, null, ["-", 1, EPS], "negative"),
    ...(dual ? [region(1, dual, null, "negative")] : []),
  ],
  settings: { epsilon: 0.2, clip_high: 0.2 },
});
function region(side, from, to, advantage) {
  const says = `${side > 0 ? "high" : "low"} of {bound}`;
  return {
    side,
    ratio_from: from,
    ratio_to: to,
    advantage,
    cuts: true,
    says,
    values: { bound: from ?? to },
    symbol: "b",
  };
}

const words = Object.fromEntries(
  "play pause scrub axis cut_here drag legend alt_good alt_bad objective dual none cases counts tokens with_these outside"
    .split(" ")
    .map((x) => [x, x]),
);
Object.assign(words, {
  good: "good {count}",
  bad: "bad {count}",
  made_up: "made up {ratio} {advantage}.",
  real: "“{token}” {position} of {response}: {ratio} {advantage}.",
  dragged: "“{token}” dragged {ratio} from {own}.",
  fate_cut: "cut, {says}",
  low: "low {value}",
  high: "high {value}",
});
for (const where of ["inside", "outside"])
  for (const way of ["up", "down"]) words[`fate_${where}_${way}`] = `${where} ${way} {gradient}`;

const sent = (changes = {}) => ({
  declared: { none: declared() },
  dual: "none",
  objective: "surrogate_value",
  gradient: "unclipped",
  moments: [
    { ratio: [1, 1, 1, 1], side: [0, 0, 0, 0], says: "at the start" },
    { ratio: [1.5, 1.1, 0.6, 1.4], side: [1, 0, -1, 0], says: "after one" },
    { ratio: [1.6, 1.2, 0.5, 1.5], side: [], says: "after the last" },
  ],
  start: 0,
  advantage: [1, 0.5, -2, -1],
  tokens: ["a", "b", "<i>c</i>", "d"],
  position: [0, 1, 0, 1],
  response: [0, 0, 1, 1],
  responses: ["ab", "cd"],
  held: [0, 2],
  reach: 2,
  limits: null,
  strip: null,
  words,
  ...changes,
});

async function drawn(t, changes = {}, isStill = false) {
  const window = page(t);
  globalThis.HTMLInputElement = window.HTMLInputElement;
  globalThis.matchMedia = () => ({ matches: isStill });
  const { pass } = frames();
  const { default: ClipPicture } = await import("#frontend/lesson_clip.js");
  const root = document.createElement("div");
  document.body.append(root);
  const events = [];
  const picture = new ClipPicture({ root, send: (...event) => events.push(event) });
  picture.draw(sent(changes), { dark: false });
  t.after(() => picture.close());
  const find = (selector) => root.querySelector(selector);
  const all = (selector) => [...root.querySelectorAll(selector)];
  const [good, bad] = all(".handle");
  const key = (node, name) =>
    node.dispatchEvent(new window.KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true }));
  const fate = () => find(".said").textContent;
  const hollow = () => all(".hollow").length;
  return { root, find, all, good, bad, key, fate, hollow, pass, events, picture, window };
}

test("a token that is held is named, by its text as text, and its fate follows its ratio", async (t) => {
  const { good, bad, key, fate, find, events, root } = await drawn(t);
  assert.equal(fate(), "“a” 1 of ab: 1.00 +1.00. inside up +1.00");
  for (let i = 0; i < 3; i++) key(good, "PageUp");
  assert.equal(fate(), "“a” dragged 1.30 from 1.00. cut, high of 1.2");
  assert.equal(find(".formula").textContent, "objective min(1.30, 1.20) = 1.20");
  assert.equal(find(".panel[data-sign=positive]").dataset.cut, "true");
  assert.equal(find(".push").getAttribute("d"), "", "no gradient, no arrow");
  key(good, "ArrowLeft");
  assert.equal(good.getAttribute("aria-valuenow"), "1.29");
  key(bad, "End");
  assert.equal(fate(), "“<i>c</i>” dragged 2.00 from 1.00. outside down −4.00");
  assert.equal(root.querySelector("i"), null);
  key(bad, "Home");
  assert.equal(fate(), "“<i>c</i>” dragged 0.00 from 1.00. cut, low of 0.8");
  assert.equal(bad.getAttribute("aria-valuetext"), "ρ = 0.00");
  assert.deepEqual(events, [], "Python is asked for nothing");
});

test("the pointer drags it, and takes a token whose dot it presses", async (t) => {
  const { find, good, fate, window, all } = await drawn(t, { start: 1 });
  const drawing = find(".panel[data-sign=positive] svg");
  drawing.getBoundingClientRect = () => ({ left: 0, top: 0, width: 400, height: 236 });
  const pointer = (type, x, y, target = drawing) =>
    target.dispatchEvent(
      Object.assign(new window.Event(type, { bubbles: true, cancelable: true }), {
        clientX: x,
        clientY: y,
        pointerId: 1,
      }),
    );
  const middle = 34 + (400 - 42) / 2; // ratio 1 of 2
  pointer("pointerdown", middle + 358 / 4, 230);
  assert.equal(good.getAttribute("aria-valuenow"), "1.50");
  pointer("pointermove", middle, 0);
  assert.equal(good.getAttribute("aria-valuenow"), "1.00");
  pointer("pointerup", middle, 0);
  pointer("pointermove", 10, 0);
  assert.equal(good.getAttribute("aria-valuenow"), "1.00", "let go");
  const [x, y] = all(".panel[data-sign=positive] .points circle")[1]
    .getAttribute("transform")
    .match(/[\d.]+/g)
    .map(Number);
  pointer("pointerdown", x + 2, y - 2);
  assert.equal(fate(), "“b” 2 of ab: 1.10 +0.50. inside up +0.55");
});

test("play lets the passes go by; hollow is who lost a gradient, and after the last nobody does", async (t) => {
  const { find, hollow, pass, fate } = await drawn(t);
  const at = () => Number(find(".clip-picture").dataset.at);
  assert.equal(hollow(), 0);
  find("[data-testid=clip-play]").click();
  assert.equal(find("[data-testid=clip-play]").getAttribute("aria-label"), "pause");
  pass(1.2);
  assert.ok(at() > 0.3 && at() < 0.9, `${at()}`);
  assert.equal(find(".says").textContent, "at the start");
  pass(1.3);
  assert.equal(find(".says").textContent, "after one");
  pass(3);
  assert.equal(at(), 2);
  assert.equal(hollow(), 0);
  assert.equal(find(".says").textContent, "after the last");
  assert.equal(find("[data-testid=clip-play]").getAttribute("aria-label"), "play");
  assert.match(fate(), /^“a” 1 of ab: 1.60/, "the held token moved along");
  const scrub = find("[data-testid=clip-scrub]");
  scrub.value = "1";
  scrub.oninput();
  assert.equal(hollow(), 2);
});

test("the keyboard goes from pass to pass", async (t) => {
  const { find, key, hollow } = await drawn(t);
  const scrub = find("[data-testid=clip-scrub]");
  key(scrub, "ArrowRight");
  assert.equal(find(".says").textContent, "after one");
  assert.equal(scrub.getAttribute("aria-valuetext"), "after one");
  assert.equal(hollow(), 2);
  key(scrub, "ArrowRight");
  key(scrub, "ArrowRight");
  assert.equal(find(".clip-picture").dataset.at, "2.00");
  key(scrub, "ArrowLeft");
  assert.equal(find(".clip-picture").dataset.at, "1.00");
  key(scrub, " ");
  assert.equal(find(".clip-picture").dataset.playing, "true");
});

test("who prefers that nothing moves gets whole passes", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { find } = await drawn(t, {}, true);
  find("[data-testid=clip-play]").click();
  assert.equal(find(".clip-picture").dataset.at, "0.00");
  t.mock.timers.tick(3000);
  assert.equal(find(".clip-picture").dataset.at, "1.00");
  t.mock.timers.tick(3000);
  assert.equal(find(".clip-picture").dataset.at, "2.00");
  assert.equal(find(".clip-picture").dataset.playing, "false");
});

test("other limits cut others: dots, counts beside the run's own, a dual clip; a case is one press away", async (t) => {
  const cases = [
    { name: "above", token: 0, sign: 1 },
    { name: "below", token: null, sign: 1 },
  ];
  const limits = { low: [0.02, 0.6], high: [0.02, 1], trained: [1, 1, 0, 1], trained_title: "trained", cases };
  const moments = [sent().moments[1]];
  const both = { none: declared(), 1.2: declared(1.2) };
  const { all, find, hollow, fate, events } = await drawn(t, { limits, moments, declared: both });
  const rows = () => all(".counts tbody tr").map((x) => [...x.children].map((y) => y.textContent));
  assert.deepEqual(rows(), [
    ["high of 1.2", "1", "1"],
    ["low of 0.8", "1", "1"],
    ["outside", "1", "1"],
  ]);
  assert.equal(hollow(), 2);
  const high = find("[data-testid=clip-high]");
  high.value = "0.06";
  high.oninput();
  assert.deepEqual(rows()[0], ["high of 1.06", "2", "1"]);
  assert.equal(hollow(), 3);
  const dual = find("[data-testid=clip-dual]");
  dual.value = "1.2";
  dual.onchange();
  assert.deepEqual(rows().slice(2), [
    ["high of 1.2", "1", "0"],
    ["outside", "0", "1"],
  ]);
  const [above, below] = all(".cases button");
  assert.equal(below.disabled, true);
  above.click();
  assert.match(fate(), /^“a” 1 of ab: 1.50 \+1.00. cut/);
  assert.ok(find(".player").closest("[hidden]"), "one moment: nothing to play");
  assert.deepEqual(events, []);
});

test("drawing the same again keeps what was dragged", async (t) => {
  const { picture, good, key } = await drawn(t);
  key(good, "End");
  picture.draw(sent(), { dark: true });
  assert.equal(good.getAttribute("aria-valuenow"), "2.00");
});

test("of very many tokens within the range some are drawn, of those outside all", async (t) => {
  const ratio = [...Array(2000).keys()].map((i) => (i % 500 === 7 ? 1.6 : 1.01));
  const data = {
    moments: [{ ratio, side: ratio.map(() => 0), says: "" }],
    advantage: ratio.map(() => 1),
    held: [null, null],
  };
  for (const [name, x] of [
    ["tokens", "x"],
    ["position", 0],
    ["response", 0],
  ])
    data[name] = ratio.map(() => x);
  const { all, fate } = await drawn(t, data);
  const drawnDots = all(".points circle").length;
  assert.ok(drawnDots > 200 && drawnDots < 300, `${drawnDots}`);
  assert.equal(all(".points .hollow").length, 0); // recorded: nobody was cut
  assert.equal(fate(), "made up 1.00 +1.00. inside up +1.00");
});

test("limits that nobody moved are the run's own, also between a slider's steps; another step's cases are its own", async (t) => {
  const settings = { epsilon: 0.05, clip_high: 1.25 };
  const of = (token) => ({
    declared: { none: { ...declared(), settings } },
    moments: [{ ratio: [1.055, 1, 0.945, 1], side: [], says: "" }],
    limits: {
      low: [0.02, 0.6],
      high: [0.02, 1],
      trained: [0, 1, 0, 0],
      trained_title: "trained",
      cases: [{ name: "case", token, sign: 1 }],
    },
  });
  const { all, find, picture, window } = await drawn(t, of(null));
  const counts = () => all(".counts tbody tr").map((x) => x.children[1].textContent);
  assert.deepEqual(
    all(".settings label span").map((x) => x.textContent),
    ["low 0.05", "high 1.25", "dual"],
  );
  assert.equal(counts()[1], "1"); // 0.945 < 1 − 0.05: as it was trained
  assert.equal(find(".cases button").disabled, true);
  picture.draw(sent(of(0)), { dark: false });
  assert.equal(find(".cases button").disabled, false);
  const low = find("[data-testid=clip-low]");
  low.value = "0.1";
  low.dispatchEvent(new window.Event("input"));
  assert.equal(counts()[1], "0");
  picture.draw(sent(of(null)), { dark: false });
  assert.equal(find(".settings label span").textContent, "low 0.10", "what was set stays");
});
