// The board in a notebook: wishes go to Python, windows of data come back in the order in which they were sent.

import assert from "node:assert/strict";
import { test } from "node:test";

import { unpack, unzipped } from "#frontend/loader/common.mjs";
import { bridge, Held } from "#frontend/loader/notebook.mjs";
import { page } from "./page.js";

Object.assign(globalThis, { unpack, unzipped }); // common.mjs stands before each loader

/** A window of data as Python sends it: a DataView into a larger buffer. @param {unknown} body @param {number} padding */
async function packed(body, padding) {
  const stream = new Blob([JSON.stringify(body)]).stream().pipeThrough(new CompressionStream("gzip"));
  const zipped = new Uint8Array(await new Response(stream).arrayBuffer());
  const parts = [
    { kind: "live", bytes: zipped.length },
    { kind: "trouble", error: "why" },
  ];
  const line = new TextEncoder().encode(`${JSON.stringify({ channel: "c", parts })}\n`);
  const all = new Uint8Array(padding + line.length + zipped.length);
  all.set(line, padding);
  all.set(zipped, padding + line.length);
  return new DataView(all.buffer, padding);
}

test("what the lab wishes for is sent, what comes is handed on, and nothing once it is closed", async (t) => {
  const { CustomEvent } = page(t);
  const sent = [];
  const listeners = new Set();
  const nothing = new DataView(new ArrayBuffer(0));
  const on = (_, f) => listeners.add(f);
  const model = { get: () => nothing, send: (x) => sent.push(x), on, off: (_, f) => listeners.delete(f) };
  const windows = [];
  window.addEventListener("c:window", ({ detail }) => windows.push(detail));
  const stop = bridge(model, "c");
  window.dispatchEvent(new CustomEvent("c:want", { detail: { step: 3 } }));
  window.dispatchEvent(new CustomEvent("other:want", { detail: { step: 4 } }));
  assert.deepEqual(sent, [{ wanted: { step: 3 } }]);
  const large = await packed({ rows: Array.from({ length: 20_000 }, (_, i) => i) }, 7);
  const small = await packed({ rows: [1] }, 0);
  for (const data of [large, small]) for (const take of listeners) take({}, [data]);
  for (let i = 0; windows.length < 2 && i < 500; i++) await new Promise((done) => setTimeout(done, 10));
  assert.deepEqual(
    windows.map(([live, trouble]) => [live.body.rows.length, trouble.error]),
    [
      [20_000, "why"],
      [1, "why"],
    ],
  );
  stop();
  assert.equal(listeners.size, 0);
  window.dispatchEvent(new CustomEvent("c:want", { detail: { step: 5 } }));
  assert.equal(sent.length, 1);
});

test("what was handed over is there again while Python does not answer", () => {
  const held = new Held();
  assert.deepEqual(held.answer({}), []);
  const live = (...steps) => ({ kind: "live", body: { rows: steps.map((step) => ({ step })) } });
  const step = (number) => ({ kind: "step", body: { step: number, telling: 2 } });
  const group = (number, which) => ({ kind: "group", body: { step: number, group: which } });
  held.take([group(0, 2), step(0), live(0)]);
  held.take([group(1, 2), step(1), live(0, 1)]);
  assert.deepEqual(held.answer({}), [group(1, 2), step(1), live(0, 1)]); // the newest
  assert.deepEqual(held.answer({ step: 0 }), [group(0, 2), step(0), live(0, 1)]);
  assert.deepEqual(held.answer({ step: 0, group: 3 }), [step(0), live(0, 1)]); // was never handed over
  assert.deepEqual(held.answer({ step: 7 }), [live(0, 1)]);
  for (let i = 2; i < 300; i++) held.take([group(i, 2), step(i), live(i)]);
  assert.deepEqual(held.answer({ step: 0 }), [live(299)]); // the oldest went
  assert.equal(held.answer({ step: 250 }).length, 3);
});

test("what was not handed over is said to come later, once it is late, and until it is there", async (t) => {
  const { CustomEvent } = page(t);
  t.mock.timers.enable({ apis: ["setInterval"] });
  const now = t.mock.method(performance, "now", () => 0).mock;
  const nothing = new DataView(new ArrayBuffer(0));
  const listeners = new Set();
  const model = { get: () => nothing, send() {}, on: (_, f) => listeners.add(f), off() {} };
  const windows = [];
  window.addEventListener("c:window", ({ detail }) => windows.push(detail));
  const stop = bridge(model, "c", "Python is busy");
  const want = (detail) => window.dispatchEvent(new CustomEvent("c:want", { detail }));
  want({ follow: true });
  now.mockImplementation(() => 5000);
  t.mock.timers.tick(5000);
  assert.deepEqual(windows, []); // the newest comes by itself
  want({ follow: false, step: 3 });
  t.mock.timers.tick(1500);
  assert.deepEqual(windows, []); // it may be under way
  now.mockImplementation(() => 7000);
  t.mock.timers.tick(1500);
  assert.deepEqual(windows, [[{ kind: "trouble", error: "Python is busy" }]]);
  want({ follow: true });
  t.mock.timers.tick(3000);
  assert.equal(windows.length, 1);
  stop();
});
