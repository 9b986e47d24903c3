// The part that an address names: brought into view whenever the page has grown, until its reader does anything.

import assert from "node:assert/strict";
import { test } from "node:test";
import { keepAnchor } from "#frontend/loader/anchor.mjs";
import { page } from "./page.js";

/** A page whose address ends in `hash`; `grown` says that it has another height. */
function opened(t, hash) {
  const window = page(t);
  window.location.hash = hash;
  const observed = new Set();
  let changed;
  globalThis.ResizeObserver = class {
    constructor(call) {
      changed = call;
    }
    observe(x) {
      observed.add(x);
    }
    disconnect() {
      observed.clear();
    }
  };
  document.body.innerHTML = "<div data-testid=stMainBlockContainer></div>";
  const scrolled = [];
  const add = (id) => {
    const part = Object.assign(document.createElement("h3"), { id });
    part.scrollIntoView = () => scrolled.push(id);
    document.body.firstElementChild.append(part);
  };
  const grown = () => {
    if (observed.size) changed();
  };
  return { window, add, grown, scrolled };
}

test("a part that comes late is brought into view, and kept there while the page grows", (t) => {
  const { add, grown, scrolled } = opened(t, "#critic");
  keepAnchor();
  grown();
  assert.deepEqual(scrolled, []);
  for (const id of ["actor", "critic", "reward"]) add(id);
  grown();
  grown();
  assert.deepEqual(scrolled, ["critic", "critic"]);
});

for (const act of ["wheel", "pointerdown", "touchstart", "keydown"]) {
  test(`after a ${act} the place is the reader's`, (t) => {
    const { window, add, grown, scrolled } = opened(t, "#critic");
    keepAnchor();
    add("critic");
    grown();
    window.dispatchEvent(new Event(act));
    grown();
    assert.deepEqual(scrolled, ["critic"]);
  });
}

test("another address ends it", (t) => {
  const { window, add, grown, scrolled } = opened(t, "#critic");
  keepAnchor();
  add("critic");
  window.location.hash = "#reward";
  grown();
  window.location.hash = "#critic";
  grown();
  assert.deepEqual(scrolled, []);
});

test("a name in another script is found, and one that nobody can read is none", (t) => {
  const chinese = opened(t, `#${encodeURIComponent("評論家")}`);
  keepAnchor();
  chinese.add("評論家");
  chinese.grown();
  assert.deepEqual(chinese.scrolled, ["評論家"]);
  for (const hash of ["", "#", "#%E0%A4%A"]) {
    const { add, grown, scrolled } = opened(t, hash);
    keepAnchor();
    add("");
    grown();
    assert.deepEqual(scrolled, [], hash);
  }
});
