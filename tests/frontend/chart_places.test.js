import assert from "node:assert/strict";
import { test } from "node:test";

import { ChartPlaces, leading } from "#frontend/chart_places.js";
import { el } from "#frontend/dom.js";
import { page } from "./page.js";

const GROUP = { reward: "learning", success: "learning", kl: "moved", value_explained: "critic", policy_loss: "more" };
const spec = (key) => ({ key, title: key, help: `about ${key}`, group: GROUP[key], series: [{ column: key }] });
const model = (row) => ({ rows: new Map([["a", new Map([[0, row]])]]) });
const nobody = { left: null, right: null };
const specs = Object.keys(GROUP).map((key) => ({ spec: spec(key) }));

test("nobody chose: success, and what the critic knows where it was measured, else how far the policy moved", () => {
  const all = { success: 0.5, reward: 0.5, kl: 0.1 };
  assert.deepEqual(leading(specs, model({ ...all, value_explained: 0.3 }), nobody), {
    left: "success",
    right: "value_explained",
  });
  assert.deepEqual(leading(specs, model(all), nobody), { left: "success", right: "kl" });
  const tests = { spec: { ...spec("tests"), series: [{ column: "visible_tests" }, { column: "hidden_tests" }] } };
  const decided = model({ ...all, visible_tests: 0.9, hidden_tests: 0.4 });
  assert.equal(leading([...specs, tests], decided, nobody).right, "tests", "where unit tests decide, their shares");
  assert.equal(leading([...specs, tests], model(all), nobody).right, "kl");
  assert.deepEqual(leading(specs, model({ reward: 1, policy_loss: 2 }), nobody), {
    left: "reward",
    right: "policy_loss",
  });
  assert.deepEqual(leading(specs, null, nobody), { left: "success", right: "kl" }, "before the first step");
});

test("what a person chose stays, and nonsense is nobody's choice", () => {
  const run = model({ success: 0.5, reward: 0.5, kl: 0.1 });
  assert.deepEqual(leading(specs, run, { left: "reward", right: "policy_loss" }), {
    left: "reward",
    right: "policy_loss",
  });
  assert.deepEqual(leading(specs, run, { left: "kl", right: "reward" }), { left: "success", right: "kl" });
});

test("each chart stands in one place: among the first two, or in its group", (t) => {
  page(t);
  const charts = Object.keys(GROUP).map((key) => {
    const title = el("h3");
    return { spec: spec(key), title, root: el("div", { class: "chart", data: { key } }, title) };
  });
  const chosen = [];
  const chart_groups = { learning: "Learning", moved: "Moved", critic: "Critic", more: "More" };
  const labels = { chart_groups, chart_left: "first", chart_right: "second" };
  const places = new ChartPlaces({ charts, labels, onLead: (x) => chosen.push(x) });
  const within = (root) => [...root.querySelectorAll(".chart")].map((x) => x.dataset.key);
  const groups = () => [...places.groups.map(within), within(places.more)];
  const run = model({ success: 1, reward: 1, kl: 1, value_explained: 1 });

  assert.equal(places.draw(run, nobody), true);
  assert.deepEqual(within(places.lead), ["success", "value_explained"]);
  assert.deepEqual(groups(), [["reward"], ["kl"], [], ["policy_loss"]]);
  assert.deepEqual(
    places.groups.map((x) => x.querySelector("h2").textContent),
    ["Learning", "Moved", "Critic"],
  );
  assert.equal(places.draw(run, nobody), false, "nothing moves without need");

  const menu = places.menus.right;
  assert.deepEqual([menu.value, menu.getAttribute("title")], ["value_explained", "about value_explained"]);
  menu.value = "kl";
  menu.dispatchEvent(new Event("change"));
  assert.deepEqual(chosen, [{ right: "kl" }]);
  places.draw(run, { left: "reward", right: "kl" });
  assert.deepEqual(within(places.lead), ["reward", "kl"]);
  assert.deepEqual(groups(), [["success"], [], ["value_explained"], ["policy_loss"]]);
  assert.equal(menu.parentElement, charts[2].title, "the menu stands in the heading of the chart that it chose");
});
