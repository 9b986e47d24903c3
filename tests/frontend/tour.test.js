// The tour of the lab: where its bubble stands, what it points at, that keys lead through it, and that it ends but once.

import assert from "node:assert/strict";
import { test } from "node:test";

import { frames } from "./frames.js";
import { page } from "./page.js";

const view = { width: 1000, height: 800 };
const bubble = { width: 300, height: 100 };
const words = {
  ...{ begin: "Tour", about: "{n}", offer: "{n} stops", accept: "yes", decline: "no", count: "{n} of {all}" },
  ...{ skip: "end", back: "back", next: "next", done: "done" },
};
const stops = ["curves", "card", "start"].map((role) => ({
  ...{ role, selector: role === "start" ? ".start" : null, title: `${role}!`, text: `about ${role}` },
}));

async function drawn(t, { seen = false, kept = null } = {}) {
  const window = page(t);
  const storage = {
    kept,
    getItem: () => storage.kept,
    setItem: (_, text) => {
      storage.kept = text;
    },
  };
  Object.defineProperty(globalThis, "localStorage", { value: storage, configurable: true });
  const dialog = window.HTMLDialogElement.prototype;
  dialog.showModal = function () {
    this.setAttribute("open", "");
  };
  dialog.close = function () {
    this.removeAttribute("open");
  };
  const { default: LessonTour } = await import("#frontend/lesson_tour.js");
  const root = document.createElement("div");
  document.body.append(root);
  const events = [];
  const tour = new LessonTour({ root, send: (event, value) => events.push([event, value]) });
  tour.draw({ name: "tour/lab", seen, stops, words });
  const key = (name) => {
    const event = new window.KeyboardEvent("keydown", { key: name });
    root.querySelector("dialog").onkeydown(event);
  };
  return { tour, root, events, key, storage, stop: () => root.querySelector("dialog").dataset.stop };
}

test("the bubble stands below its part, above it, or at the edge, and always in the window", async () => {
  const { placeOf } = await import("#frontend/lesson_tour.js");
  assert.deepEqual(placeOf({ left: 400, top: 100, width: 200, height: 50 }, bubble, view), { left: 350, top: 162 });
  assert.deepEqual(placeOf({ left: 400, top: 700, width: 200, height: 50 }, bubble, view), { left: 350, top: 588 });
  assert.deepEqual(placeOf({ left: 0, top: 10, width: 20, height: 780 }, bubble, view), { left: 8, top: 692 });
  assert.equal(placeOf({ left: 990, top: 0, width: 20, height: 20 }, bubble, view).left, 692);
  assert.deepEqual(placeOf(null, bubble, view), { left: 350, top: 350 });
});

test("it is offered at the first visit alone", async (t) => {
  const { root, events } = await drawn(t);
  const offer = root.querySelector(".offer");
  assert.equal(offer.hidden, false);
  const [, no] = offer.querySelectorAll("button");
  no.click();
  assert.equal(offer.hidden, true);
  assert.deepEqual(events, [["pressed", "done"]]);
  for (const [options, isOffered] of [
    [{ seen: true }, false],
    [{ kept: JSON.stringify({ version: 1, entries: { "tour/lab": ["done", 5] } }) }, false],
    [{ kept: JSON.stringify({ version: 1, entries: { "tour/lab": [null, 5], "quiz/a": [1, 2] } }) }, true],
    [{ kept: "{" }, true],
  ]) {
    assert.equal(!(await drawn(t, options)).root.querySelector(".offer").hidden, isOffered);
  }
});

test("who declines is remembered before the server hears of it", async (t) => {
  const other = { "quiz/a": [1, 2] };
  const cleared = Date.now() + 60_000; // by a server whose clock is ahead
  for (const [kept, expected] of [
    [null, { version: 1, cleared: 0, entries: {} }],
    [JSON.stringify({ version: 1, cleared, entries: other }), { version: 1, cleared, entries: other }],
  ]) {
    const { root, storage, events } = await drawn(t, { kept });
    const before = Date.now();
    root.querySelectorAll(".offer button")[1].click();
    const { entries, ...rest } = JSON.parse(storage.kept);
    const { "tour/lab": own, ...others } = entries;
    assert.deepEqual({ ...rest, entries: others }, expected);
    assert.equal(own[0], "done");
    assert.ok(own[1] >= before && own[1] > rest.cleared, "it is newer than what was forgotten");
    assert.equal(events.length, 1);
    const { merged, read } = await import("#frontend/loader/memory.mjs");
    const known = merged(read(storage), { cleared: 0, entries: {} });
    assert.ok(known.entries["tour/lab"]);
    assert.equal((await drawn(t, { kept: storage.kept })).root.querySelector(".offer").hidden, true);
  }
  for (const kept of [JSON.stringify({ version: 2, entries: {} }), "{"]) {
    const { root, storage } = await drawn(t, { kept });
    root.querySelectorAll(".offer button")[1].click();
    assert.equal(storage.kept, kept, "another version's, or what cannot be read, is left alone");
  }
});

test("keys lead through the stops, and its end is told once", async (t) => {
  const { root, events, key, stop } = await drawn(t);
  root.querySelector(".begin").click();
  assert.equal(root.querySelector(".offer").hidden, true);
  assert.equal(stop(), "curves");
  key("ArrowLeft");
  assert.equal(stop(), "curves");
  key("ArrowRight");
  key("ArrowDown");
  assert.equal(stop(), "start");
  key("ArrowRight"); // an arrow too many does not end it
  assert.equal(root.querySelector("dialog").open, true);
  assert.match(root.querySelector("dialog").textContent, /3 of 3start!about start.*done/);
  key("ArrowLeft");
  assert.equal(stop(), "card");
  const next = [...root.querySelectorAll("dialog button")].at(-1);
  next.click();
  next.click();
  assert.equal(root.querySelector("dialog").open, false);
  root.querySelector(".begin").click();
  root.querySelector("dialog").oncancel({ preventDefault() {} }); // Escape
  assert.equal(root.querySelector("dialog").open, false);
  assert.deepEqual(events, [["pressed", "done"]]);
});

test("a stop whose part is not there is shown without pointing", async (t) => {
  const { root } = await drawn(t);
  root.querySelector(".begin").click();
  assert.equal(root.querySelector("dialog").dataset.points, "false"); // nothing is laid out here
});

test("what is pointed at is followed while the page around it still comes, and no longer than the tour is open", async (t) => {
  const { root } = await drawn(t);
  const clock = frames();
  const place = { left: 10, top: 100, width: 20, height: 30 };
  const part = document.createElement("p");
  part.dataset.tour = "curves";
  part.getBoundingClientRect = () => ({ ...place });
  const host = document.createElement("div");
  document.body.append(host);
  root.querySelector(".begin").click();
  const { dialog, spot } = { dialog: root.querySelector("dialog"), spot: root.querySelector(".spot") };
  assert.equal(dialog.dataset.points, "false");
  host.attachShadow({ mode: "open" }).append(part);
  clock.pass(0.05);
  assert.equal(dialog.dataset.points, "true", "it came after the tour had begun");
  assert.equal(spot.style.top, "96px");
  place.top = 300; // pictures above it have come
  clock.pass(0.05);
  assert.equal(spot.style.top, "296px");
  root.querySelector("dialog").oncancel({ preventDefault() {} });
  assert.equal(clock.waiting, 0);
});

test("parts are marked by their role, the first of those that there are", async (t) => {
  page(t);
  const { markAnchors, anchorOf } = await import("#frontend/tour_anchors.js");
  const host = document.createElement("div");
  document.body.append(host);
  const root = host.attachShadow({ mode: "open" });
  root.innerHTML = '<p class="lead"></p><p class="charts"></p><p class="card"></p>';
  markAnchors(root);
  assert.deepEqual(
    [...root.querySelectorAll("[data-tour]")].map((x) => [x.className, x.dataset.tour]),
    [
      ["lead", "curves"],
      ["card", "card"],
    ],
  );
  assert.equal(anchorOf("card", null), null); // not to be seen
  root.querySelector(".card").getBoundingClientRect = () => ({ width: 1, height: 1 });
  assert.equal(anchorOf("card", null), root.querySelector(".card"));
  assert.equal(anchorOf("timeline", null), null);
});
