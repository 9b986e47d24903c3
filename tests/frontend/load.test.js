// A component's loader: what is drawn goes with its place on the page, and not because another call is on its way.

import assert from "node:assert/strict";
import { test } from "node:test";

import { load } from "#frontend/loader/common.mjs";

import { page } from "./page.js";

function mounted(t) {
  page(t);
  const host = document.createElement("div");
  document.body.append(host);
  const cleared = [];
  const component = { parentElement: host.attachShadow({ mode: "open" }), data: new TextEncoder().encode("{}") };
  const served = () => ({ main: "data:text/javascript,export default null" });
  const call = (name) =>
    load(component, { served, inline: served, draw: () => Promise.resolve(() => cleared.push(name)) });
  return { host, cleared, call };
}

test("a call that is cleared up before the next one has come takes away nothing that stays on the page", async (t) => {
  const { host, cleared, call } = mounted(t);
  const first = await call("first");
  first();
  assert.deepEqual(cleared, []);
  const second = await call("second");
  host.remove();
  first();
  assert.deepEqual(cleared, [], "the second has taken it over");
  second();
  assert.deepEqual(cleared, ["second"]);
});
