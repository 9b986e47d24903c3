// Labels that did not reach the server before their page was left: the browser remembers them by itself, over what it has,
// in the document that loader/memory.mjs hands to the next session.

import assert from "node:assert/strict";
import { test } from "node:test";

import { keepLetters } from "#frontend/browser_memory.js";
import { KEY, read, unknown } from "#frontend/loader/memory.mjs";

import { page } from "./page.js";

const NAME = "letters/reply.00000000";
const sent = {
  pairs: Array.from({ length: 4 }, (_, i) => [`m${i}`, `a${i}`, `b${i}`]),
  ...{ first: 2, labels: "-".repeat(8), taken_back: [], epoch: 0, name: NAME, batch: 1, batches: 2 },
  words: { progress: "{n}", over: "", over_in: "" },
};

/** A browser's storage that has that document. */
function storageOf(kept) {
  const texts = new Map(kept === undefined ? [] : [[KEY, typeof kept === "string" ? kept : JSON.stringify(kept)]]);
  return { getItem: (key) => texts.get(key) ?? null, setItem: (key, text) => texts.set(key, text) };
}

async function labelled(t, keys, { storage = storageOf(), data = sent, meanwhile = () => {} } = {}) {
  const window = page(t);
  t.mock.timers.enable({ apis: ["setTimeout"] });
  Object.defineProperty(window, "localStorage", { value: storage, configurable: true });
  const { default: Labels } = await import("#frontend/lesson_labels.js");
  const root = document.createElement("div");
  const component = new Labels({ root, send: () => {} });
  component.draw(data);
  const box = root.querySelector(".labelling");
  for (const key of keys) box.dispatchEvent(new window.KeyboardEvent("keydown", { key, cancelable: true }));
  meanwhile(component, t);
  window.dispatchEvent(new window.Event("pagehide"));
  return read(storage).entries[NAME]?.[0];
}

test("a page that is reloaded as one labels keeps what the server was not told yet", async (t) => {
  const storage = storageOf({ version: 1, cleared: 0, entries: { [NAME]: ["b------a", 5], "quiz/x_1": [2, 7] } });
  assert.equal(await labelled(t, ["1", "2", "3"], { storage }), "b-ab=--a");
  const kept = read(storage);
  assert.deepEqual(kept.entries["quiz/x_1"], [2, 7]);
  assert.ok(unknown(kept, { cleared: 0, entries: {} }).entries[NAME], "the next session is told of it");
});

test("what was told and has not arrived is kept, what has arrived is left to the server", async (t) => {
  const arrives = (component, { mock }) => {
    mock.timers.tick(700);
    component.draw({ ...sent, labels: "--a-----" });
  };
  assert.equal(await labelled(t, ["1"], { meanwhile: (_, { mock }) => mock.timers.tick(700) }), "--a-----");
  t.mock.timers.reset();
  assert.equal(await labelled(t, ["1"], { meanwhile: arrives }), undefined);
});

test("a label that the server knows is kept as taken back; one that it never had leaves nothing", async (t) => {
  const first = { ...sent, first: 0, labels: "a-------" };
  const known = (component, { mock }) => {
    mock.timers.tick(700);
    component.draw({ ...first, labels: "ab------" });
    component.root.dispatchEvent(new window.KeyboardEvent("keydown", { key: "u", cancelable: true }));
  };
  assert.equal(await labelled(t, ["2"], { data: first, meanwhile: known }), "-_------");
  t.mock.timers.reset();
  assert.equal(await labelled(t, ["2", "u"], { data: first }), undefined);
});

test("a page that is no longer shown keeps nothing", async (t) => {
  assert.equal(await labelled(t, ["1"], { meanwhile: (component) => component.close() }), undefined);
});

test("what was forgotten since stays forgotten, another version's document is left alone, and so is no document", () => {
  const kept = (before, given = 10) => {
    const storage = storageOf(before);
    keepLetters(() => storage, NAME, "ab-", given);
    return storage.getItem(KEY);
  };
  const of = (more) => JSON.stringify({ version: 1, cleared: 0, entries: {}, ...more });
  assert.equal(kept(of({ cleared: 11 })), of({ cleared: 11 }));
  assert.equal(kept(of({ version: 2 })), of({ version: 2 }));
  assert.equal(kept("no JSON"), "no JSON");
  assert.deepEqual(JSON.parse(kept()).entries, { [NAME]: ["ab-", 10] });
  assert.deepEqual(JSON.parse(kept(of({ entries: { [NAME]: ["_a", 3] } }))).entries[NAME], ["ab-", 10]);
  assert.deepEqual(JSON.parse(kept(of({ entries: { [NAME]: ["b_=", 30] } }))).entries[NAME], ["ab=", 30]);
  keepLetters(
    () => {
      throw new Error("may not be used");
    },
    NAME,
    "a",
    1,
  );
});
