import assert from "node:assert/strict";
import { test } from "node:test";

import { below, look, says, stays } from "#frontend/chip.js";
import { legend } from "#frontend/legend.js";
import LessonStrips, { lessonStrip } from "#frontend/lesson_strips.js";
import { stripTable } from "#frontend/strip_table.js";
import { walk } from "#frontend/walk.js";
import { page } from "./page.js";

const words = {
  none: "none",
  later: "not yet",
  hole: "not the model's",
  comma: ", ",
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
  const spoken = [0, 1, 2].map((at) => says(data, own, at));
  assert.deepEqual(spoken, [
    "“4”, position 1, advantage +0.1234, cut high",
    "“␣”, position 2, advantage none",
    "“eos”, position 3, advantage not yet",
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

test("a value on the lower side of a scale with a middle is told apart without its colour", () => {
  const data = lessonStrip(sent([sentRow("a", ["x", "y", "z"], [-0.5, 0.5, null])]), false);
  const [row] = data.groups[0].rows;
  const under = (scale) => [0, 1, 2].map((at) => look({ ...data, scale: { ...data.scale, ...scale } }, row, at).under);
  assert.deepEqual(under({ centre: 0 }), [true, false, false]);
  assert.deepEqual(under({ centre: null }), [false, false, false]);
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

test("in the table, too, it is said which token the model did not write", (t) => {
  page(t);
  const row = sentRow("a", ["x", "tool"], [0.5, 99], { holes: [false, true] });
  const cells = [...stripTable(lessonStrip(sent([row]), false)).querySelectorAll("td")];
  assert.deepEqual(
    cells.map((x) => x.textContent),
    ["x +0.50", "tool not the model's"],
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
    sentRow(name, ["1"], [i], { group: i < 2 ? "One" : "Two", learner: "green" }),
  );
  const { root, chips, readout } = mounted(t, sent(rows));
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
  chips[2].dispatchEvent(new Event("pointerover", { bubbles: true }));
  assert.match(readout(), /^Two · label c · /, "rows of two learners may be called the same");
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

test("the scale says where numbers lie beyond its ends", (t) => {
  page(t);
  const ends = (values, domain) => {
    const data = lessonStrip(sent([sentRow("a", ["1", "2"], values)], { domain }), false);
    return [...legend(data)[0].querySelectorAll(".num")].map((x) => x.textContent);
  };
  const inside = [-1, 1, 0.5];
  const [low, high] = ends([-9, 0.5], inside);
  assert.match(low, /^≤ −/);
  assert.match(high, /^\+/);
  assert.ok(ends([-0.1, 0.1], inside).every((x) => !/[≤≥]/.test(x)));
});

test("the sign that chips below the middle have in print and on a projector is explained where they have it", (t) => {
  page(t);
  const sign = (more) => {
    const data = lessonStrip(sent([sentRow("a", ["1", "2"], [-1, 2])], more), false);
    return legend(data)[0].querySelector(".under")?.textContent;
  };
  assert.equal(sign({ digits: null }), "−< 0");
  assert.equal(sign({ digits: null, kind: "ratio" }), "−< 1");
  assert.equal(sign({ digits: 2 }), undefined); // such chips have their number
  assert.equal(sign({ digits: null, kind: "plain" }), undefined);
});
