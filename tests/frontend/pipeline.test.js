// The pipeline on a page: play, pause, scrub, morph, keyboard, and whoever prefers that nothing moves.

import assert from "node:assert/strict";
import { test } from "node:test";

import { frames, page } from "./page.js";
import { sent } from "./pipeline_batch.js";

async function drawn(t, changes = {}, { isStill = false } = {}) {
  const window = page(t);
  globalThis.HTMLInputElement = window.HTMLInputElement;
  globalThis.matchMedia = () => ({ matches: isStill });
  const seen = [];
  globalThis.IntersectionObserver = class {
    constructor(f) {
      seen.push((isIntersecting) => f([{ isIntersecting }]));
    }
    observe() {}
    disconnect() {}
  };
  const clock = frames();
  const { Pipeline } = await import("#frontend/pipeline/pipeline.js");
  const root = document.createElement("div");
  document.body.append(root);
  const events = [];
  const pipeline = new Pipeline({ root, send: (event, value) => events.push([event, value]) });
  pipeline.draw(sent(changes), { dark: false });
  t.after(() => pipeline.close());
  const find = (selector) => root.querySelector(selector);
  const state = () => ({ ...find(".pipeline").dataset });
  return { root, find, state, events, clock, pipeline, see: (isInView) => seen.at(-1)(isInView) };
}

const opacity = (node) => (node.style.visibility === "hidden" ? 0 : Number(node.style.opacity || 1));

test("at rest all is there, and nothing runs", async (t) => {
  const { state, clock, find } = await drawn(t);
  assert.deepEqual(state(), { mode: "ppo", station: "update", playing: "false" });
  assert.equal(clock.waiting, 0);
  assert.equal(find(".whose").textContent, "whose_ppo");
  assert.equal(opacity(find("[data-box=value]")), 1);
  assert.equal(opacity(find("[data-box=group]")), 0);
  assert.ok(find("[data-box=group]").inert);
});

test("play begins anew from the end, goes through the stations, asks the server for nothing, and stops", async (t) => {
  const { state, clock, find, events } = await drawn(t);
  const play = find("[data-testid=pipeline-play]");
  play.click();
  assert.deepEqual([state().playing, play.getAttribute("aria-label")], ["true", "pause"]);
  const stations = new Set();
  for (let i = 0; i < 60; i++) {
    clock.pass(0.5);
    stations.add(state().station);
  }
  assert.equal(stations.size, 9);
  assert.deepEqual([state().playing, clock.waiting], ["false", 0]);
  assert.deepEqual(events, []);
});

test("paused or out of view no frame is asked for; back in view it goes on", async (t) => {
  const { clock, find, see, state } = await drawn(t);
  const play = find("[data-testid=pipeline-play]");
  play.click();
  clock.pass(0.5);
  see(false);
  assert.equal(clock.waiting, 0);
  see(true);
  assert.equal(clock.waiting, 1);
  play.click();
  assert.deepEqual([clock.waiting, state().playing], [0, "false"]);
});

test("scrubbing stops it; what has not come yet is not seen", async (t) => {
  const { find, state, root, clock } = await drawn(t);
  find("[data-testid=pipeline-play]").click();
  const scrub = find("[data-testid=pipeline-scrub]");
  scrub.value = "1";
  scrub.oninput();
  assert.deepEqual([state().station, state().playing, clock.waiting], ["query", "false", 0]);
  assert.ok([...root.querySelectorAll("[data-box=outputs] .tk")].every((x) => opacity(x) === 0));
  scrub.value = "2";
  scrub.oninput();
  assert.ok([...root.querySelectorAll("[data-box=outputs] .tk")].every((x) => opacity(x) === 1));
  assert.ok([...root.querySelectorAll("[data-box=advantage] .layer:first-child .tk")].every((x) => opacity(x) === 0));
  assert.equal(scrub.getAttribute("aria-valuetext"), "2 of 9, station_policy_ppo, 100%");
});

test("one station on and back; one token on and back by arrow keys; space plays", async (t) => {
  const { find, state } = await drawn(t);
  const [back, next] = find(".walk").querySelectorAll(".step");
  const scrub = find("[data-testid=pipeline-scrub]");
  assert.ok(next.disabled);
  back.click();
  assert.deepEqual([state().station, scrub.value], ["advantage", "8"]);
  const key = (name) =>
    scrub.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true }));
  key("ArrowRight");
  const [, first] = [state(), Number(scrub.value)];
  assert.ok(first > 8 && first < 9, `${first}: the first of two tokens`);
  key("ArrowRight");
  assert.equal(scrub.value, "9");
  key("ArrowLeft");
  assert.equal(Number(scrub.value), first);
  key("PageDown");
  assert.equal(scrub.value, "8");
  key(" ");
  assert.equal(state().playing, "true");
  key(" ");
  assert.equal(state().playing, "false");
});

test("one turns into the other by a button over time, by the slider at once", async (t) => {
  const { find, state, clock } = await drawn(t);
  find(".mode.grpo").click();
  clock.pass(0.4);
  const morph = find("[data-testid=pipeline-morph]");
  assert.ok(Number(morph.value) > 0 && Number(morph.value) < 1);
  assert.match(morph.getAttribute("aria-valuetext"), /^between/);
  clock.pass(1);
  assert.deepEqual([state().mode, morph.value, clock.waiting], ["grpo", "1", 0]);
  assert.equal(find(".whose").textContent, "whose_grpo");
  assert.deepEqual([opacity(find("[data-box=value]")), opacity(find("[data-box=group]"))], [0, 1]);
  assert.deepEqual([find("[data-box=value]").inert, find("[data-box=group]").inert], [true, false]);
  assert.match(find("[data-box=reference]").getAttribute("aria-label"), /not used$/);
  morph.value = "0.25";
  morph.oninput();
  assert.deepEqual([state().mode, clock.waiting], ["ppo", 0]);
  assert.ok(opacity(find("[data-box=value]")) > 0.3);
});

test("it opens in the state that it is asked for, and keeps its own when the page is drawn again", async (t) => {
  const { find, state, pipeline } = await drawn(t, { start: "grpo" });
  assert.equal(state().mode, "grpo");
  find(".mode.ppo").click();
  const { pipeline: other } = await drawn(t, { start: "grpo" }, { isStill: true });
  other.controls.ppo.click();
  other.draw(sent({ start: "grpo", picked: "value" }), { dark: true });
  assert.equal(other.root.dataset.mode, "ppo");
  assert.ok(pipeline);
});

test("whoever prefers less motion gets steps: no frames, nothing flying, a station at a time", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { find, state, clock, root } = await drawn(t, {}, { isStill: true });
  find("[data-testid=pipeline-play]").click();
  assert.equal(clock.waiting, 0);
  t.mock.timers.tick(2600);
  assert.deepEqual([state().station, find("[data-testid=pipeline-scrub]").value], ["query", "1"]);
  t.mock.timers.tick(2600);
  assert.equal(state().station, "policy");
  assert.equal(root.querySelectorAll(".flying").length, 0);
  find(".mode.grpo").click();
  assert.deepEqual([state().mode, clock.waiting], ["grpo", 0]);
});

test("a bar below 0 stands below the line, and others keep their height above it", async (t) => {
  const { pipeline, root } = await drawn(t);
  const below = sent();
  for (const learner of Object.values(below.learners)) learner.responses[1].once.value = [0.5, -0.25];
  pipeline.draw(below, { dark: false });
  const bars = root.querySelector("[data-box=value] .bars-of");
  assert.equal(bars.style.getPropertyValue("--zero"), "20.0%");
  assert.deepEqual(
    [...bars.querySelectorAll("i")].map((x) => [x.className, x.style.height]),
    [
      ["", "40.0%"],
      ["below", "20.0%"],
    ],
  );
});

test("a box is a station and, where it can be picked, is sent to the server once", async (t) => {
  const { find, state, events } = await drawn(t);
  find("[data-box=value]").click();
  assert.equal(state().station, "baseline");
  find("[data-box=policy]").click(); // which is the one that is picked already
  assert.deepEqual(events, [["picked", "value"]]);
  const fixed = await drawn(t, { pickable: false, picked: null });
  fixed.find("[data-box=reward]").click();
  assert.deepEqual([fixed.state().station, fixed.events], ["reward", []]);
  assert.ok(!fixed.find("[data-box=reward]").hasAttribute("aria-pressed"));
});

test("a station is announced in one polite sentence, and all of them as text", async (t) => {
  const { find, root } = await drawn(t);
  const announced = find("[data-testid=pipeline-announced]");
  assert.equal(announced.getAttribute("aria-live"), "polite");
  find("[data-box=value]").click();
  assert.equal(announced.textContent, "6 of 9 · station_baseline_ppodiffers0.50 before 3, 0.25 after");
  const items = [...root.querySelectorAll("details li")].map((x) => x.textContent);
  assert.equal(items.length, 9);
  assert.match(items[5], /3 0\.50/);
});

test("frozen boxes have a lock, trained ones a tint; a distance is said where it is known", async (t) => {
  const { find } = await drawn(t);
  assert.ok(find("[data-box=reference] .lock"));
  assert.ok(!find("[data-box=policy] .lock"));
  assert.equal(find("[data-box=policy]").querySelectorAll(".tint").length, 2);
  assert.match(find("[data-box=policy] .tag").textContent, /moved 0\.83/);
  assert.doesNotMatch(find("[data-box=value] .tag").textContent, /moved/);
});

test("an older trace's missing values read as not recorded", async (t) => {
  const { pipeline, find } = await drawn(t);
  pipeline.draw(sent({}, { values: false }), { dark: false });
  assert.match(find("[data-box=value]").textContent, /not_recorded/);
  assert.match(find("[data-box=gae]").textContent, /not_recorded/);
});

test("what the policy did not write is hatched in both boxes of responses", async (t) => {
  const learners = sent().learners;
  for (const own of Object.values(learners)) own.responses = own.responses.map((x) => ({ ...x, holes: [true, false] }));
  const { find } = await drawn(t, { learners });
  const hatched = (box) => [...find(`[data-box=${box}]`).querySelectorAll(".tk")].map((x) => x.matches(".hole"));
  assert.deepEqual(hatched("outputs"), [true, false, true, false]);
  assert.deepEqual(hatched("advantage"), Array(4).fill([true, false]).flat());
});
