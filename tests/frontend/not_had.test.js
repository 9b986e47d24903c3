// What no learner of a run has is not shown at all: a kind declares it, and no module knows a kind by its name.

import assert from "node:assert/strict";
import { test } from "node:test";

import { ChartPlaces } from "#frontend/chart_places.js";
import { ChartTable } from "#frontend/chart_table.js";
import { offeredTo } from "#frontend/colourings.js";
import { Comparison } from "#frontend/comparison.js";
import { el } from "#frontend/dom.js";
import { endOf, nobodyHas } from "#frontend/tokens.js";
import { COMPARED, page } from "./page.js";

const GROUP = {
  reward: "learning",
  success: "learning",
  pair_accuracy: "learning",
  pair_loss: "learning",
  kl: "moved",
};
const COLUMNS = { success: ["success_rate", "heldout_success"] };
const spec = (key) => ({
  key,
  title: key,
  help: "",
  group: GROUP[key],
  series: (COLUMNS[key] ?? [key]).map((column) => ({ column, title: column })),
});
const POLICY = ["reward", "success_rate", "heldout_success", "kl", "ratio"];
const PAIRS = ["pair_accuracy", "pair_loss"];
const judge = { name: "judge", without: POLICY };
const policy = { name: "policy", without: PAIRS };
const model = (learners, row = {}) => ({
  learners,
  steps: [0],
  rows: new Map(learners.map(({ name }) => [name, new Map([[0, { step: 0, ...row }]])])),
  absence: () => "none",
  row: () => row,
});
const nobody = { left: null, right: null };

function places(t) {
  page(t);
  const charts = Object.keys(GROUP).map((key) => {
    const title = el("h3");
    return { spec: spec(key), title, root: el("div", { class: "chart", data: { key } }, title) };
  });
  const chart_groups = { learning: "Learning", moved: "Moved", critic: "Critic", more: "More" };
  const made = new ChartPlaces({
    charts,
    labels: { chart_groups, chart_left: "a", chart_right: "b" },
    onLead: () => {},
  });
  const keys = (root) => [...root.querySelectorAll(".chart")].map((x) => x.dataset.key);
  const all = () => [...keys(made.lead), ...made.groups.flatMap(keys), ...keys(made.more)];
  const offered = () => Object.values(made.menus).map((menu) => [...menu.options].map((x) => x.value));
  return { made, all, keys, offered };
}

test("a column is nobody's where every learner lacks it, and of no learner nothing is known", () => {
  assert.equal(nobodyHas([judge], ["kl", "reward"]), true);
  assert.equal(nobodyHas([judge], ["kl", "pair_loss"]), false, "one of a chart's numbers is enough");
  assert.equal(nobodyHas([judge, policy], ["kl"]), false);
  assert.equal(nobodyHas([], ["kl"]), false);
  assert.equal(nobodyHas([{ name: "old" }], ["kl"]), false);
});

test("charts that no learner can fill are neither drawn nor offered, before the first step and after it", (t) => {
  const { made, all, keys, offered } = places(t);
  made.draw({ learners: [judge], rows: new Map() }, nobody);
  assert.deepEqual(keys(made.lead), PAIRS);
  assert.deepEqual(all(), PAIRS);
  assert.deepEqual(offered(), [["pair_accuracy"], ["pair_loss"]]);
  assert.deepEqual(
    made.groups.map((x) => x.hidden),
    [true, true, true],
  );
  made.draw(model([judge], { pair_accuracy: 0.5, pair_loss: 0.7 }), { left: "reward", right: "kl" });
  assert.deepEqual(keys(made.lead), PAIRS, "an address may name a chart that this run has not");
  made.draw(model([policy], { success_rate: 0.5, kl: 0 }), nobody);
  assert.deepEqual(keys(made.lead), ["success", "kl"]);
  assert.deepEqual(all().sort(), ["kl", "reward", "success"]);
  made.draw(model([judge, policy], { success_rate: 0.5, kl: 0 }), nobody);
  assert.equal(all().length, 5, "what one of them has is shown");
});

test("the charts' numbers as a table have no line of what nobody has", (t) => {
  page(t);
  const table = new ChartTable({ charts: Object.keys(GROUP).map(spec), labels: { step_n: "Step {step}" } });
  table.root.open = true;
  table.draw(model([judge], { pair_loss: 0.5 }), 0);
  assert.deepEqual(
    [...table.body.querySelectorAll("th")].map((x) => x.textContent),
    PAIRS,
  );
});

test("who has no success is not compared by it", (t) => {
  page(t);
  const labels = { compared: COMPARED, compared_help: { time: "t", early: "e" }, none: "none", seconds: "{s} s" };
  const comparison = new Comparison({ labels, colours: { judge: "brown", policy: "blue" } });
  const seen = () =>
    [...comparison.root.querySelectorAll("thead th, tbody td")].filter((x) => !x.hidden).map((x) => x.dataset.of);
  const explained = () =>
    [...comparison.help.querySelectorAll("dl > div")].filter((x) => !x.hidden).map((x) => x.dataset.of);
  comparison.draw(model([judge], { samples_seen: 8 }));
  assert.deepEqual(seen(), ["learner", "trained", "scored", "time", "trained", "scored", "time"]);
  assert.deepEqual(explained(), ["time"]);
  comparison.draw(model([policy], { samples_seen: 8 }));
  assert.equal(seen().length, 11);
  assert.deepEqual(explained(), ["time", "early"]);
});

test("a step of learners without a ratio has no scatter; beside one who has, a sentence takes the place of the plane", async (t) => {
  const window = page(t);
  globalThis.ResizeObserver = class {
    observe() {}
  };
  globalThis.requestAnimationFrame = window.requestAnimationFrame ?? (() => 0);
  const { Scatters } = await import("#frontend/scatters.js");
  const labels = new Proxy({}, { get: (_, name) => String(name) });
  const colours = { judge: "brown", policy: "blue" };
  const tokens = (without, ratio) => ({
    ...{ without, regions: [], settings: {}, cut_at: null, sample: [0, 0], position: [0, 1], group: [0, 0] },
    ...{ advantage: [1, -1], passes: [{ ratio: [ratio, ratio], clipped: [null, null] }] },
  });
  const scatters = new Scatters({ labels, colours, onToken: () => {}, onPass: () => {} });
  t.after(() => scatters.close());
  scatters.draw({ step: 0, revision: "a", learners: { judge: tokens(["ratio"], null) } }, 0, 0, null);
  assert.equal(scatters.root.hidden, true);
  const both = { policy: tokens([], 1), judge: tokens(["ratio"], null) };
  scatters.draw({ step: 1, revision: "b", learners: both }, 0, 0, null);
  assert.equal(scatters.root.hidden, false);
  const plane = (name) => scatters.root.querySelector(`[data-scatter=${name}] svg`).hasAttribute("hidden");
  assert.deepEqual([plane("policy"), plane("judge")], [false, true]);
});

test("where nobody credits a token, the card shows where the first response ends", () => {
  const response = (sample, position) => ({ learner: "judge", sample, position, length: position.length });
  const groups = new Map([["judge", [response(0, []), response(1, [0, 1, 2])]]]);
  assert.deepEqual(endOf(groups), { learner: "judge", sample: 1, position: 2 });
  assert.equal(endOf(new Map([["judge", [response(0, [])]]])), null);
});

test("where nobody has an advantage, tokens are coloured by what somebody has, and nothing else is offered", () => {
  const sft = {
    name: "sft",
    columns: [],
    without: ["advantage", "ratio", "value", "value_measured", "advantage_measured"],
  };
  assert.deepEqual(Object.keys(offeredTo([sft])), ["kl", "entropy", "logprob"]);
  const grpo = { name: "grpo", columns: [], without: ["value"] };
  assert.equal(Object.keys(offeredTo([sft, grpo]))[0], "advantage");
});
