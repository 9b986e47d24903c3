import assert from "node:assert/strict";
import { test } from "node:test";

import { says } from "#frontend/chip.js";
import { colouringsOf } from "#frontend/colourings.js";
import { Detail } from "#frontend/detail.js";
import { labScale, labStrip } from "#frontend/lab_strip.js";
import { Prompts } from "#frontend/prompts.js";
import { TokenStrip } from "#frontend/strip.js";
import { responses } from "#frontend/tokens.js";
import { labels as every, page } from "./page.js";

const region = (side, cuts) => ({ side, cuts, ratio_from: 1, ratio_to: null, advantage: "any", says: "", values: {} });
const CUT = [region(1, true), region(-1, true)];

/** A group as the server sends it: `learners` are name → [what it declares, responses as lists of clipped]. */
function group(learners) {
  const response = (clipped, sample) => ({
    sample,
    text: "",
    reward: 1,
    success: sample % 2 === 0,
    truncated: false,
    credit: null,
    position: clipped.map((_, i) => i),
    token: clipped.map((_, i) => String(i)),
    once: { advantage: clipped.map(() => 0.5) },
    passes: [{ ratio: clipped.map(() => 1), clipped }],
  });
  const all = Object.entries(learners).map(([name, [declared, rows]]) => {
    const own = { strip_title: "{name} alone", colour: "green", regions: CUT, without: [], columns: [], settings: {} };
    Object.assign(own, { terms: [], of_step: {} });
    return [name, { ...own, ...declared, rewards: rows.map(() => 1), responses: rows.map(response) }];
  });
  return { step: 3, group: 1, revision: "r", prompt: "?", learners: Object.fromEntries(all) };
}
const labels = {
  templates: { "{name} of {size}": "{name} among {size}", chance: "luck", surplus: "superfluity" },
  colourings: { advantage: "advantage", ratio: "ratio" },
  marks: {
    cut: {
      high: { says: "cut", key: "cut above", among: "cut above" },
      low: { says: "cut", key: "cut below", among: "cut below" },
    },
    bounded: { high: { says: "bounded", key: "bounded", among: "{learners}: bounded" } },
  },
  semicolon: "; ",
  key_none: "none",
  hole: "hole",
  none: "none",
  not_recorded: "not recorded",
  nobody_has: "{quantity}: {missing}",
  comma: ", ",
  token_says: "“{token}”, position {position}, {quantity} {value}",
  response_n: "Response {n}:",
  right: "right {n}",
  wrong: "wrong {n}",
  unjudged: "?",
  scored_by: "{title}, paid by {reward}",
  show_all: "all {n}",
  show_whole: "whole",
  show_less: "less",
  no_tokens: "no tokens",
  not_asked: "{learner} was not asked",
  not_kept: "{learner} not kept",
  asked_another: "{learner} was asked {prompt}",
};
/** The same, and whatever else a page asks for. */
const all = new Proxy(labels, { get: (own, name) => own[name] ?? every[name] });
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
    missing: [],
    ...more,
  });
}

test("titles, colours and marks are what the learner declares, whatever it is called", () => {
  const data = lab(
    group({
      a: [{ regions: [region(1, false)] }, [[1, -1, 0]]],
      b: [{ strip_title: "{name} of {size}", scored_by: "chance", group_size: 8, colour: "pink" }, [[1, -1, 0]]],
    }),
  );
  assert.deepEqual(
    data.groups.map((x) => [x.title, x.colour]),
    [
      ["a alone", "green"],
      ["b among 8, paid by luck", "pink"],
    ],
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
    ["a: bounded; cut above", "cut below", "none"],
  );
});

test("where nothing is under a title, and where it answers another question, a sentence says so", () => {
  const notes = (answer) => lab(answer).groups.map((x) => x.note);
  const answer = group({ a: [{}, [[0]]], b: [{}, []] });
  assert.deepEqual(notes(answer), ["", "b was not asked"]);
  answer.learners.b.rewards = [0, 1];
  assert.deepEqual(notes(answer), ["", "b not kept"], "asked, but not among those whose tokens were kept");
  const other = group({ a: [{ prompt: "?" }, [[0]]], b: [{ prompt: "4+5=" }, [[0]]] });
  assert.deepEqual(notes(other), ["", "b was asked 4+5="]);
});

test("where no gradient is taken, and where an older run marked otherwise, one sentence says so", () => {
  const notes = (declared, pass) => {
    const answer = group({ a: [declared, [[1]]], b: [declared, [[0]]] });
    for (const { responses: rows } of Object.values(answer.learners)) for (const x of rows) x.passes.push(x.passes[0]);
    return lab(answer, { pass, labels: all }).notes;
  };
  const one = { num_mini_batches: 1 };
  assert.deepEqual(notes({ cut_at: "update" }, 0), []);
  assert.deepEqual(notes({ cut_at: "update" }, 1), ["cut_last"]);
  assert.deepEqual(notes({ cut_at: "update", regions: [] }, 1), [], "nothing is ever marked");
  assert.deepEqual(notes({ cut_at: "never" }, 0), ["cut_never"]);
  assert.deepEqual(notes({ cut_at: "state", settings: one }, 0), []);
  assert.deepEqual(notes({ cut_at: "state", settings: one }, 1), ["cut_older"]);
  assert.deepEqual(notes({ cut_at: "state", settings: { num_mini_batches: 4 } }, 0), ["cut_older"]);
  assert.deepEqual(notes({ cut_at: null }, 1), []);
});

test("a sign that means one thing says it plainly", () => {
  const keys = (...regions) => lab(group({ a: [{ regions }, [[0]]] })).legend.keys.map((x) => x.text);
  assert.deepEqual(keys(region(1, false)), ["bounded", "none"]);
  assert.deepEqual(keys(...CUT), ["cut above", "cut below", "none"]);
  assert.deepEqual(keys(), ["none"], "a surrogate without regions marks nothing");
});

test("another step is another shape, another pass and another colouring are not", () => {
  const answer = group({ a: [{}, [[0, 1]]] });
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
  const data = lab(group({ a: [{}, [[0]]] }), { view: { ...view, color: "value" } });
  assert.match(data.legend.unknown, /none|not recorded/);
});

/** A column that only a kind of its own records, as its kind declares it, and a group where one of two learners has it. */
const column = (signed) => ({ name: "surplus", title: "surplus", help: "", signed });
function withSurplus(signed) {
  const answer = group({ a: [{ columns: [column(signed)] }, [[0, 0, 0]]], b: [{ kind: "other" }, [[0, 0, 0]]] });
  answer.learners.a.responses[0].once.surplus = [-1, 0, 3];
  return answer;
}

test("a learner's own column colours its tokens, around 0 where it is signed, and is none of another kind's", () => {
  for (const signed of [true, false]) {
    const answer = withSurplus(signed);
    const colourings = colouringsOf(Object.values(answer.learners));
    assert.deepEqual(Object.keys(colourings).slice(-2), ["logprob", "surplus"]);
    const scale = labScale(responses(answer), "surplus", false, colourings);
    const data = lab(answer, { view: { ...view, color: "surplus" }, colourings, scale });
    const [own, other] = data.groups.map((x) => x.rows[0]);
    assert.deepEqual([data.kind, data.scale.centre], signed ? ["signed", 0] : ["plain", null]);
    assert.deepEqual(
      [own.values, other.values],
      [
        [-1, 0, 3],
        [null, null, null],
      ],
    );
    assert.equal(other.missing, "none");
    assert.equal(says(data, own, 2), `“2”, position 3, superfluity ${signed ? "+" : ""}3.000`);
    if (signed) assert.equal(scale.low, -scale.high);
  }
});

test("a column that is declared twice, or that every trace has, is offered once", () => {
  const twice = [{ columns: [column(true)] }, { columns: [column(false), { ...column(true), name: "value" }] }];
  const { surplus, value } = colouringsOf(twice);
  assert.deepEqual([surplus.kind, value.title], ["signed", undefined]);
});

test("the menu offers what this run's learners record; what they do not is the default", (t) => {
  page(t);
  const on = { group() {}, token() {}, color() {}, pass() {} };
  const host = document.body;
  const detail = new Detail({ root: host, labels: all, colours: { a: "blue", b: "green" }, on });
  const answer = withSurplus(true);
  const declared = Object.entries(answer.learners).map(([name, x]) => ({ name, ...x }));
  const step = { step: 3, revision: "r", groups: [], learners: {}, telling: 1 };
  const offered = () => [...detail.color.options].map((x) => x.value);
  const usual = offered();
  detail.load(step, answer, { learners: declared, lastStep: () => 3 });
  assert.deepEqual(offered(), [...usual, "surplus"]);
  assert.equal(detail.color.options[usual.length].textContent, "superfluity");
  detail.draw({ ...view, color: "surplus" }, false);
  assert.equal(detail.color.value, "surplus");
  assert.match(detail.strip.root.querySelector(".t").getAttribute("aria-label"), /superfluity −1\.000/);
  detail.load({ ...step, step: 4 }, group({ b: [{}, [[0]]] }), { learners: [declared[1]], lastStep: () => 3 });
  detail.draw({ ...view, color: "surplus" }, false);
  assert.deepEqual([offered(), detail.color.value], [usual, "advantage"]);
});

test("all responses are offered of many learners, and of nobody before a step has come", (t) => {
  page(t);
  const on = { group() {}, token() {}, color() {}, pass() {} };
  const detail = new Detail({ root: document.body, labels: all, colours: { a: "blue", b: "green", c: "pink" }, on });
  assert.equal(detail.all.hidden, true);
  const step = { step: 3, revision: "r", groups: [], learners: {}, telling: 1 };
  for (const [names, isHidden] of [
    ["a", true],
    ["abc", false],
  ]) {
    const answer = group(Object.fromEntries([...names].map((x) => [x, [{}, [[0, 1]]]])));
    const learners = Object.entries(answer.learners).map(([name, x]) => ({ name, ...x }));
    detail.load({ ...step, revision: names }, answer, { learners, lastStep: () => 3 });
    detail.draw(view, false);
    assert.equal(detail.all.hidden, isHidden, names);
  }
});

test("tokens that the policy did not write come with the response", () => {
  const answer = group({ a: [{}, [[0, 1]]] });
  answer.learners.a.responses[0].holes = [false, true];
  const data = lab(answer);
  assert.match(says(data, data.groups[0].rows[0], 1), /, hole$/);
  assert.ok(data.legend.keys.some((x) => x.mark === "hole"));
});

test("a long response has no more chips than can be seen, until somebody walks there", (t) => {
  page(t);
  const long = group({ a: [{}, [Array.from({ length: 500 }, () => 0), [0]]] });
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

test("what is said of a pass's marks goes when the pass changes", (t) => {
  page(t);
  const answer = group({ a: [{ cut_at: "update" }, [[1]]] });
  const [own] = answer.learners.a.responses;
  own.passes.push(own.passes[0]);
  const strip = new TokenStrip({ reader: { show() {}, leave() {}, dismiss() {} }, onChoose() {} });
  t.after(() => strip.close());
  const notes = (pass) => {
    strip.draw(lab(answer, { pass, labels: all }));
    return [...strip.root.querySelectorAll(".strips .note")].map((x) => x.textContent);
  };
  assert.deepEqual([1, 0, 1].map(notes), [["cut_last"], [], ["cut_last"]]);
});

test("a token in what is folded away is found by its name", (t) => {
  page(t);
  const strip = new TokenStrip({ reader: { show() {}, leave() {}, dismiss() {} }, onChoose() {} });
  t.after(() => strip.close());
  strip.draw(lab(group({ a: [{}, [Array.from({ length: 500 }, () => 0)]] })));
  assert.equal(strip.spotOf("a.0.400").at, 400);
  assert.deepEqual(
    [strip.spotOf("a.0.500"), strip.spotOf("b.0.1"), strip.spotOf("nonsense"), strip.spotOf(null)],
    [null, null, null, null],
  );
});

test("where nobody has the default colouring, a learner's own columns come first in its place", () => {
  const own = { name: "after", title: "after", help: "", signed: true };
  const first = (...learners) => Object.keys(colouringsOf(learners))[0];
  assert.equal(first({ without: ["advantage"], columns: [own] }), "after");
  assert.equal(Object.hasOwn(colouringsOf([{ without: ["advantage"], columns: [own] }]), "advantage"), false);
  assert.equal(first({ without: ["advantage"], columns: [own] }, { without: [], columns: [] }), "advantage");
  assert.equal(first({ without: ["advantage"], columns: [] }), "advantage", "there is nothing to put in its place");
});

test("of a labelled response is said whether its label prefers it, and its score", () => {
  const answer = group({ a: [{ trains: "reward-model" }, [[0], [0]]] });
  const [one, other] = answer.learners.a.responses;
  Object.assign(one, { reward: 1, success: null, score: 0.731 });
  Object.assign(other, { reward: 0, success: null, score: -0.5 });
  const words = { ...all, preferred: "{n} preferred, {score}", not_preferred: "{n} not, {score}" };
  const verdicts = lab(answer, { labels: words }).groups[0].rows.map((x) => x.verdict);
  assert.deepEqual(verdicts, [
    { sign: "✓ +0.73", says: "1 preferred, +0.73", good: true },
    { sign: "✗ −0.50", says: "2 not, −0.50", good: false },
  ]);
});

test("a labelled pair's button has the margin of its scores", (t) => {
  page(t);
  const words = { right_of: "", right_answer: "", counts_margin: "margin", counts_right: "right" };
  const labels = { ...all, ...words, margin_of: "{learner}: {margin}" };
  const prompts = new Prompts({
    labels,
    colours: { a: "brown" },
    onChoose() {},
  });
  const counts = { responses: 2, success: null, reward: 1, margin: 1.584 };
  prompts.draw(
    { step: 0, revision: "r", groups: [{ group: 0, prompt: "q", answer: null, learners: { a: counts } }] },
    0,
  );
  const [button] = prompts.root.children;
  assert.equal(button.querySelector(".count").textContent, "+1.58");
  assert.match(button.getAttribute("aria-label"), /a: \+1\.58$/);
  assert.equal(prompts.root.lastChild.textContent, labels.counts_margin);
  const right = { responses: 8, success: 6, reward: 0.75 };
  prompts.draw({ step: 1, revision: "r", groups: [{ group: 0, prompt: "q", answer: "7", learners: { a: right } }] }, 0);
  assert.equal(prompts.root.lastChild.textContent, labels.counts_right);
});
