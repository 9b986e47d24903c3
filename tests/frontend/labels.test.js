// Labelling: keys and clicks label the pair that stands there, the next one comes at once, and the server is told a moment
// later of all labels; what it says afterwards never takes a newer label away.

import assert from "node:assert/strict";
import { test } from "node:test";

import { page } from "./page.js";

const words = Object.fromEntries("title hint neither undo next".split(" ").map((x) => [x, x]));
Object.assign(words, { progress: "{n}/{all} {batch}/{batches}", over: "all {all}", over_in: "{all} in {seconds} s" });
const pairs = Array.from({ length: 4 }, (_, i) => [`m${i}`, `<b>a${i}</b>`, `b${i}`]);
const sent = (more = {}) => ({
  pairs,
  first: 2,
  labels: "-".repeat(8),
  taken_back: [],
  epoch: 0,
  name: "letters/reply.00000000",
  batch: 1,
  batches: 2,
  words,
  ...more,
});

async function drawn(t, first = sent()) {
  const window = page(t);
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { default: Labels } = await import("#frontend/lesson_labels.js");
  const root = document.createElement("div");
  document.body.append(root);
  const calls = [];
  const component = new Labels({ root, send: (event, value) => calls.push([event, value]) });
  component.draw(first);
  const find = (selector) => root.querySelector(selector);
  const key = (name, target = find(".labelling"), more = {}) => {
    const event = new window.KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true, ...more });
    target.dispatchEvent(event);
    return event;
  };
  const message = () => find(".message").textContent;
  return { component, find, key, message, calls, root };
}

test("a key labels the pair, the next one stands there, and nobody is told yet", async (t) => {
  const { find, key, message, calls } = await drawn(t);
  assert.equal(message(), "m0");
  assert.equal(find(".reply").textContent, "<b>a0</b>", "text is text");
  assert.equal(find(".reply b"), null);
  for (const [name, next] of [
    ["ArrowLeft", "m1"],
    ["2", "m2"],
    ["3", "m3"],
  ]) {
    assert.equal(key(name).defaultPrevented, true, "the page does not scroll");
    assert.equal(message(), next);
  }
  assert.equal(find(".count").textContent, "3/4 1/2");
  assert.deepEqual(calls, []);
  t.mock.timers.tick(699);
  assert.deepEqual(calls, []);
  t.mock.timers.tick(1);
  assert.deepEqual(calls, [["picked", "--ab=---"]]);
});

test("the last label of a batch is told at once, with the time it took; the next batch is asked for", async (t) => {
  const { find, key, calls } = await drawn(t);
  for (const name of ["1", "1", "2", "ArrowRight"]) key(name);
  assert.deepEqual(calls, [["picked", "--aabb--"]]);
  assert.equal(find(".pair").hidden, true);
  assert.match(find(".over").textContent, /^4 in \d+ s$/);
  find("[data-testid=labels-next]").click();
  assert.deepEqual(calls.at(-1), ["pressed", 2]);
  t.mock.timers.tick(5000);
  assert.equal(calls.length, 2, "and is not told again");
  key("1");
  assert.equal(calls.length, 2, "there is nothing left to label");
});

test("a double click labels one pair", async (t) => {
  const { find, message } = await drawn(t);
  for (const detail of [1, 2]) {
    find("[data-testid=labels-a]").dispatchEvent(new window.MouseEvent("click", { detail, bubbles: true }));
  }
  assert.equal(message(), "m1");
});

test("clicks label, undo takes the last one back, by key or button, and not more than was given", async (t) => {
  const { find, key, message, calls } = await drawn(t, sent({ labels: "--b-----" }));
  assert.equal(message(), "m1", "what is labelled already is not asked again");
  find("[data-testid=labels-b]").click();
  find("[data-testid=labels-a]").click();
  assert.equal(message(), "m3");
  key("Backspace");
  assert.equal(message(), "m2");
  find("[data-testid=labels-undo]").click();
  assert.equal(message(), "m1");
  assert.equal(find("[data-testid=labels-undo]").disabled, true);
  key("u");
  assert.equal(message(), "m1");
  t.mock.timers.tick(700);
  assert.deepEqual(calls.at(-1), ["picked", "--b-----"]);
});

test("a held key labels once, one with Ctrl is the browser's, and so is a space on a button", async (t) => {
  const { find, key, message } = await drawn(t);
  key("1");
  key("1", undefined, { repeat: true });
  assert.equal(message(), "m1");
  assert.equal(key("1", undefined, { ctrlKey: true }).defaultPrevented, false);
  assert.equal(key(" ", find("[data-testid=labels-a]")).defaultPrevented, false);
  assert.equal(message(), "m1");
});

test("what the server says is older than what is labelled here, and it is told once more what it lacks", async (t) => {
  const { component, key, message, calls } = await drawn(t);
  component.draw(sent({ labels: "--a-----" })); // the browser's memory came late
  assert.equal(message(), "m1");
  key("2");
  t.mock.timers.tick(700);
  assert.deepEqual(calls, [["picked", "--ab----"]]);
  component.draw(sent({ labels: "--a-----" })); // of a rerun that had begun before, or after a lost connection
  assert.equal(message(), "m2");
  t.mock.timers.tick(700);
  assert.deepEqual(calls, Array(2).fill(["picked", "--ab----"]));
  component.draw(sent({ labels: "--a-----" }));
  t.mock.timers.tick(5000);
  assert.equal(calls.length, 2);
  for (let i = 0; i < 20; i += 1) {
    t.mock.timers.tick(6000);
    component.draw(sent({ labels: "--a-----" }));
  }
  assert.equal(calls.length, 7, "a server that does not take them is not told for ever");
});

test("what got lost on its way is told again, though the server says nothing", async (t) => {
  const { component, key, calls } = await drawn(t);
  key("1");
  t.mock.timers.tick(700);
  assert.deepEqual(calls, [["picked", "--a-----"]]);
  t.mock.timers.tick(6000);
  assert.deepEqual(calls, Array(2).fill(["picked", "--a-----"]));
  component.draw(sent({ labels: "--a-----" }));
  t.mock.timers.tick(60000);
  assert.equal(calls.length, 2, "it came");
  key("2");
  t.mock.timers.tick(700);
  component.close();
  t.mock.timers.tick(60000);
  assert.equal(calls.length, 3, "nobody tells from a page that was left");
});

test("a reset takes all away, also what was not told yet", async (t) => {
  const { component, key, message, calls, find } = await drawn(t);
  key("1");
  component.draw(sent({ epoch: 1 }));
  assert.equal(message(), "m0");
  assert.equal(find("[data-testid=labels-undo]").disabled, true);
  t.mock.timers.tick(5000);
  assert.deepEqual(calls, []);
});

test("leaving the page tells what was not told yet", async (t) => {
  const { component, key, calls } = await drawn(t);
  key("1");
  component.close();
  assert.deepEqual(calls, [["picked", "--a-----"]]);
});

test("what another tab labelled meanwhile is taken over, and is not taken back by what is told here", async (t) => {
  const { component, key, calls, message } = await drawn(t);
  key("1");
  t.mock.timers.tick(700);
  component.draw(sent({ labels: "--a-b---" })); // the other tab's came in
  assert.equal(message(), "m1");
  key("2");
  assert.equal(message(), "m3", "the other tab's pair is not asked again");
  t.mock.timers.tick(700);
  assert.deepEqual(calls.at(-1), ["picked", "--abb---"]);
});

test("a label that the server knows is taken back by a sign of its own", async (t) => {
  const { component, key, calls } = await drawn(t);
  key("1");
  t.mock.timers.tick(700);
  component.draw(sent({ labels: "--a-----" }));
  key("Backspace");
  t.mock.timers.tick(700);
  assert.deepEqual(calls.at(-1), ["picked", "--_-----"]);
  component.draw(sent({ labels: "--------" }));
  t.mock.timers.tick(5000);
  assert.equal(calls.length, 2);
});

test("what another tab took back after it was told from here stays so, and is not told again", async (t) => {
  const { component, key, calls, message, find } = await drawn(t);
  key("1");
  t.mock.timers.tick(700);
  component.draw(sent({ labels: "--a-----" }));
  component.draw(sent({ taken_back: [2] })); // the other tab's undo
  assert.equal(message(), "m0");
  assert.equal(find("[data-testid=labels-undo]").disabled, true);
  t.mock.timers.tick(5000);
  assert.equal(calls.length, 1);
  key("2");
  t.mock.timers.tick(700);
  component.draw(sent({ taken_back: [2] })); // of a rerun that had begun before
  assert.equal(message(), "m1", "the newer label stays");
});
