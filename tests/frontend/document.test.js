// The document's language, and that a page which is connected anew asks for all of its script, once.

import assert from "node:assert/strict";
import { test } from "node:test";
import { keepAnchor } from "#frontend/loader/anchor.mjs";
import mounted from "#frontend/loader/document.mjs";
import { page } from "./page.js";

Object.assign(globalThis, { keepAnchor }); // anchor.mjs stands before document.mjs

const later = () => new Promise((done) => setTimeout(done));

function opened(t) {
  const window = page(t);
  globalThis.MutationObserver = window.MutationObserver;
  document.body.innerHTML = "<div data-testid=stApp data-test-connection-state=CONNECTED><div id=host></div></div>";
  const root = document.getElementById("host").attachShadow({ mode: "open" });
  const asked = [];
  const component = {
    parentElement: root,
    data: new TextEncoder().encode("zh-TW"),
    setTriggerValue: (name) => asked.push(name),
  };
  const state = async (to) => {
    document.body.firstElementChild.setAttribute("data-test-connection-state", to);
    await later();
  };
  return { component, asked, state };
}

test("a page says its language, and asks for nothing as long as it is connected", async (t) => {
  const { component, asked } = opened(t);
  const close = mounted(component);
  await later();
  assert.equal(document.documentElement.lang, "zh-TW");
  assert.deepEqual(asked, []);
  close();
});

test("connected anew it asks for a whole run, once, however often it was drawn, and not when it is gone", async (t) => {
  const { component, asked, state } = opened(t);
  mounted(component);
  const close = mounted(component);
  for (const x of ["PINGING_SERVER", "CONNECTING"]) await state(x);
  assert.deepEqual(asked, []);
  await state("CONNECTED");
  assert.deepEqual(asked, ["reconnected"]);
  close();
  for (const x of ["PINGING_SERVER", "CONNECTED"]) await state(x);
  assert.deepEqual(asked, ["reconnected"]);
});
