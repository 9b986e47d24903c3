import assert from "node:assert/strict";
import { test } from "node:test";

import { below, look, says, stays } from "#frontend/chip.js";
import { labScale, labStrip } from "#frontend/lab_strip.js";
import LessonStrips, { lessonStrip } from "#frontend/lesson_strips.js";
import { TokenStrip } from "#frontend/strip.js";
import { responses } from "#frontend/tokens.js";
import { walk } from "#frontend/walk.js";
import { page } from "./page.js";

const words = {
  none: "none",
  later: "not yet",
  hole: "not the model's",
  token_says: "“{token}”, position {position}, {quantity} {value}",
  as_table: "table",
  hint: "hint",
};
const sentRow = (name, tokens, values, more = {}) => ({
  name,
  label: `label ${name}`,
  note: "",
  learner: null,
  group: "",
  tokens,
  values,
  marks: [],
  spot: [],
  hidden: [],
  holes: [],
  more: {},
  ...more,
});
const sent = (rows, more = {}) => ({
  rows,
  quantity: "advantage",
  kind: "signed",
  digits: 2,
  domain: null,
  pickable: true,
  picked: null,
  alt: "alt",
  marks: { high: "cut high" },
  words,
  ...more,
});

/** A lesson's strip on a page of its own. */
function mounted(t, data, dark = false) {
  page(t);
  const root = document.createElement("div");
  document.body.append(root);
  const events = [];
  const strips = new LessonStrips({ root, send: (...event) => events.push(event) });
  strips.draw(data, { dark });
  t.after(() => strips.close());
  const chips = [...root.querySelectorAll(".t")];
  const readout = () => root.querySelector(".readout").textContent;
  const press = (key) =>
    document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  return { root, strips, events, chips, readout, press };
}

test("what a token says: its number, what is missing, what marks it", () => {
  const row = sentRow("a", ["4", " ", "<eos>"], [0.1234, null, -1], {
    marks: ["high", null, null],
    hidden: [false, false, true],
  });
  const data = lessonStrip(sent([row]), false);
  const own = data.groups[0].rows[0];
  const said = [0, 1, 2].map((at) => says(data, own, at));
  assert.deepEqual(said, [
    "“4”, position 1, advantage +0.1234, cut high",
    "“␣”, position 2, advantage none",
    "“<eos>”, position 3, advantage not yet",
  ]);
  assert.deepEqual(
    [0, 1, 2].map((at) => below(data, own, at)),
    ["+0.12", "–", "·"],
  );
  assert.deepEqual(
    [0, 1, 2].map((at) => look(data, own, at).classes),
    ["t numbered high", "t numbered none", "t numbered later"],
  );
});

test("a token that the model did not write is hatched, has no number and colours nothing", () => {
  const plain = lessonStrip(sent([sentRow("a", ["x", "y"], [0.5, 0.5])]), false);
  const row = sentRow("a", ["x", "tool", "y"], [0.5, 99, 0.5], {
    holes: [false, true, false],
    marks: [null, "high", null],
  });
  const data = lessonStrip(sent([row]), false);
  const own = data.groups[0].rows[0];
  assert.equal(says(data, own, 1), "“tool”, position 2, not the model's");
  assert.equal(below(data, own, 1), "");
  const { classes, paint } = look(data, own, 1);
  assert.deepEqual([classes, paint], ["t numbered hole", null]);
  assert.deepEqual(data.scale.high, plain.scale.high);
  assert.deepEqual(
    data.legend.keys.map((x) => x.mark),
    ["high", "hole"],
  );
});

test("an end of sequence is never alone on a line", (t) => {
  assert.deepEqual(stays(["<eos>", "a", "<eos>", "</s>", "b"]), [false, false, true, true, false]);
  const { root, chips } = mounted(t, sent([sentRow("a", ["1", "2", "<eos>"], [0, 0, 0])]));
  assert.equal(chips[2].parentElement, chips[1].parentElement);
  assert.equal(chips[2].parentElement.className, "stay");
  assert.deepEqual(
    [...root.querySelectorAll(".glyph")].map((x) => x.textContent),
    ["1", "2", "eos"],
  );
});

test("what a model wrote stays text", (t) => {
  const hostile = "<img src=x onerror=alert(1)>";
  const { root, chips } = mounted(t, sent([sentRow("a", [hostile], [1], { label: hostile, note: hostile })]));
  assert.equal(root.querySelector("img"), null);
  assert.equal(chips[0].querySelector(".glyph").textContent, hostile.replaceAll(" ", "␣"));
});

test("arrow keys walk, one token is in the tab order, and the line reads it out", (t) => {
  const { chips, readout, press } = mounted(
    t,
    sent([sentRow("a", ["1", "2"], [1, -1], { more: { kl: [0.5, null] } }), sentRow("b", ["3"], [0])]),
  );
  const stop = () => chips.filter((x) => x.tabIndex === 0).map((x) => x.dataset.at);
  assert.deepEqual(stop(), ["a.0"]);
  assert.equal(readout(), "hint");
  chips[0].focus();
  assert.equal(readout(), "label a · “1”, position 1, advantage +1.0000 · kl 0.5000");
  press("ArrowRight");
  assert.deepEqual(stop(), ["a.1"]);
  assert.match(readout(), /“2”, position 2, advantage −1\.0000 · kl none/);
  press("ArrowDown");
  assert.deepEqual(stop(), ["b.0"]);
  press("ArrowRight");
  assert.deepEqual(stop(), ["b.0"]);
});

test("a click tells which token, unless nothing is to be chosen", (t) => {
  const { root, strips, events, chips } = mounted(t, sent([sentRow("a", ["1", "2"], [1, -1])]));
  chips[1].querySelector(".num").click();
  assert.deepEqual(events, [["picked", "a.1"]]);
  strips.draw(sent([sentRow("a", ["1", "2"], [1, -1])], { pickable: false }), { dark: false });
  root.querySelector(".t").click();
  assert.equal(events.length, 1);
});

test("other numbers for the same tokens keep the chips, and the keyboard on them", (t) => {
  const { root, strips, chips, readout } = mounted(t, sent([sentRow("a", ["1", "2"], [1, -1])]));
  chips[1].focus();
  strips.draw(sent([sentRow("a", ["1", "2"], [5, 7])], { picked: "a.0" }), { dark: true });
  assert.equal(root.querySelectorAll(".t")[1], chips[1]);
  assert.equal(document.activeElement, chips[1]);
  assert.match(readout(), /advantage \+7\.0000/);
  assert.equal(chips[0].getAttribute("aria-pressed"), "true");
  strips.draw(sent([sentRow("a", ["1", "3"], [5, 7])]), { dark: true });
  const now = root.querySelectorAll(".t")[1];
  assert.notEqual(now, chips[1]);
  assert.equal(document.activeElement, now);
});

test("rows under one heading are one group, and the table has all of them", (t) => {
  const rows = ["a", "b", "c"].map((name, i) =>
    sentRow(name, ["1"], [i], { group: i < 2 ? "One" : "Two", learner: "third" }),
  );
  const { root } = mounted(t, sent(rows));
  assert.deepEqual(
    [...root.querySelectorAll(".learner")].map((x) => x.querySelectorAll(".strip").length),
    [2, 1],
  );
  assert.deepEqual(
    [...root.querySelectorAll("h3")].map((x) => x.textContent),
    ["One", "Two"],
  );
  assert.equal(root.querySelectorAll("tbody tr").length, 3);
  assert.equal(root.querySelector("tbody th").textContent, "One, label a");
  assert.equal(root.querySelector("tbody td").textContent, "1 0.00");
});

/** A group as the server sends it: `learners` are name → [settings, responses as lists of clipped]. */
function group(learners) {
  const response = (clipped, sample) => ({
    sample,
    text: "",
    reward: 1,
    success: sample % 2 === 0,
    truncated: false,
    compared: null,
    credit: null,
    position: clipped.map((_, i) => i),
    token: clipped.map((_, i) => String(i)),
    once: { advantage: clipped.map(() => 0.5) },
    passes: [{ ratio: clipped.map(() => 1), clipped }],
  });
  const all = Object.entries(learners).map(([name, [settings, rows]]) => [
    name,
    { settings, responses: rows.map(response) },
  ]);
  return { step: 3, group: 1, revision: "r", prompt: "?", learners: Object.fromEntries(all) };
}
const labels = {
  strip_titles: { one: "{name} alone", "two leave": "{name} of {size}" },
  colourings: { advantage: "advantage", ratio: "ratio" },
  marks: {
    default: {
      high: { says: "cut", key: "cut above", among: "cut above" },
      low: { says: "cut", key: "cut below", among: "cut below" },
    },
    other: { high: { says: "bounded", key: "bounded", among: "other: bounded" } },
  },
  semicolon: "; ",
  key_none: "none",
  hole: "hole",
  none: "none",
  not_recorded: "not recorded",
  nobody_has: "{quantity}: {missing}",
  token_says: words.token_says,
  response_n: "Response {n}:",
  right: "right {n}",
  wrong: "wrong {n}",
  unjudged: "?",
  show_all: "all {n}",
  show_whole: "whole",
  show_less: "less",
  no_tokens: "no tokens",
};
const view = { step: null, group: null, token: null, color: "advantage", x: "step", pass: null };
function lab(answer, more = {}) {
  const groups = responses(answer);
  return labStrip({
    group: answer,
    groups,
    view,
    pass: 0,
    scale: labScale(groups, "advantage", false),
    labels,
    colours: { a: "third", b: "fourth" },
    groupSize: 8,
    missing: [],
    ...more,
  });
}

test("titles and marks are what the learner's settings say, whatever it is called", () => {
  const data = lab(
    group({
      a: [{ algorithm: "one", surrogate: "other" }, [[1, -1, 0]]],
      b: [{ algorithm: "two", baseline: "leave" }, [[1, -1, 0]]],
    }),
  );
  assert.deepEqual(
    data.groups.map((x) => x.title),
    ["A alone", "B of 8"],
  );
  const [a, b] = data.groups.map((x) => x.rows[0]);
  assert.deepEqual(
    [a.marks, b.marks],
    [
      ["high", null, null],
      ["high", "low", null],
    ],
  );
  assert.match(says(data, a, 0), /, bounded$/);
  assert.deepEqual(
    data.legend.keys.map((x) => x.text),
    ["other: bounded; cut above", "cut below", "none"],
  );
});

test("a sign that means one thing says it plainly", () => {
  const keys = (surrogate) =>
    lab(group({ a: [{ algorithm: "one", surrogate }, [[0]]] })).legend.keys.map((x) => x.text);
  assert.deepEqual(keys("other"), ["bounded", "none"]);
  assert.deepEqual(keys("clip"), ["cut above", "cut below", "none"]);
});

test("another step is another shape, another pass and another colouring are not", () => {
  const answer = group({ a: [{ algorithm: "one" }, [[0, 1]]] });
  const shapes = [
    lab(answer),
    lab(answer, { pass: 1 }),
    lab(answer, { view: { ...view, color: "ratio" } }),
    lab({ ...answer, revision: "again" }),
  ].map((x) => x.shape);
  assert.equal(new Set(shapes.slice(0, 3)).size, 1);
  assert.notEqual(shapes[3], shapes[0]);
});

test("what has no number says why in the legend", () => {
  const data = lab(group({ a: [{ algorithm: "one" }, [[0]]] }), { view: { ...view, color: "value" } });
  assert.match(data.legend.unknown, /none|not recorded/);
});

test("a long response has no more chips than can be seen, until somebody walks there", (t) => {
  page(t);
  const long = group({ a: [{ algorithm: "one" }, [Array.from({ length: 500 }, () => 0), [0]]] });
  const reader = { show() {}, leave() {}, dismiss() {} };
  const chosen = [];
  const strip = new TokenStrip({ reader, onChoose: (spot) => chosen.push([spot.row.data.name, spot.at]) });
  t.after(() => strip.close());
  document.body.append(strip.root);
  strip.draw(lab(long));
  const chips = () => strip.root.querySelectorAll(".strip:first-of-type .t").length;
  assert.ok(chips() < 10);
  const [button] = strip.root.querySelectorAll("button.more");
  assert.deepEqual([button.hidden, button.textContent], [false, "Response 1: all 500"]);
  button.click();
  assert.deepEqual([chips(), button.getAttribute("aria-expanded")], [500, "true"]);
  strip.draw(lab({ ...long, step: 4 })); // what was unfolded stays unfolded at the next step
  assert.equal(chips(), 500);
  strip.root.querySelectorAll(".t")[499].click();
  assert.deepEqual(chosen, [["a.0", 499]]);
});

test("a token in what is folded away is found by its name", (t) => {
  page(t);
  const strip = new TokenStrip({ reader: { show() {}, leave() {}, dismiss() {} }, onChoose() {} });
  t.after(() => strip.close());
  strip.draw(lab(group({ a: [{ algorithm: "one" }, [Array.from({ length: 500 }, () => 0)]] })));
  assert.equal(strip.spotOf("a.0.400").at, 400);
  assert.deepEqual(
    [strip.spotOf("a.0.500"), strip.spotOf("b.0.1"), strip.spotOf("nonsense"), strip.spotOf(null)],
    [null, null, null, null],
  );
});

test("walking stops at the edges and keeps its place where rows are short", () => {
  const rows = [["a", "b", "c"], ["d"], ["e", "f"]];
  const go = (row, at, key) => walk(rows, row, at, key);
  assert.deepEqual([go(0, 2, "ArrowRight"), go(0, 0, "ArrowLeft")], [undefined, undefined]);
  assert.deepEqual(
    [go(0, 2, "ArrowDown"), go(2, 1, "ArrowUp"), go(0, 1, "ArrowUp"), go(2, 1, "ArrowDown")],
    ["d", "d", "b", "f"],
  );
  assert.deepEqual([go(0, 1, "Home"), go(0, 1, "End"), go(0, 1, "x")], ["a", "c", undefined]);
});
