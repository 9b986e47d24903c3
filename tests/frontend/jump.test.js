// A link to a part of the page: it is scrolled to and gets the focus, once for each press of such a link.

import assert from "node:assert/strict";
import { test } from "node:test";

import { page } from "./page.js";

const TO = "st-key-measured";

/** A page with the part; `frame()` draws the next one, `seen()` says how often it was scrolled to. */
async function shown(t) {
  page(t);
  const { default: Jump } = await import("#frontend/lesson_jump.js");
  const part = document.createElement("div");
  part.className = TO;
  document.body.append(part);
  let scrolled = 0;
  part.scrollIntoView = () => {
    scrolled += 1;
  };
  const acts = [];
  globalThis.requestAnimationFrame = (act) => acts.push(act);
  const frame = () => {
    for (const act of acts.splice(0)) act(0);
  };
  return { Jump, part, frame, seen: () => scrolled, waiting: () => acts.length };
}

test("each press leads to the part, and nothing else does", async (t) => {
  const { Jump, part, frame, seen, waiting } = await shown(t);
  const jump = new Jump();
  jump.draw({ to: TO, press: "" });
  frame();
  assert.equal(seen(), 0);
  jump.draw({ to: TO, press: "first" });
  frame();
  jump.draw({ to: TO, press: "first" }); // the page was drawn again for something else
  frame();
  assert.equal(seen(), 1);
  assert.equal(document.activeElement, part);
  jump.close();
  const again = new Jump(); // somebody went to another page and came back
  again.draw({ to: TO, press: "first" });
  frame();
  assert.equal(seen(), 1);
  again.draw({ to: TO, press: "second" });
  frame();
  assert.equal(seen(), 2);
  again.draw({ to: "st-key-nowhere", press: "third" });
  frame();
  assert.equal(waiting(), 0);
});

test("on a projector its screen is turned to, as soon as there is something that turns it", async (t) => {
  const { Jump, frame, seen, waiting } = await shown(t);
  const bar = document.createElement("div");
  bar.className = "st-key-present_bar";
  document.body.append(bar);
  let turned = 0;
  const jump = new Jump();
  jump.draw({ to: TO, press: "on a projector" });
  frame();
  frame();
  assert.equal(seen(), 0, "nobody sees it yet");
  document.addEventListener("partwanted", (event) => {
    turned += 1;
    event.preventDefault();
  });
  frame();
  assert.equal(turned, 1);
  assert.equal(seen(), 1);
  assert.equal(waiting(), 0);
  const left = new Jump();
  left.draw({ to: TO, press: "of a page that is left" });
  left.close();
  frame();
  assert.equal(seen(), 1);
  assert.equal(turned, 1);
});
