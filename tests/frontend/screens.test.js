// A part of a page dealt onto the screens of a projector: what goes together, what is torn, and what is made smaller.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as fitted from "#frontend/loader/fitting.mjs";
import { closer, dealt, piecesOf, unstack } from "#frontend/loader/screens.mjs";
import { page } from "./page.js";

Object.assign(globalThis, fitted); // fitting.mjs stands before it
const { fitting, full } = fitted;
globalThis.getComputedStyle = () => ({ getPropertyValue: () => "" });
const ROOM = 600;

/** Pieces one below the other, of these heights. */
function stack(...all) {
  let top = 0;
  return all.map((x) => {
    const { height, ...more } = typeof x === "number" ? { height: x } : x;
    const piece = { top, bottom: top + height, least: height, ...more };
    top += height;
    return piece;
  });
}

const TITLE = { height: 40, title: true, keeps: true };
const INTRO = { height: 60, keeps: true };
const CHOICE = { height: 80, keeps: true, chooses: true };
const PICTURE = { height: 500, least: 0, elastic: true };

test("what fits one screen is one, and what does not goes on to the next", () => {
  assert.deepEqual(dealt(stack(40, 300, 260), ROOM), [0, 0, 0]);
  assert.deepEqual(dealt(stack(40, 300, 261), ROOM), [0, 0, 1]);
  assert.deepEqual(dealt(stack(500, 500, 100, 500), ROOM), [0, 1, 1, 2]);
  assert.deepEqual(dealt([], ROOM), []);
});

test("what takes no room begins no screen", () => {
  assert.deepEqual(dealt(stack(0, 500, 0, 400, 0), ROOM), [0, 0, 0, 1, 1]);
});

test("what introduces a piece goes on with it", () => {
  assert.deepEqual(dealt(stack(300, INTRO, 500), ROOM), [0, 1, 1]);
  assert.deepEqual(dealt(stack(300, CHOICE, 500), ROOM), [0, 1, 1]);
  // … but not where it has no room there.
  assert.deepEqual(dealt(stack(300, INTRO, 580), ROOM), [0, 0, 1]);
});

test("a heading that would be alone on a screen stands in the bar only", () => {
  assert.deepEqual(dealt(stack(300, TITLE, 590, 300), ROOM), [0, 0, 1, 2]);
  assert.deepEqual(dealt(stack(TITLE, { height: 900 }), ROOM), [-1, 0]);
});

test("an introduction is not torn from its piece for a little room: both are made smaller", () => {
  assert.deepEqual(dealt(stack(TITLE, INTRO, 600), ROOM), [0, 0, 0]); // 700 of 600 / 0.8
  assert.deepEqual(dealt(stack(300, 400), ROOM), [0, 1]);
  // What lies between them is not.
  const [title, intro, piece] = stack(TITLE, INTRO, 500);
  const moved = (/** @type {typeof title} */ x, /** @type {number} */ by) => ({
    ...x,
    top: x.top + by,
    bottom: x.bottom + by,
  });
  assert.deepEqual(dealt([title, moved(intro, 70), moved(piece, 140)], ROOM), [0, 0, 1]);
});

test("a picture is enlarged less for what stands above it, but not for what stands deep", () => {
  assert.deepEqual(dealt(stack(TITLE, 200, { height: 900, least: 0 }), ROOM), [0, 0, 0]);
  assert.deepEqual(dealt(stack(TITLE, 300, PICTURE), ROOM), [0, 0, 1]);
  const [text, picture] = stack(200, PICTURE);
  assert.deepEqual(dealt([text, { ...picture, apart: true }], ROOM), [0, 1]);
});

test("a choice at a part's end stays with the picture that it changes", () => {
  assert.deepEqual(dealt(stack(TITLE, { height: 540, least: 0, elastic: true }, CHOICE), ROOM), [0, 0, 0]);
  assert.deepEqual(dealt(stack(TITLE, { height: 540, least: 0, elastic: true }, 70), ROOM), [0, 0, 0]); // or is little
  assert.deepEqual(dealt(stack(TITLE, { height: 540, least: 0, elastic: true }, 90), ROOM), [0, 0, 1]);
  assert.deepEqual(dealt(stack(TITLE, { height: 540, least: 0 }, CHOICE), ROOM), [0, 0, 1]); // it cannot be smaller
  assert.deepEqual(dealt(stack(TITLE, { height: 540, least: 0, elastic: true }, CHOICE, 400), ROOM), [0, 0, 1, 1]);
});

test("a box with a picture in it can spare only of the picture, and all below that counts", () => {
  const box = (/** @type {number} */ drawn) => {
    const [head, boxed, ...more] = stack(60, { height: 540, least: 540 - drawn, elastic: true }, CHOICE);
    return [head, { ...boxed, picture: { top: boxed.top, bottom: boxed.top + drawn } }, ...more];
  };
  assert.deepEqual(dealt(box(540), ROOM), [0, 0, 0]);
  assert.deepEqual(dealt(box(200), ROOM), [0, 0, 1]); // a prediction stands below it, say
});

test("no screen is a closed fold alone", () => {
  const fold = (height) => ({ height, fold: true });
  assert.deepEqual(dealt(stack(TITLE, 500, fold(100)), ROOM), [0, 0, 0]); // all of it is a little smaller
  assert.deepEqual(dealt(stack(TITLE, 540, fold(60), fold(60)), ROOM), [0, 0, 0, 0]);
  assert.deepEqual(dealt(stack(400, 390, fold(60)), ROOM), [0, 1, 1]);
  assert.deepEqual(dealt(stack(300, 299, fold(200)), ROOM), [0, 1, 1]); // what is above it comes along
  assert.deepEqual(dealt(stack(590, fold(200)), ROOM), [0, -1]); // nothing can
  assert.deepEqual(dealt(stack(590, fold(200), 590, 100), ROOM), [0, -1, 1, 2]);
  assert.deepEqual(dealt(stack(590, fold(200), 300), ROOM), [0, 1, 1]); // there is more on its screen
  assert.deepEqual(dealt(stack(TITLE, fold(60)), ROOM), [0, 0]);
});

test("a fold is one as long as it is closed and has all the text", (t) => {
  page(t);
  const folded = (/** @type {string} */ inner) => {
    document.body.innerHTML = `<div>${inner}</div>`;
    return piecesOf(document.body.children[0], ROOM)[0].fold;
  };
  assert.equal(folded("<details><summary>More</summary></details>"), true);
  assert.equal(folded("<details open><summary>More</summary></details>"), false);
  assert.equal(folded("<p>And</p><details><summary>More</summary></details>"), false);
  assert.equal(folded(""), false);
});

test("columns that are taken apart have a screen each", (t) => {
  page(t);
  const [one, two] = [document.createElement("i"), document.createElement("b")];
  const all = stack(100, 100, 100).map((x, i) => ({ ...x, column: [one, one, two][i] }));
  assert.deepEqual(dealt(all, ROOM), [0, 0, 1]);
});

test("columns of a row that is too high stand one below the other, until it is dealt anew", (t) => {
  page(t);
  const column = "<div data-testid=stColumn><p></p><p></p></div>";
  document.body.innerHTML = `<div><div data-testid=stHorizontalBlock>${column}${column}</div></div>`;
  const [row] = document.body.children;
  const columns = [...row.querySelectorAll("[data-testid=stColumn]")];
  const isStacked = () => columns.every((x) => x.style.flexBasis === "100%");
  window.HTMLElement.prototype.getBoundingClientRect = function () {
    const high = isStacked() ? 200 : 350; // twice as wide
    const [at, inner] = [columns.findIndex((x) => x.contains(this)), this.tagName === "P"];
    const top = (isStacked() && at === 1 ? 2 * high : 0) + (inner && this.previousElementSibling ? high : 0);
    const height = inner ? high : at >= 0 || !isStacked() ? 2 * high : 4 * high;
    return { top, bottom: top + height, height };
  };
  const all = piecesOf(row, ROOM);
  assert.ok(isStacked());
  assert.deepEqual(
    all.map((x) => [x.element, x.column]),
    columns.map((x) => [x, undefined]),
  );
  assert.deepEqual(dealt(all, ROOM), [0, 1]);
  unstack();
  assert.ok(columns.every((x) => !x.style.flexBasis));
});

/** A page in which each element is as high as its data-h says, and as its children are together. */
function laid(t, inner) {
  page(t);
  document.body.innerHTML = `<main>${inner}</main>`;
  let top = 0;
  const lay = (element) => {
    const from = top;
    for (const x of element.children) lay(x);
    const own = Number(element.dataset.h ?? 0);
    if (own) top += own;
    const bottom = top;
    element.getBoundingClientRect = () => {
      const zoom = Number(element.style.zoom) || 1;
      return { top: from, bottom: from + (bottom - from) * zoom, height: (bottom - from) * zoom };
    };
  };
  lay(document.querySelector("main"));
  return document.querySelector("main");
}

const block = (inner) => `<div><div data-testid=stVerticalBlock>${inner}</div></div>`;

test("an element is taken apart only where it is higher than a screen, and says what frames it", (t) => {
  const main = laid(t, block("<p id=a data-h=300></p><p id=b data-h=200></p>") + block("<p id=c data-h=700></p>"));
  const [low] = piecesOf(main.children[0], ROOM);
  assert.equal(low.element, main.children[0]);
  const cut = piecesOf(main.children[0], 400);
  assert.deepEqual(
    cut.map((x) => x.element.id),
    ["a", "b"],
  );
  assert.deepEqual(cut[0].inside[0], main.children[0]);
  assert.deepEqual(
    piecesOf(main.children[1], ROOM).map((x) => x.element.id),
    ["c"],
  );
});

test("a short text introduces what comes next, in the markup that Streamlit writes", (t) => {
  const text = (high) =>
    `<div data-h=${high}><div data-testid=stMarkdown><div><div data-testid=stMarkdownContainer><p></p></div></div></div></div>`;
  const main = laid(t, [text(40), text(400), "<div data-h=40></div>"].join(""));
  assert.deepEqual(
    [...main.children].map((x) => piecesOf(x, ROOM)[0].keeps),
    [true, false, false],
  );
});

test("what says of itself that it introduces what comes next keeps it, unless it fills much of a screen", (t) => {
  const values = (key, high) => `<div data-h=${high}><div class="st-key-${key}"></div></div>`;
  const main = laid(t, [values("a_introduces", 200), values("a_values", 200), values("b_introduces", 400)].join(""));
  assert.deepEqual(
    [...main.children].map((x) => piecesOf(x, ROOM)[0].keeps),
    [true, false, false],
  );
});

test("what still is too high is made smaller, to a limit, and a picture below it is put apart", (t) => {
  const main = laid(t, "<p id=a data-h=660></p>");
  const pieces = piecesOf(main.children[0], ROOM);
  assert.equal(closer(pieces, ROOM), false);
  assert.ok(Number(main.children[0].style.zoom) < 660 / 600 && Number(main.children[0].style.zoom) >= 0.7);
  const followed = laid(t, "<p id=a data-h=598></p><p id=gap></p>");
  const gap = followed.querySelector("#gap");
  const pair = [...followed.children].flatMap((x) => piecesOf(x, ROOM));
  gap.getBoundingClientRect = () => {
    const end = followed.children[0].getBoundingClientRect().bottom + 8;
    return { top: end, bottom: end, height: 0 };
  };
  closer(pair, ROOM);
  assert.ok(gap.getBoundingClientRect().bottom <= ROOM);
  const high = laid(t, "<p id=a data-h=2000></p>");
  closer(piecesOf(high.children[0], ROOM), ROOM);
  assert.equal(high.children[0].style.zoom, "0.700");

  const two = laid(t, "<p id=a data-h=200></p><div id=b data-h=700></div>");
  const host = two.querySelector("#b");
  host.attachShadow({ mode: "open" }).innerHTML = "<div class=lesson></div>";
  const all = () => [...two.children].flatMap((x) => piecesOf(x, ROOM));
  assert.equal(closer(all(), ROOM), false); // it may still be made smaller
  host.style.setProperty("--type-scale", "0.64");
  assert.equal(closer(all(), ROOM), true);
  assert.deepEqual(
    all().map((x) => x.apart),
    [false, true],
  );
  full(host);
  assert.equal(host.style.getPropertyValue("--type-scale"), "");
  host.style.setProperty("--type-scale", "0.64");
  assert.equal(closer(all(), ROOM), false); // once a size
});

test("a picture that is too high by itself, as small as it may be, is dealt row by row, as large as before", (t) => {
  const main = laid(t, "<div id=b data-h=1000></div>");
  const host = main.querySelector("#b");
  host.attachShadow({ mode: "open" }).innerHTML =
    "<div class=lesson><p id=key></p><div data-deal id=rows><p id=one></p><p id=two></p></div></div>";
  const at = { key: [0, 100], rows: [100, 1000], one: [100, 550], two: [550, 1000] };
  for (const [id, [top, bottom]] of Object.entries(at)) {
    host.shadowRoot.getElementById(id).getBoundingClientRect = () => ({ top, bottom, height: bottom - top });
  }
  const all = () => piecesOf(host, ROOM);
  assert.deepEqual(
    all().map((x) => x.element.id),
    ["b"],
  );
  assert.equal(closer(all(), ROOM), false); // it may still be made smaller
  host.style.setProperty("--type-scale", "0.64");
  assert.equal(closer(all(), ROOM), true);
  assert.equal(host.style.getPropertyValue("--type-scale"), "");
  assert.deepEqual(
    all().map((x) => x.element.id),
    ["key", "one", "two"],
  );
  assert.deepEqual(dealt(all(), ROOM), [0, 0, 1]);
  assert.equal(closer(all().slice(0, 2), ROOM), false);
});

test("who leaves while a picture is being made smaller leaves it as large as it was", async (t) => {
  const main = laid(t, "<div id=b data-h=1000></div>");
  const host = main.querySelector("#b");
  host.attachShadow({ mode: "open" }).innerHTML = "<div class=lesson></div>";
  host.shadowRoot.firstChild.getBoundingClientRect = () => host.getBoundingClientRect();
  const frames = [];
  globalThis.requestAnimationFrame = (f) => frames.push(f);
  const pass = async (count) => {
    for (let i = 0; i < count; i += 1) {
      frames.shift()?.();
      await new Promise((done) => setTimeout(done));
    }
  };
  const scale = () => host.style.getPropertyValue("--type-scale");
  const { fit, stop } = fitting(
    () => piecesOf(host, ROOM),
    () => ROOM,
  );
  fit();
  await pass(2);
  assert.equal(scale(), "0.940");
  stop();
  assert.equal(scale(), "");
  await pass(20);
  assert.equal(scale(), "");
});
