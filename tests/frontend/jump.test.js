// A link to a part of the page: it is scrolled to and gets the focus, once for each time that a link led there.

import assert from "node:assert/strict";
import { test } from "node:test";

import { page } from "./page.js";

test("each press leads to the part, and nothing else does", async (t) => {
  page(t);
  const { default: Jump } = await import("#frontend/lesson_jump.js");
  const part = document.createElement("div");
  part.className = "st-key-measured";
  document.body.append(part);
  let scrolled = 0;
  part.scrollIntoView = () => {
    scrolled += 1;
  };
  let wanted = 0;
  document.addEventListener("partwanted", () => {
    wanted += 1;
  });
  globalThis.requestAnimationFrame = (act) => act(0);
  const jump = new Jump();
  jump.draw({ to: "st-key-measured", count: 0 });
  assert.equal(scrolled, 0);
  jump.draw({ to: "st-key-measured", count: 1 });
  jump.draw({ to: "st-key-measured", count: 1 }); // the page was drawn again for something else
  assert.equal(scrolled, 1);
  assert.equal(document.activeElement, part);
  assert.equal(wanted, 1, "on a projector its screen is turned to");
  jump.draw({ to: "st-key-measured", count: 2 });
  assert.equal(scrolled, 2);
  jump.draw({ to: "st-key-nowhere", count: 3 });
});
