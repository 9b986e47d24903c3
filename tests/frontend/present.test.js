// Present mode: how a page is cut into parts, which keys turn, and that what is left behind is as it was.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Bar } from "#frontend/loader/bar.mjs";
import * as fitted from "#frontend/loader/fitting.mjs";
import * as onShow from "#frontend/loader/part_on_show.mjs";
import { keep, parts, pieces, recall } from "#frontend/loader/parts.mjs";
import present, { turnOf } from "#frontend/loader/present.mjs";
import * as screens from "#frontend/loader/screens.mjs";
import { page } from "./page.js";

Object.assign(globalThis, fitted, screens, onShow, { Bar, keep, parts, pieces, recall }); // they stand before it
const { pictures, smaller } = fitted;
const { nearest } = onShow;

const words = {
  before: "before",
  after: "after",
  leave: "leave",
  bar: "bar",
  place: "{part}/{parts} {title}",
  help: "",
};

function shown(t, inner) {
  const window = page(t);
  globalThis.location = window.location;
  globalThis.sessionStorage = window.sessionStorage;
  globalThis.MutationObserver = window.MutationObserver;
  globalThis.getComputedStyle = window.getComputedStyle.bind(window);
  document.body.innerHTML =
    '<div data-testid="stMainBlockContainer"><div data-testid="stVerticalBlock"><div id="own"><div></div></div>' +
    `${inner}</div></div>`;
  const sent = [];
  const parentElement = document.querySelector("#own > div");
  const data = new TextEncoder().encode(JSON.stringify({ words }));
  const again = () => present({ parentElement, data, setTriggerValue: (name) => sent.push(name) });
  const clear = again();
  const close = () => without(parentElement, clear);
  const visible = () =>
    [...document.querySelectorAll("[data-p]")].filter((x) => !x.closest(".present-away")).map((x) => x.dataset.p);
  const press = (key, target = document.body, init = {}) => {
    const event = new window.KeyboardEvent("keydown", {
      key,
      bubbles: true,
      composed: true,
      cancelable: true,
      ...init,
    });
    target.dispatchEvent(event);
    return event;
  };
  const place = () => parentElement.querySelector(".place").textContent;
  return { window, again, clear, close, visible, press, place, sent, parentElement };
}

/** Clears up as Streamlit does once a component's place has gone from the page; it is put there again for what follows. */
function without(parent, clear) {
  const [host, next, holder] = [
    parent.parentElement,
    parent.parentElement.nextSibling,
    parent.parentElement.parentElement,
  ];
  host.remove();
  clear();
  holder.insertBefore(host, next);
}

test("a call that takes over turns the pages alone, and the one before takes nothing of it away", (t) => {
  const { again, clear, visible, press, place } = shown(t, LESSON);
  const newer = again(); // Streamlit has not cleared the first up
  press("ArrowRight");
  assert.equal(place(), "2/3 One");
  clear(); // it was overtaken, and is cleared up now
  assert.deepEqual(visible(), ["1", "1"]);
  press("ArrowRight");
  assert.equal(place(), "3/3 Two");
  newer(); // it was overtaken, too, and the next is on its way
  assert.deepEqual(visible(), ["2", "2"]);
});

const LESSON =
  "<div data-p='0'><h1>Title</h1></div><div data-p='0'>picture</div>" +
  "<div data-p='1'><h2>One</h2></div><div data-p='1'><input data-test></div>" +
  "<div data-p='2'><div><h2>Two</h2><h2>in one box</h2></div></div><div data-p='2'><button id=b>b</button></div>";

test("a part begins at each heading; a box with two headings stays whole", (t) => {
  page(t);
  document.body.innerHTML = LESSON;
  assert.deepEqual(parts([...document.body.children]), { of: [0, 0, 1, 1, 2, 2], titles: ["Title", "One", "Two"] });
});

test("a block with a heading further in is cut there: what it begins with stays in the part before", (t) => {
  const block = (inner) => `<div id=w><div data-testid=stVerticalBlock>${inner}</div></div>`;
  const picture = "<div data-p='0'>picture</div>";
  const lesson = `<div data-p='0'><h1>Title</h1></div>${block(`${picture}<div data-p='1'><h2>One</h2></div>`)}`;
  const { visible, press } = shown(t, lesson);
  assert.deepEqual(visible(), ["0", "0"]);
  press("ArrowRight");
  assert.deepEqual(visible(), ["1"]);
  const whole = document.createElement("div");
  whole.innerHTML = block(`<div><h2>One</h2></div>${picture}`);
  assert.deepEqual(pieces(whole.firstElementChild), [whole.firstElementChild]);
});

test("a picture is enlarged less until it fits, step by step, and never below the least", () => {
  const now = { scale: 1.5, height: 500, room: 600, least: 0.96 };
  assert.equal(smaller(now), null);
  assert.equal(smaller({ ...now, height: 601 }).toFixed(4), (1.5 * (600 / 601)).toFixed(4));
  assert.equal(smaller({ ...now, height: 1200 }), 1.41); // it may rearrange itself on the way
  assert.equal(smaller({ ...now, height: 1200, scale: 0.98 }), 0.96);
  assert.equal(smaller({ ...now, height: 1200, scale: 0.96 }), null);
});

test("of a picture that says so only a part has to be seen at once", (t) => {
  page(t);
  document.body.innerHTML = "<div><p id=a></p><p id=b></p><p id=c></p></div>";
  for (const [id, inner] of Object.entries({ a: "<svg></svg>", b: "<svg></svg><p data-fit></p><p></p>", c: null })) {
    const root = document.getElementById(id).attachShadow({ mode: "open" });
    root.innerHTML = inner === null ? "<b></b>" : `<div class="lab lesson">${inner}</div>`;
  }
  const all = pictures(document.body.firstChild);
  assert.deepEqual(
    all.map(({ host, picture }) => [host.id, picture.map((x) => x.tagName)]),
    [
      ["a", ["DIV"]],
      ["b", ["P"]],
    ],
  );
});

test("a page without headings, or one that begins with one, has no empty part", (t) => {
  page(t);
  document.body.innerHTML = "<div>a</div><div>b</div>";
  assert.deepEqual(parts([...document.body.children]), { of: [0, 0], titles: [""] });
  document.body.innerHTML = "<div></div><div><h2>One</h2></div><div><h2>Two</h2></div>";
  assert.deepEqual(parts([...document.body.children]), { of: [0, 0, 1], titles: ["One", "Two"] });
});

test("a part that has nothing to look at yet has no screen, until it has", (t) => {
  const note = "<div data-p='1' id=note><div class='st-key-a_no_screen'>comes with the prediction</div></div>";
  const lesson = LESSON.replace("<div data-p='1'><input data-test></div>", note);
  const { visible, press, place } = shown(t, lesson);
  assert.equal(place(), "1/2 Title");
  press("ArrowRight");
  assert.deepEqual(visible(), ["2", "2"]);
  assert.equal(place(), "2/2 Two");
  press("ArrowRight");
  assert.deepEqual(visible(), ["2", "2"]);
  press("ArrowLeft");
  assert.deepEqual(visible(), ["0", "0"]);
  document.getElementById("note").firstChild.className = "";
  window.dispatchEvent(new window.Event("resize"));
  press("ArrowLeft"); // whatever is drawn anew, it is cut anew
  press("ArrowRight");
  assert.equal(place(), "2/3 One");
  assert.deepEqual(visible(), ["1", "1"]);
});

test("arrow keys and a remote's keys turn, to the ends and no further", (t) => {
  const { visible, press, place } = shown(t, LESSON);
  assert.deepEqual(visible(), ["0", "0"]);
  assert.equal(place(), "1/3 Title");
  press("ArrowLeft");
  assert.deepEqual(visible(), ["0", "0"]);
  assert.ok(press("ArrowRight").defaultPrevented);
  assert.deepEqual(visible(), ["1", "1"]);
  press("PageDown");
  press("PageDown");
  assert.deepEqual(visible(), ["2", "2"]);
  assert.equal(place(), "3/3 Two");
  press("PageUp");
  assert.equal(place(), "2/3 One");
});

test("who types, or holds a modifier, turns nothing", (t) => {
  const { visible, press } = shown(t, LESSON);
  press("ArrowRight", document.querySelector("input"));
  press("ArrowRight", document.body, { altKey: true });
  press("ArrowDown");
  assert.deepEqual(visible(), ["0", "0"]);
  press("ArrowRight", document.querySelector("#b")); // a button has no use for it
  assert.deepEqual(visible(), ["1", "1"]);
});

test("a key that somebody else took turns nothing", (t) => {
  page(t);
  const event = { key: "ArrowRight", defaultPrevented: true, composedPath: () => [] };
  assert.equal(turnOf(event), 0);
  assert.equal(turnOf({ ...event, defaultPrevented: false }), 1);
});

test("what a rerun brings goes into its part", async (t) => {
  const { visible, window } = shown(t, LESSON);
  const late = document.createElement("div");
  late.dataset.p = "late";
  document.querySelector("[data-testid=stVerticalBlock]").append(late);
  await new Promise((done) => window.setTimeout(done, 5));
  assert.deepEqual(visible(), ["0", "0"]);
});

test("what a rerun repaints stays away", async (t) => {
  const { visible, window } = shown(t, LESSON);
  document.querySelector("[data-p='1']").className = "stale";
  await new Promise((done) => window.setTimeout(done, 5));
  assert.deepEqual(visible(), ["0", "0"]);
});

test("the buttons turn and leave; afterwards the page is whole", (t) => {
  const { visible, sent, close, parentElement, press } = shown(t, LESSON);
  const [before, after, leave] = parentElement.querySelectorAll("button");
  assert.ok(before.disabled);
  after.click();
  assert.deepEqual(visible(), ["1", "1"]);
  leave.click();
  assert.deepEqual(sent, ["left"]);
  close();
  assert.equal(visible().length, 6);
  press("ArrowRight");
  assert.equal(visible().length, 6);
});

test("a reload comes back to the same part", (t) => {
  const first = shown(t, LESSON);
  first.press("ArrowRight");
  first.close();
  const kept = first.window.sessionStorage.getItem("credit-lab-part:/lab");
  assert.equal(kept, "1");
});

/** A component in a shadow root, cut into pieces as the lab is. */
function withComponent(t) {
  const all = shown(t, "<div data-p='0'><h1>Lab</h1></div><div id='host'></div><div data-p='last'>below</div>");
  const root = document.querySelector("#host").attachShadow({ mode: "open" });
  root.innerHTML =
    "<style></style><div class='lab'><div id='curves'><h2 class='unseen'>Board</h2></div>" +
    "<section id='tokens' data-part='Token by token' hidden><h2>Step 3</h2></section>" +
    "<div data-parts><section id='learning'><h2>Learning</h2></section><p id='fold'>more</p></div></div>";
  const lab = root.querySelector(".lab");
  lab.dataset.parts = "";
  const seen = () =>
    ["curves", "tokens", "learning", "fold"].filter((id) => !root.getElementById(id).closest(".present-away"));
  const ask = (from, name) => from.dispatchEvent(new all.window.CustomEvent(name, { bubbles: true, composed: true }));
  return { ...all, root, lab, seen, ask };
}

test("a component may be cut, however deep; a named piece begins a part, a hidden one none", (t) => {
  const { lab, root, press, place, seen, visible, ask, close } = withComponent(t);
  assert.deepEqual(
    pieces(document.querySelector("#host")).map((x) => x.id),
    ["curves", "tokens", "learning", "fold"],
  );
  ask(lab, "partschange");
  assert.equal(place(), "1/2 Lab");
  assert.deepEqual(seen(), ["curves", "tokens"]);
  root.getElementById("tokens").hidden = false;
  ask(lab, "partschange");
  assert.equal(place(), "1/3 Lab");
  assert.deepEqual([seen(), visible()], [["curves"], ["0"]]);
  press("ArrowRight");
  assert.equal(place(), "2/3 Token by token");
  assert.deepEqual([seen(), visible()], [["tokens"], []]);
  assert.ok(!document.querySelector("#host").classList.contains("present-away"));
  press("ArrowRight");
  assert.deepEqual([seen(), visible()], [["learning", "fold"], ["last"]]);
  close();
  assert.equal(root.querySelectorAll(".present-away").length, 0);
});

test("a component of which another screen shows all that belongs to the part takes no room on this one", async (t) => {
  const { root, lab, window, press, visible, ask } = withComponent(t);
  const host = document.querySelector("#host");
  document.querySelector("[data-p='0']").dataset.h = "400";
  ask(lab, "partschange");
  const screen = laidOut(window, 600);
  root.getElementById("curves").getBoundingClientRect = () => ({ top: 400, bottom: 800, height: 400 });
  await screen.set(600);
  assert.deepEqual([visible(), host.classList.contains("present-away")], [["0"], true]);
  press("ArrowRight");
  assert.deepEqual([visible(), host.classList.contains("present-away")], [[], false]);
});

test("what asks to be seen is turned to: the tour points at parts that are away", (t) => {
  const { lab, root, place, seen, ask } = withComponent(t);
  root.getElementById("tokens").hidden = false;
  ask(lab, "partschange");
  ask(root.querySelector("#learning > h2"), "partwanted");
  assert.equal(place(), "3/3 Learning");
  ask(root.getElementById("curves"), "partwanted");
  assert.equal(place(), "1/3 Lab");
  assert.deepEqual(seen(), ["curves"]);
});

test("a place that no page has, as another's script may have kept, is none", async (t) => {
  const first = shown(t, LESSON);
  first.window.sessionStorage.setItem(`credit-lab-part:${first.window.location.pathname}`, "-7");
  globalThis.sessionStorage = first.window.sessionStorage;
  first.close();
  const parentElement = document.querySelector("#own > div");
  const close = present({ parentElement, data: new TextEncoder().encode(JSON.stringify({ words })) });
  assert.equal(parentElement.querySelector(".place").textContent, "1/3 Title");
  close();
});

test("a block that begins with a heading is cut where another one follows, and stays whole where none does", (t) => {
  page(t);
  const block = (inner) => `<div class="block"><div data-testid="stVerticalBlock">${inner}</div></div>`;
  const two =
    '<div id="label"><h2>Label</h2></div><div id="pairs"></div><div id="learn"><h2>Learn</h2></div><p id="runs"></p>';
  document.body.innerHTML = block(two) + block('<div id="one"><h2>One</h2></div><div id="more"></div>');
  const [first, second] = document.body.children;
  const cut = pieces(first);
  assert.deepEqual(
    cut.map((x) => x.id),
    ["label", "pairs", "learn", "runs"],
  );
  assert.deepEqual(parts(cut), { of: [0, 0, 1, 1], titles: ["Label", "Learn"] });
  assert.deepEqual(pieces(second), [second]);
});

/** Lays a page out: an element is as high as its data-h, what is away takes no room, and the screen is `room` high. */
function laidOut(window, room) {
  const screen = { room };
  const high = (x) => (x.closest(".present-away") ? 0 : Number(x.dataset?.h ?? 0));
  window.HTMLElement.prototype.getBoundingClientRect = function () {
    if (this.className === "bar") return { top: screen.room + 6, bottom: screen.room + 40, height: 34 };
    const all = [...document.querySelectorAll("[data-h]")];
    const own = all.filter((x) => this.contains(x));
    const top = all.slice(0, Math.max(0, all.indexOf(own[0]))).reduce((sum, x) => sum + high(x), 0);
    const height = own.reduce((sum, x) => sum + high(x), 0);
    return { top, bottom: top + height, height };
  };
  screen.set = async (to) => {
    screen.room = to;
    window.dispatchEvent(new window.Event("resize"));
    await new Promise((done) => setTimeout(done, 250));
  };
  return screen;
}

const tall = (...all) =>
  all.map((h, i) => `<div data-p="${i}" data-h="${h}">${i ? "" : "<h1>Tall</h1>"}</div>`).join("");

test("who is on a later screen of a part stays with what it begins with, however the window is resized", async (t) => {
  const { window, visible, press, place, close } = shown(t, tall(300, 300, 300, 300));
  const screen = laidOut(window, 700);
  await screen.set(700);
  assert.equal(place(), "1/1 Tall (1/2)");
  press("ArrowRight");
  assert.deepEqual(visible(), ["2", "3"]);
  await screen.set(400); // a screen each
  assert.deepEqual([place(), visible()], ["1/1 Tall (3/4)", ["2"]]);
  await screen.set(1300); // all of it at once, and then again not
  assert.deepEqual(visible(), ["0", "1", "2", "3"]);
  await screen.set(400);
  assert.deepEqual(visible(), ["2"]);
  assert.equal(window.sessionStorage.getItem("credit-lab-part:/lab"), "0.2");
  close();
});

test("a reload comes back to the screen, though its part comes piece by piece", async (t) => {
  const { window, visible, press, close } = shown(t, tall(300, 300, 300));
  const screen = laidOut(window, 400);
  await screen.set(400);
  press("End");
  assert.deepEqual(visible(), ["2"]);
  close();
  const block = document.querySelector("[data-testid=stVerticalBlock]");
  const late = [...block.children].slice(2);
  for (const x of late) x.remove();
  const data = new TextEncoder().encode(JSON.stringify({ words }));
  const again = present({ parentElement: document.querySelector("#own > div"), data });
  assert.deepEqual(visible(), ["0"]);
  block.append(...late);
  await new Promise((done) => setTimeout(done, 250));
  assert.deepEqual(visible(), ["2"]);
  again();
});

test("a picture that draws itself by its width keeps it while it waits, and its part keeps its screens", async (t) => {
  const { window, visible, press, close } = shown(t, tall(100, 600, 200));
  const [, picture] = document.querySelectorAll("[data-p]");
  const width = (x) =>
    x.closest(".present-away") ? x.style.getPropertyValue("--width-on-show") || "1280px" : "1200px";
  globalThis.getComputedStyle = (x) => ({ getPropertyValue: (name) => (name === "width" ? width(x) : "") });
  const screen = laidOut(window, 700);
  await screen.set(700);
  press("ArrowRight");
  for (let i = 0; i < 6; i += 1) {
    picture.dataset.h = width(picture) === "1200px" ? 600 : 300; // in one line where it is wider
    document.querySelector("[data-testid=stVerticalBlock]").dispatchEvent(new window.Event("partschange"));
    assert.deepEqual(visible(), ["2"]);
  }
  close();
  assert.equal(picture.style.getPropertyValue("--width-on-show"), "");
});

test("what grows where somebody is stays on show, and what is below it goes on to the next screen", async (t) => {
  const { window, visible, place, close } = shown(t, tall(300, 100, 200));
  const screen = laidOut(window, 600);
  await screen.set(600);
  assert.deepEqual(visible(), ["0", "1", "2"]);
  const grows = document.querySelector("[data-p='1']");
  grows.innerHTML = "<button>b</button>";
  grows.firstChild.dispatchEvent(new window.Event("pointerdown", { bubbles: true, composed: true }));
  grows.dataset.h = 500;
  await screen.set(600);
  assert.deepEqual([visible(), place()], [["1"], "1/1 Tall (2/3)"]);
  close();
});

test("the nearest piece is the first with the innermost box in common, or one on the screen on show where that is gone", (t) => {
  page(t);
  document.body.innerHTML = "<div id=outer><p id=a></p><div id=box><p id=b></p><p id=c></p></div></div>";
  const [outer, a, box, b, c] = ["outer", "a", "box", "b", "c"].map((x) => document.getElementById(x));
  const gone = document.createElement("i");
  const all = [
    { element: a, inside: [outer] },
    { element: b, inside: [outer, box] },
    { element: c, inside: [outer, box] },
  ];
  assert.equal(nearest(all, [0, 1, 2], [c, box, outer, document]), 2);
  assert.equal(nearest(all, [0, 1, 2], [gone, box, outer, document]), 1);
  assert.equal(nearest(all, [0, 1, 2], [gone, box, outer, document], 2), 2);
  const summary = box.insertAdjacentElement("afterbegin", document.createElement("summary")); // of what was unfolded
  assert.equal(nearest(all, [0, 1, 2], [summary, box, outer, document], 2), 1);
  assert.equal(nearest(all, [0, -1, -1], [c, box, outer, document]), 0);
  assert.equal(nearest([{ element: outer, inside: [] }], [0], [c, box]), 0);
  assert.equal(nearest(all, [0, 1, 2], [gone, document]), -1);
});

test("Home and End lead to the first and the last screen; a choice keeps the arrows, not a remote's keys", (t) => {
  const { visible, press } = shown(t, LESSON);
  press("End");
  assert.deepEqual(visible(), ["2", "2"]);
  press("Home");
  assert.deepEqual(visible(), ["0", "0"]);
  const choice = document.createElement("input");
  document.querySelector("[data-p='0']").append(choice);
  for (const key of ["End", "PageDown"]) press(key, choice);
  choice.type = "radio";
  press("ArrowRight", choice);
  assert.deepEqual(visible(), ["0", "0"]);
  press("PageDown", choice);
  assert.deepEqual(visible(), ["1", "1"]);
});
