// The loader that hands windows of data to the lab: in their order, and it listens as long as it is on the page.

import assert from "node:assert/strict";
import { test } from "node:test";

import { turn } from "#frontend/loader/common.mjs";
import pump from "#frontend/loader/pump.mjs";

import { page } from "./page.js";

/** A pump on a page; each call's window comes when the test says so. */
function mounted(t) {
  page(t);
  const waiting = [];
  const unpack = () =>
    new Promise((resolve, reject) => {
      waiting.push({ come: (...parts) => resolve({ channel: "c", parts }), fail: () => reject(new Error("torn")) });
    });
  Object.assign(globalThis, { turn, unpack }); // common.mjs stands before each loader
  const host = document.createElement("div");
  document.body.append(host);
  const parentElement = host.attachShadow({ mode: "open" });
  const [windows, wishes] = [[], []];
  window.addEventListener("c:window", (event) => windows.push(event.detail.join()));
  const call = () =>
    pump({ parentElement, data: new Uint8Array(1), setStateValue: (_, wish) => wishes.push(wish.step) });
  const wish = (step) => window.dispatchEvent(new CustomEvent("c:want", { detail: { step } }));
  return { host, waiting, windows, wishes, call, wish };
}

test("a wish is heard until the pump has gone from the page, also between two calls", async (t) => {
  const { host, waiting, wishes, call, wish } = mounted(t);
  const first = call();
  waiting[0].come();
  const cleared = await first;
  cleared(); // Streamlit clears the first up before the next has come
  wish(3);
  assert.deepEqual(wishes, [3]);
  const second = call();
  waiting[1].come();
  const clear = await second;
  host.remove();
  cleared();
  wish(4);
  assert.deepEqual(wishes, [3, 4], "the second has taken it over");
  clear();
  wish(5);
  assert.deepEqual(wishes, [3, 4]);
});

test("windows reach the lab in the order in which they came, however long one takes to unpack", async (t) => {
  const { waiting, windows, call } = mounted(t);
  const calls = [call(), call(), call()];
  const torn = assert.rejects(calls[1], /torn/);
  waiting[2].come("new");
  waiting[1].fail();
  await new Promise(setImmediate); // whatever can be handed over by now has been
  assert.deepEqual(windows, []);
  waiting[0].come("old");
  await Promise.all([calls[0], torn, calls[2]]);
  assert.deepEqual(windows, ["old", "new"]);
});
