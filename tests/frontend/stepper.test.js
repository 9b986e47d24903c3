// The stepper on a page: play, scrub, keyboard, sliders, a flipped reward, a moved ratio, and who prefers that nothing moves.

import assert from "node:assert/strict";
import { test } from "node:test";

import { page } from "./page.js";
import { ofGroup, ofResponse } from "./stepper_sent.js";

async function drawn(t, sent, { isStill = false } = {}) {
  const window = page(t);
  for (const name of ["HTMLInputElement", "PointerEvent"]) globalThis[name] = window[name];
  globalThis.matchMedia = () => ({ matches: isStill });
  globalThis.IntersectionObserver = undefined;
  let [now, waiting, last] = [0, new Map(), 0];
  globalThis.requestAnimationFrame = (f) => {
    waiting.set(++last, f);
    return last;
  };
  globalThis.cancelAnimationFrame = (id) => waiting.delete(id);
  const pass = (seconds) => {
    for (let s = 0; s < seconds; s += 0.05) {
      now += 50;
      const due = [...waiting.values()];
      waiting = new Map();
      for (const f of due) f(now);
    }
  };
  const { Stepper } = await import("#frontend/stepper/stepper.js");
  const root = document.createElement("div");
  document.body.append(root);
  const stepper = new Stepper({ root });
  stepper.draw(sent, { dark: false });
  t.after(() => stepper.close());
  const find = (selector) => root.querySelector(selector);
  const state = () => find(".stepper").dataset;
  const row = (n) => [...root.querySelectorAll(".col")].map((x) => x.querySelectorAll(".barcell .num")[n].textContent);
  const move = (name, value) => {
    const range = find(`[data-testid=set-${name}]`);
    range.value = String(value);
    range.oninput();
  };
  const press = (node, key) =>
    node.dispatchEvent(new window.KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  const hidden = () =>
    [...root.querySelectorAll(".col")].map((x) => [...x.querySelectorAll(".bar-of")].at(-1).style.visibility);
  return { root, find, state, row, move, press, pass, hidden, frames: () => waiting.size, stepper };
}

test("it opens at the end of the sub-step that is asked for, with its numbers there and nothing running", async (t) => {
  const { state, row, find, frames } = await drawn(t, ofResponse());
  assert.deepEqual([state().station, state().playing], ["gae", "false"]);
  assert.deepEqual(row(1), ["−0.13", "+0.75", "+1.00"]);
  assert.match(find("[data-testid=stepper-announced]").textContent, /2 of 3 · gae.*the first gets −0.125/);
  assert.match(find("[data-testid=stepper-formulas]").textContent, /0.250 \+ 1 × 0.5 × 1.000 = \+0.750/);
  assert.equal(frames(), 0);
});

test("played, the recursion fills in from the last token", async (t) => {
  const { find, pass, hidden, state } = await drawn(t, ofResponse());
  const scrub = find("[data-testid=stepper-scrub]");
  scrub.value = "1";
  scrub.oninput();
  find("[data-testid=stepper-play]").onclick();
  const seen = [];
  for (let i = 0; i < 24 && state().station !== "clip"; i++) {
    pass(0.05);
    if (state().station === "gae")
      seen.push(
        hidden()
          .map((x) => x !== "hidden")
          .join(),
      );
  }
  assert.deepEqual([...new Set(seen)], ["false,false,false", "false,false,true", "false,true,true", "true,true,true"]);
  pass(4);
  assert.equal(state().playing, "false");
});

test("λ moves every advantage that a later surprise had reached; back as in the run", async (t) => {
  const { move, row, find, root } = await drawn(t, ofResponse());
  move("lam", 0);
  assert.deepEqual(row(1), ["−0.50", "+0.25", "+1.00"]);
  assert.equal([...root.querySelectorAll(".was")].filter((x) => !x.hidden).length, 2);
  find(".sliders button").onclick();
  assert.deepEqual(row(1), ["−0.13", "+0.75", "+1.00"]);
});

test("a setting is seen from its own sub-step on; ε takes the upper bound along", async (t) => {
  const { move, state, stepper, find } = await drawn(t, ofResponse());
  assert.equal(find("[data-column='0']").classList.contains("low"), false);
  move("epsilon", 0.1);
  assert.equal(state().station, "clip");
  assert.equal(find("[data-column='0']").classList.contains("low"), true);
  move("epsilon", 0.4);
  assert.equal(find("[data-column='0']").classList.contains("low"), false);
  assert.ok(stepper);
});

test("the range is the one that the surrogate's regions declare, at the settings as they are", async (t) => {
  const exp = (name) => ["exp", ["setting", name]];
  const own = ofResponse();
  const region = { ...own.regions[0], ratio_to: exp("low"), ratio_from: null };
  const above = { ...region, side: 1, ratio_from: exp("epsilon"), ratio_to: null, advantage: "positive" };
  const dual = { ...above, ratio_from: 1.05, advantage: "negative" }; // leaves the range of both signs as it is
  const bounded = { ...above, ratio_from: 1.1, cuts: false };
  const settings = { ...own.data.settings, low: -1 };
  const sent = { ...own, start: "clip", data: { ...own.data, settings } };
  const says = (find) => find("[data-testid=stepper-announced]").textContent;
  const both = await drawn(t, { ...sent, regions: [region, above, dual, bounded] });
  assert.match(says(both.find), /from 0.37 to 1.22/); // exp(−1) and exp(0.2)
  both.move("epsilon", 0.4);
  assert.match(says(both.find), /from 0.37 to 1.49/);
  const one = await drawn(t, { ...sent, regions: [above] });
  assert.match(says(one.find), /from none to 1.22/);
  const ofAny = [region, above].map((x) => ({ ...x, advantage: "any" })); // cut on both sides, whatever the sign
  assert.match(says((await drawn(t, { ...sent, regions: ofAny })).find), /from 0.37 to 1.22/);
});

test("a token's ratio is moved by keyboard, and its objective with it", async (t) => {
  const { find, press, row } = await drawn(t, { ...ofResponse(), start: "clip", spot: 0 });
  const dot = find("[data-testid=clip-dot]");
  assert.equal(dot.getAttribute("aria-valuenow"), "0.700");
  assert.equal(find(".clip-of").dataset.side, "-1");
  for (let i = 0; i < 15; i++) press(dot, "ArrowRight");
  assert.equal(dot.getAttribute("aria-valuenow"), "0.850");
  assert.equal(find(".clip-of").dataset.side, "0");
  assert.equal(row(1)[0], "0.85");
  assert.equal(row(2)[0], "−0.11"); // 0.85 × −0.125
});

test("a flipped reward moves every advantage of its group", async (t) => {
  const { row, find } = await drawn(t, ofGroup());
  assert.deepEqual(row(1), ["+0.50", "−0.50", "−0.50", "+0.50"]);
  find("[data-column='1']").onclick();
  assert.deepEqual(row(1), ["+0.25", "+0.25", "−0.75", "+0.25"]);
  assert.equal(find("[data-column='1']").textContent, "✓ 1");
  find("[data-column='1']").onclick();
  assert.deepEqual(row(1), ["+0.50", "−0.50", "−0.50", "+0.50"]);
});

test("a smaller group is its first responses", async (t) => {
  const { row, move, find } = await drawn(t, ofGroup());
  move("G", 3);
  assert.deepEqual(row(1), ["+0.67", "−0.33", "−0.33", "–"]);
  assert.ok(find("[data-column='3']").classList.contains("off"));
  find("[data-column='3']").onclick();
  assert.deepEqual(row(1), ["+0.67", "−0.33", "−0.33", "–"]);
});

test("one response alone is not said to learn once its reward is flipped", async (t) => {
  const { find, move, row } = await drawn(t, ofGroup());
  const says = () => find("[data-testid=stepper-announced]").textContent;
  assert.doesNotMatch(says(), /says_single/);
  move("G", 1);
  assert.match(says(), /says_single/);
  find("[data-column='0']").onclick();
  assert.deepEqual(row(1), ["0.00", "–", "–", "–"]);
  assert.match(says(), /says_single/);
});

test("arrows step from token to token and from column to column; space plays", async (t) => {
  const { find, press, state, root } = await drawn(t, ofResponse());
  const scrub = find("[data-testid=stepper-scrub]");
  press(scrub, "PageDown");
  assert.equal(scrub.value, "1");
  press(scrub, "ArrowRight");
  assert.ok(Number(scrub.value) > 1 && Number(scrub.value) < 2);
  press(scrub, " ");
  assert.equal(state().playing, "true");
  press(scrub, " ");
  assert.equal(state().playing, "false");
  const heads = [...root.querySelectorAll(".head")];
  heads[1].focus();
  press(heads[1], "ArrowRight");
  assert.equal(document.activeElement, heads[2]);
  assert.deepEqual(
    heads.map((x) => x.tabIndex),
    [-1, -1, 0],
  );
});

test("who prefers less motion gets a sub-step at a time, and no frames", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { find, state, frames } = await drawn(t, { ...ofResponse(), start: "delta" }, { isStill: true });
  find("[data-testid=stepper-play]").onclick();
  assert.equal(frames(), 0);
  t.mock.timers.tick(2700);
  assert.equal(state().station, "gae");
  assert.equal(find("[data-testid=stepper-scrub]").value, "2");
  t.mock.timers.tick(2700);
  assert.deepEqual([state().station, state().playing], ["clip", "false"]);
});
