import assert from "node:assert/strict";
import { test } from "node:test";

import { Chart } from "#frontend/chart.js";
import { page } from "./page.js";

test("a chart says its numbers and the step as the page counts it, from 1", (t) => {
  page(t);
  const labels = { chart_summary: "{title}: {values} at step {step}", comma: "、", none: "none", not_recorded: "?" };
  const spec = { key: "reward", title: "Reward", help: "", series: [{ column: "reward" }] };
  const chart = new Chart(spec, { labels, colours: { ppo: "blue", grpo: "amber" } });
  chart.learners = [{ name: "ppo" }, { name: "grpo" }];
  const rows = { ppo: { reward: 0.5 }, grpo: { reward: 0.75 } };
  const model = { row: (name, step) => (step === 4 ? rows[name] : null), absence: () => "none" };
  chart.read(model, 4);
  assert.equal(chart.area.getAttribute("aria-label"), "Reward: PPO 0.50、GRPO 0.75 at step 5");
});
