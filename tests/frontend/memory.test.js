// What the browser keeps of a person's answers: merged by entry, cleared for good, and never in the way.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import component, { KEY, merged, read, unknown, VERSION, write } from "#frontend/loader/memory.mjs";
import { page } from "./page.js";

function storage(text = null) {
  const kept = new Map(text === null ? [] : [[KEY, text]]);
  return {
    kept,
    getItem: (name) => kept.get(name) ?? null,
    setItem: (name, value) => kept.set(name, String(value)),
  };
}

const doc = (entries, cleared = 0) => ({ cleared, entries });

test("what was written is read, and other texts are nothing", () => {
  const place = storage();
  write(place, doc({ "quiz/a": [2, 10] }));
  assert.deepEqual(JSON.parse(place.kept.get(KEY)), { version: VERSION, cleared: 0, entries: { "quiz/a": [2, 10] } });
  assert.deepEqual(read(place), doc({ "quiz/a": [2, 10] }));
  for (const text of [null, "", "{", "7", "null", "[]", '"x"', '{"entries": 3}']) {
    assert.deepEqual(read(storage(text)), doc({}), text);
  }
});

test("entries that are none are left out", () => {
  const entries = { good: ["3/4", 5], list: [[1], 5], object: [{}, 5], late: [1, "x"], short: [1], none: null };
  const text = JSON.stringify({ version: VERSION, cleared: "x", entries });
  assert.deepEqual(read(storage(text)), doc({ good: ["3/4", 5] }));
});

test("a document of a newer version is left alone", () => {
  const place = storage(JSON.stringify({ version: VERSION + 1, things: 1 }));
  assert.equal(read(place), null);
  const before = place.kept.get(KEY);
  run(place, { asks: true, cleared: 0, entries: { "quiz/a": [1, 1] } });
  assert.equal(place.kept.get(KEY), before);
});

test("of an entry that two tabs gave, the newer counts", () => {
  const both = merged(doc({ a: [1, 10], b: [1, 10] }), doc({ a: [2, 20], b: [2, 5], c: [3, 1] }));
  assert.deepEqual(both, doc({ a: [2, 20], b: [1, 10], c: [3, 1] }));
});

test("what was forgotten does not come back from another tab", () => {
  const cleared = merged(doc({ a: [1, 10] }), doc({}, 15));
  assert.deepEqual(cleared, doc({}, 15));
  assert.deepEqual(merged(cleared, doc({ a: [1, 10], b: [2, 16] })), doc({ b: [2, 16] }, 15));
});

test("an answer that was taken back stays taken back", () => {
  assert.deepEqual(merged(doc({ a: [1, 10] }), doc({ a: [null, 11] })), doc({ a: [null, 11] }));
});

test("of too many entries the oldest go", () => {
  const many = Object.fromEntries(Array.from({ length: 600 }, (_, i) => [`quiz/${i}`, [i, i + 1]]));
  const kept = Object.keys(merged(doc({}), doc(many)).entries);
  assert.equal(kept.length, 500);
  assert.ok(kept.includes("quiz/599") && !kept.includes("quiz/99"));
});

test("only what the session lacks is news", () => {
  assert.equal(unknown(doc({ a: [1, 10] }), doc({ a: [1, 10] })), null);
  assert.deepEqual(unknown(doc({ a: [1, 10], b: [2, 11] }), doc({ a: [0, 9], b: [2, 11] })), doc({ a: [1, 10] }));
});

function run(place, sent) {
  const states = [];
  const silent = { addEventListener() {}, removeEventListener() {} };
  define("window", { localStorage: place, ...silent });
  define("document", silent);
  const data = new TextEncoder().encode(JSON.stringify(sent));
  component({ parentElement: {}, data, setStateValue: (name, value) => states.push([name, value]) });
  return states;
}

function define(name, value) {
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
}

/** A tab's memory of a document, and what another tab does to it. */
function tab(t, key) {
  const window = page(t);
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const root = document.createElement("div");
  const app = document.createElement("div");
  document.body.append(root, app);
  const seen = { hidden: false };
  Object.defineProperty(document, "hidden", { get: () => seen.hidden, configurable: true });
  const news = [];
  let end;
  const draw = (entries, asks = true) => {
    const data = new TextEncoder().encode(JSON.stringify({ asks, key, cleared: 0, entries }));
    const ended = component({
      parentElement: asks ? root : document.createElement("i"),
      data,
      setStateValue: (_name, value) => news.push(value.entries),
    });
    if (asks) end = ended;
  };
  const pass = (ms = 400) => t.mock.timers.tick(ms);
  const other = (entries) => {
    write(window.localStorage, merged(read(window.localStorage, key), doc(entries)), key);
    window.dispatchEvent(new window.StorageEvent("storage", { key }));
  };
  const forget = (cleared) => {
    write(window.localStorage, merged(read(window.localStorage, key), doc({}, cleared)), key);
    window.dispatchEvent(new window.StorageEvent("storage", { key }));
  };
  const look = (is) => {
    seen.hidden = !is;
    document.dispatchEvent(new window.Event("visibilitychange"));
  };
  const busy = (is) => app.setAttribute("data-test-script-state", is ? "running" : "notRunning");
  return { news, draw, pass, other, forget, look, busy, end: () => end() };
}

test("what another tab adds comes by itself where the tab is seen, once", (t) => {
  const { news, draw, pass, other } = tab(t, "seen");
  draw({ "text/1": ["a", 1] });
  other({ "text/2": ["b", 2] });
  assert.deepEqual(news, [], "not amid another's words");
  pass();
  assert.deepEqual(news, [{ "text/2": ["b", 2] }]);
  other({});
  pass();
  assert.equal(news.length, 1, "what the session refuses, it is told once");
  draw({ "text/1": ["a", 1], "text/2": ["b", 2] });
  other({ "text/3": ["c", 3] });
  pass();
  assert.deepEqual(news.at(-1), { "text/3": ["c", 3] });
  assert.equal(news.length, 2, "it was drawn twice, and listens once");
});

test("a tab that is not seen hears of it when it is", (t) => {
  const { news, draw, pass, other, look } = tab(t, "hidden");
  draw({});
  look(false);
  other({ "text/1": ["a", 1] });
  pass();
  assert.deepEqual(news, []);
  look(true);
  pass();
  assert.deepEqual(news, [{ "text/1": ["a", 1] }]);
});

test("nothing is passed on while the page's script runs, nor by a component that is gone", (t) => {
  const { news, draw, pass, other, busy, end } = tab(t, "busy");
  draw({});
  busy(true);
  other({ "text/1": ["a", 1] });
  pass(5000);
  assert.deepEqual(news, []);
  busy(false);
  pass();
  assert.equal(news.length, 1);
  end();
  other({ "text/2": ["b", 2] });
  pass();
  assert.equal(news.length, 1);
});

test("what this tab itself has said since is no news to it", (t) => {
  const { news, draw, pass, look } = tab(t, "own");
  draw({});
  draw({ "quiz/a": [1, 5] }, false); // in a fragment: the page's own memory is not drawn anew
  look(true);
  pass();
  assert.deepEqual(news, []);
});

test("what another tab had forgotten is passed on where the session still knows some of it, once", (t) => {
  const { news, draw, pass, forget } = tab(t, "forgotten");
  draw({ "text/1": ["a", 1] });
  forget(5);
  pass();
  assert.deepEqual(news, [{}]);
  draw({ "text/2": ["b", 6] });
  forget(5);
  pass();
  assert.equal(news.length, 1, "what is newer was not forgotten");
});

test("what is forgotten is so in the shelves, too, whose pages are not open", () => {
  const shelf = { version: VERSION, ...doc({ "text/1": ["a", 1], "text/2": ["b", 9] }) };
  const place = storage();
  Object.assign(place, { "credit-lab-labels": "", "credit-lab-new": "", theirs: "" }); // as Object.keys of a real one
  place.kept.set("credit-lab-labels", JSON.stringify(shelf));
  place.kept.set("credit-lab-new", JSON.stringify({ version: VERSION + 1 }));
  place.kept.set("theirs", "x");
  run(place, { asks: true, cleared: 5, entries: {} });
  assert.deepEqual(read(place, "credit-lab-labels"), doc({ "text/2": ["b", 9] }, 5));
  assert.deepEqual(JSON.parse(place.kept.get("credit-lab-new")), { version: VERSION + 1 });
  assert.equal(place.kept.get("theirs"), "x");
});

test("what claims to be of the future is nothing: it would be newer than all that is said after it", () => {
  const [soon, late] = [Date.now() + 60_000, Date.now() + 10 * 86_400_000];
  const stored = (cleared) => JSON.stringify({ version: VERSION, cleared, entries: { a: [1, late], b: [2, soon] } });
  for (const cleared of [late, 1e300, "Infinity"])
    assert.deepEqual(read(storage(stored(cleared))), doc({ b: [2, soon] }));
});

test("the page's own memory asks once for what only the browser knows; others never ask", () => {
  const place = storage(JSON.stringify({ version: VERSION, cleared: 0, entries: { "quiz/a": [1, 10] } }));
  const news = [["kept", { ...doc({ "quiz/a": [1, 10] }), session: "one" }]];
  assert.deepEqual(run(place, { asks: true, session: "one", cleared: 0, entries: {} }), news);
  assert.deepEqual(run(place, { asks: true, cleared: 0, entries: { "quiz/a": [1, 10] } }), []);
  assert.deepEqual(run(place, { asks: false, cleared: 0, entries: { "quiz/b": [2, 12] } }), []);
  assert.deepEqual(read(place).entries, { "quiz/a": [1, 10], "quiz/b": [2, 12] });
});

test("what a session refuses it is told once, however often it is drawn; a new session is told again", () => {
  const place = storage(JSON.stringify({ version: VERSION, cleared: 0, entries: { "<img>": ["x", 10] } }));
  const drawn = (session, entries) => run(place, { asks: true, key: KEY, session, cleared: 0, entries });
  const news = (session) => [["kept", { ...doc({ "<img>": ["x", 10] }), session }]];
  assert.deepEqual(drawn("a", {}), news("a"));
  assert.deepEqual(drawn("a", {}), []);
  assert.deepEqual(drawn("a", { "quiz/a": [1, 11] }), [], "something else was answered");
  assert.deepEqual(drawn("b", {}).length, 1, "a server that began anew");
});

test("of two things of which a session takes one, it is not told the other again", () => {
  const entries = { "<img>": ["x", 10], "quiz/b": [1, 10] };
  const place = storage(JSON.stringify({ version: VERSION, cleared: 0, entries }));
  const drawn = (own) => run(place, { asks: true, key: KEY, session: "c", cleared: 0, entries: own });
  assert.equal(drawn({}).length, 1);
  assert.deepEqual(drawn({ "quiz/b": [1, 10] }), []);
  assert.equal(drawn({ "quiz/b": [1, 9] }).length, 0, "what it was told once is on its way");
});

test("who asks whether it is refused hears when that has changed, and once", () => {
  const place = storage();
  const full = { ...place, setItem: () => assert.fail("full") };
  const sent = { asks: true, key: "credit-lab-x", cleared: 0, entries: { "text/1": ["a", 10] } };
  assert.deepEqual(run(full, { ...sent, refused: false }), [["refused", true]]);
  assert.deepEqual(run(full, { ...sent, refused: true }), []);
  assert.deepEqual(run(full, sent), [], "who does not ask hears nothing");
  assert.deepEqual(run(full, { ...sent, entries: {}, refused: false }), [], "there is nothing to keep");
  assert.deepEqual(run(place, { ...sent, refused: true }), [["refused", false]]);
  const newer = storage();
  newer.setItem("credit-lab-x", JSON.stringify({ version: VERSION + 1 }));
  assert.deepEqual(run(newer, { ...sent, refused: false }), [["refused", true]]);
  const none = { get: () => assert.fail("may not be used"), configurable: true };
  const silent = { addEventListener() {}, removeEventListener() {} };
  define("window", Object.defineProperty(silent, "localStorage", none));
  const states = [];
  const data = new TextEncoder().encode(JSON.stringify({ ...sent, refused: false }));
  component({ parentElement: {}, data, setStateValue: (...state) => states.push(state) });
  assert.deepEqual(states, [["refused", true]]);
});

test("where nothing may be kept, nothing is, and nothing breaks", () => {
  const forbidden = {
    getItem() {
      throw new Error("denied");
    },
    setItem() {
      throw new Error("full");
    },
  };
  assert.deepEqual(run(forbidden, { asks: true, cleared: 0, entries: { "quiz/a": [1, 1] } }), []);
  const empty = storage();
  run(empty, { asks: true, cleared: 0, entries: {} });
  assert.equal(empty.kept.size, 0, "a visitor who answered nothing leaves nothing");
});

test("letters of two tabs are put together, and what was taken back stays so", () => {
  const name = "letters/reply.1";
  const both = merged(doc({ [name]: ["a--_", 10] }), doc({ [name]: ["-b-b", 5] }));
  assert.deepEqual(both, doc({ [name]: ["ab-_", 10] }));
  assert.deepEqual(merged(doc({ [name]: ["-b-b", 5] }), doc({ [name]: ["a--_", 10] })), both, "whichever comes first");
  assert.deepEqual(unknown(both, doc({ [name]: ["a--_", 10] })), both, "the tab hears of the other's letters");
  assert.equal(unknown(both, both), null);
  const other = merged(doc({ [name]: ["ab", 10] }), doc({ [name]: ["abc", 5] }));
  assert.deepEqual(other, doc({ [name]: ["ab", 10] }), "of other pairs they are no letters of the same");
});

test("no loader declares what stands before each of them", () => {
  const folder = new URL("../../lessons/board/frontend/loader/", import.meta.url);
  const declared = (name) =>
    [
      ...readFileSync(new URL(name, folder), "utf8").matchAll(
        /^(?:export )?(?:default )?(?:async )?(?:const|let|function|class) (\w+)/gm,
      ),
    ].map((x) => x[1]);
  const common = declared("common.mjs");
  assert.ok(common.includes("newest"));
  for (const name of readdirSync(folder).filter((x) => x.endsWith(".mjs") && x !== "common.mjs")) {
    assert.deepEqual(
      declared(name).filter((x) => common.includes(x)),
      [],
      name,
    );
  }
});
