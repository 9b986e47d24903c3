import assert from "node:assert/strict";
import { test } from "node:test";

import { PumpSource } from "#frontend/fallback.js";
import { Frame } from "#frontend/frame.js";
import { Latest } from "#frontend/latest.js";
import { PullSource, trim, untilNext } from "#frontend/source.js";
import { page } from "./page.js";

const turns = async (n = 20) => {
  for (let i = 0; i < n; i++) await Promise.resolve();
};

/** A pulling source whose server answers what `answers` says, one call each; a function may throw. */
function pulling(t, answers, state = {}) {
  page(t);
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const asked = [];
  t.mock.method(globalThis, "fetch", async (address, options) => {
    asked.push({ address, ...options });
    const answer = answers[Math.min(asked.length, answers.length) - 1];
    if (answer instanceof Error) throw answer;
    return await answer;
  });
  const events = [];
  const on = Object.fromEntries(
    ["onLive", "onMissing", "onTrouble", "onUnreachable"].map((name) => [name, (x) => events.push([name, x])]),
  );
  const source = new PullSource("", "run 1", {
    ...on,
    isActive: () => state.active ?? true,
    isBeginning: () => state.beginning ?? false,
    cursor: () => state.cursor ?? 7,
  });
  t.after(() => source.close());
  return { source, asked, events };
}
const answer = (status, body, etag = null) => ({
  status,
  ok: status < 300,
  json: async () => body,
  headers: { get: () => etag },
});

test("what was under way when updates were paused changes nothing, and is asked for again when they go on", async (t) => {
  let come = (_) => {};
  const late = new Promise((resolve) => {
    come = resolve;
  });
  const { source, asked, events } = pulling(t, [late, answer(200, { rows: [1] }, '"e1"')]);
  source.pause(true);
  come(answer(200, { rows: [1] }, '"e1"'));
  await turns();
  t.mock.timers.tick(5000);
  await turns();
  assert.deepEqual(events, []);
  assert.equal(asked.length, 1);
  source.pause(false);
  await turns();
  assert.deepEqual(asked[1].headers, {});
  assert.deepEqual(events.at(-1), ["onLive", { rows: [1] }]);
});

test("a pull asks from the cursor on, names the last answer, and waits a second", async (t) => {
  const { asked, events } = pulling(t, [answer(200, { rows: [1] }, '"e1"'), answer(304)]);
  await turns();
  assert.equal(asked[0].address, "/api/runs/run%201/live?since=7");
  assert.deepEqual(events, [
    ["onTrouble", null],
    ["onLive", { rows: [1] }],
  ]);
  t.mock.timers.tick(900);
  await turns();
  assert.equal(asked.length, 1);
  t.mock.timers.tick(101);
  await turns();
  assert.deepEqual(asked[1].headers, { "If-None-Match": '"e1"' });
});

test("the pace: a second, five where nothing can come, doubled by each failure up to fifteen", () => {
  assert.equal(untilNext({ active: true, failures: 0, took: 200 }), 800);
  assert.equal(untilNext({ active: false, failures: 0, took: 0 }), 5000);
  assert.deepEqual(
    [1, 2, 3, 9].map((failures) => untilNext({ active: true, failures, took: 0 })),
    [2000, 4000, 8000, 15000],
  );
  assert.equal(untilNext({ active: true, failures: 0, took: 5000 }), 100);
  assert.deepEqual(
    [0, 1].map((failures) => untilNext({ active: true, beginning: true, failures, took: 0 })),
    [250, 500],
  );
});

test("before the first step a pull comes four times a second", async (t) => {
  const { asked } = pulling(t, [answer(304)], { beginning: true });
  await turns();
  t.mock.timers.tick(260);
  await turns();
  assert.equal(asked.length, 2);
});

test("only one pull at a time", async (t) => {
  let done;
  const { source, asked } = pulling(t, [new Promise((x) => (done = x))]);
  source.pull();
  source.pull();
  await turns();
  assert.equal(asked.length, 1);
  done(answer(304));
});

test("a server that never answered is unreachable; one that answered before is trouble", async (t) => {
  const state = { cursor: 0 };
  const { events } = pulling(t, [new Error("down")], state);
  await turns();
  t.mock.timers.tick(2000);
  await turns();
  assert.deepEqual(
    events.map(([name]) => name),
    ["onTrouble", "onUnreachable"],
  );
  state.cursor = 5;
  t.mock.timers.tick(4000);
  await turns();
  assert.equal(events.at(-1)[0], "onTrouble");
});

test("a run that is gone is asked for no more; a refusal is said and tried again", async (t) => {
  const { asked, events } = pulling(t, [answer(503, { error: "busy" }), answer(404, { error: "gone" })]);
  await turns();
  assert.deepEqual(events.at(-1), ["onTrouble", "busy"]);
  t.mock.timers.tick(2000);
  await turns();
  assert.deepEqual(events.at(-1), ["onMissing", "gone"]);
  t.mock.timers.tick(60_000);
  await turns();
  assert.equal(asked.length, 2);
});

test("paused or unseen, nothing is asked; seen again, at once", async (t) => {
  const { source, asked } = pulling(t, [answer(304)]);
  await turns();
  source.pause(true);
  t.mock.timers.tick(10_000);
  await turns();
  assert.equal(asked.length, 1);
  source.pause(false);
  await turns();
  assert.equal(asked.length, 2);
  Object.defineProperty(document, "hidden", { value: true, configurable: true });
  t.mock.timers.tick(10_000);
  await turns();
  assert.equal(asked.length, 2);
  Object.defineProperty(document, "hidden", { value: false });
  document.dispatchEvent(new Event("visibilitychange"));
  await turns();
  assert.equal(asked.length, 3);
});

test("the same step is asked for once, and again after a failure", async (t) => {
  const { source, asked } = pulling(t, [answer(304), answer(500, {}), answer(200, { step: 3 })]);
  await turns();
  await assert.rejects(source.step(3, "r"));
  assert.deepEqual(await source.step(3, "r"), { step: 3 });
  assert.deepEqual(await source.step(3, "r"), { step: 3 });
  assert.equal(asked.length, 3);
  assert.equal(asked[2].address, "/api/runs/run%201/steps/3?revision=r");
});

test("the oldest answers are let go", () => {
  const map = new Map([1, 2, 3, 4].map((x) => [x, x]));
  trim(map, 2);
  assert.deepEqual([...map.keys()], [3, 4]);
});

test("wishes that passed by while one was being fetched are never fetched", async () => {
  const [fetched, shown, waiting] = [[], [], []];
  let wish = { name: "a" };
  const latest = new Latest({
    wish: () => wish,
    fetch: ({ name }) => {
      fetched.push(name);
      return new Promise((done) => waiting.push(() => done(name)));
    },
    show: (fetched) => shown.push(fetched),
    onTrouble: () => assert.fail("no trouble"),
  });
  latest.run();
  for (const name of ["b", "c"]) {
    wish = { name };
    latest.run();
  }
  waiting.shift()();
  await turns();
  assert.deepEqual(fetched, ["a", "c"]);
  waiting.shift()();
  await turns();
  assert.deepEqual(shown, ["a", "c"]);
  latest.run(); // on show already
  assert.deepEqual(fetched, ["a", "c"]);
});

test("what could not be fetched is trouble, and is tried again", async () => {
  const answers = [Promise.reject(new Error("down")), Promise.resolve(null), Promise.resolve("found")];
  const [shown, troubles] = [[], []];
  const latest = new Latest({
    wish: () => ({ name: "a" }),
    fetch: () => answers.shift(),
    show: (fetched) => shown.push(fetched),
    onTrouble: () => troubles.push(1),
  });
  await latest.run();
  assert.deepEqual([troubles.length, shown], [1, []]);
  await latest.run(); // there is no such thing: no trouble, nothing to show
  assert.deepEqual([troubles.length, shown], [1, []]);
  await latest.run();
  assert.deepEqual([troubles.length, shown], [1, ["found"]]);
});

test("however often something changes, a frame is drawn once; a stopped one not at all", (t) => {
  page(t);
  const frames = new Map();
  globalThis.requestAnimationFrame = (draw) => frames.set(frames.size + 1, draw) && frames.size;
  globalThis.cancelAnimationFrame = (id) => frames.delete(id);
  let drawn = 0;
  const frame = new Frame(() => drawn++);
  frame.ask();
  frame.ask();
  for (const draw of frames.values()) draw();
  assert.equal(drawn, 1);
  frames.clear();
  frame.ask();
  frame.stop();
  for (const draw of frames.values()) draw();
  assert.equal(drawn, 1);
});

/** A source that hears of windows through Streamlit; `wants` are what it asked for, `rows` what steps are called. */
function pumped(t, rows = {}) {
  page(t);
  const [events, wants] = [[], []];
  const on = Object.fromEntries(
    ["onLive", "onMissing", "onTrouble"].map((name) => [name, (x) => events.push([name, x])]),
  );
  window.addEventListener("c:want", (event) => wants.push(event.detail));
  const source = new PumpSource("c", { ...on, revision: (step) => rows[step] ?? "" });
  t.after(() => source.close());
  const send = (...parts) => window.dispatchEvent(new CustomEvent("c:window", { detail: parts }));
  return { source, events, wants, send };
}

test("through Streamlit: a window brings all rows, and answers who waits for its step", async (t) => {
  const { source, events, wants, send } = pumped(t, { 4: "r2" });
  const waiting = source.step(4, "r2");
  assert.equal(source.step(4, "r2"), waiting);
  assert.deepEqual(wants.at(-1), { step: 4 });
  send({ kind: "step", body: { step: 4, revision: "r1" } }, { kind: "live", body: { rows: [] } });
  assert.deepEqual(events, [
    ["onTrouble", null],
    ["onLive", { rows: [], whole: true }],
  ]);
  send({ kind: "step", body: { step: 4, revision: "r2" } });
  assert.equal((await waiting).revision, "r2");
});

test("through Streamlit: paused, rows are let go by; closed, everything", (t) => {
  const { source, events, wants, send } = pumped(t);
  source.pause(true);
  assert.equal(wants.at(-1).paused, true);
  send({ kind: "live", body: { rows: [] } });
  assert.deepEqual(events, []);
  send({ kind: "missing", error: "gone" });
  assert.deepEqual(events, [["onMissing", "gone"]]);
  source.close();
  send({ kind: "trouble", error: "busy" });
  assert.equal(events.length, 1);
});

test("through Streamlit: while following, the newest step is there before it is asked for", async (t) => {
  const { source, wants, send } = pumped(t);
  source.follow(true, null);
  const before = wants.length;
  source.follow(true, null);
  assert.equal(wants.length, before);
  send({ kind: "step", body: { step: 9, revision: "r" } });
  assert.equal((await source.step(9, "r")).step, 9);
});

test("through Streamlit: what is of another revision takes nobody's place", async (t) => {
  const { source, send } = pumped(t, { 9: "new" });
  source.follow(true, null);
  const waiting = source.step(9, "new");
  source.step(9, "old").catch(() => {});
  send({ kind: "step", body: { step: 9, revision: "old" } });
  send({ kind: "step", body: { step: 9, revision: "new" } });
  assert.equal((await waiting).revision, "new");
  assert.equal((await source.step(9, "old")).revision, "old");
});

test("through Streamlit: rows that call a step otherwise end the wait for what it was", async (t) => {
  const rows = { 9: "one" };
  const { source, send } = pumped(t, rows);
  source.follow(true, null);
  const [waiting, still] = [source.step(9, "one"), source.group(9, 2, "one-two")];
  rows[9] = "one-two"; // the second learner made it, too
  send({ kind: "step", body: { step: 9, revision: "one-two" } }, { kind: "live", body: {} });
  await assert.rejects(waiting, /nothing of this revision/);
  assert.equal((await source.step(9, "one-two")).step, 9);
  send({ kind: "group", body: { step: 9, group: 2, revision: "one-two" } });
  assert.equal((await still).group, 2);
});

test("through Streamlit: a board that is paused takes the step as it is", async (t) => {
  const { source, send } = pumped(t, { 3: "was" });
  source.pause(true);
  const waiting = source.step(3, "was");
  send({ kind: "step", body: { step: 3, revision: "is" } });
  assert.equal((await waiting).revision, "is");
});

test("through Streamlit: who waits for an answer is never let go, however many others came", async (t) => {
  const { source, send } = pumped(t, { 1: "r" });
  source.follow(true, null);
  const waiting = source.step(1, "r");
  for (let step = 2; step < 100; step++) send({ kind: "step", body: { step, revision: "r" } });
  send({ kind: "step", body: { step: 1, revision: "r" } });
  assert.equal((await waiting).step, 1);
});

test("what does not come holds nothing up once something else is wished for", async (t) => {
  const { source, send } = pumped(t, { 3: "r", 8: "r" });
  const now = t.mock.method(performance, "now", () => 0).mock;
  let wish = { name: "3", step: 3 };
  const [shown, troubles] = [[], []];
  const latest = new Latest({
    wish: () => wish,
    fetch: ({ step }) => source.step(step, "r"),
    show: ({ step }) => shown.push(step),
    onTrouble: () => troubles.push(1),
    abandon: () => source.abandon(),
  });
  latest.run(); // Python is busy: no answer
  wish = { name: "8", step: 8 };
  latest.run(); // it may be under way
  send({ kind: "step", body: { step: 8, revision: "r" } });
  await turns();
  assert.deepEqual(shown, []);
  now.mockImplementation(() => 2000);
  latest.run();
  await turns();
  send({ kind: "step", body: { step: 8, revision: "r" } });
  await turns();
  assert.deepEqual([shown, troubles], [[8], []]);
});

test("what does not come gives way to the last step that was made, of which nobody hears again", async (t) => {
  const { source, send } = pumped(t, { 3: "r", 8: "r" });
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const now = t.mock.method(performance, "now", () => 0).mock;
  let wish = { name: "3", step: 3 };
  const shown = [];
  const latest = new Latest({
    wish: () => wish,
    fetch: ({ step }) => source.step(step, "r"),
    show: ({ step }) => shown.push(step),
    onTrouble: () => {},
    abandon: () => source.abandon(),
  });
  source.follow(true, null);
  latest.run();
  wish = { name: "8", step: 8 };
  send({ kind: "step", body: { step: 8, revision: "r" } });
  latest.run();
  await turns();
  assert.deepEqual(shown, [], "it may be under way");
  now.mockImplementation(() => 1000);
  t.mock.timers.tick(1000);
  await turns();
  assert.deepEqual(shown, [8]);
});
