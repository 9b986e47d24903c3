// A figure: its room and its description are there at once, the library comes when it is about to be seen or the browser
// is idle, and what does not change is not drawn again. What Plotly makes of it is seen in a real browser (tests/e2e).

import assert from "node:assert/strict";
import { test } from "node:test";

import { page } from "./page.js";

const sent = {
  figure: { data: [{ type: "scatter", y: [1, 2] }], layout: { xaxis: { title: { text: "step" } } } },
  alt: "One line",
  height: 240,
  config: { displayModeBar: false },
};

/** A module that names itself in the window, as Plotly's file does, and notes what it is asked to draw. */
const LIBRARY = `data:text/javascript,${encodeURIComponent(`
  globalThis.fetched = (globalThis.fetched ?? 0) + 1;
  window.Plotly = { react: async (...all) => void window.drawn.push(all), purge: (at) => window.purged.push(at) };
`)}`;

async function mounted(t, address = LIBRARY) {
  const window = page(t);
  Object.assign(window, { drawn: [], purged: [], idle: [] });
  window.requestIdleCallback = (then) => window.idle.push(then);
  const watched = [];
  globalThis.getComputedStyle = window.getComputedStyle.bind(window);
  globalThis.IntersectionObserver = class {
    constructor(seen) {
      watched.push(seen);
    }
    observe() {}
    disconnect() {}
  };
  // Each test has its own copy of the module and of the library, which is not there yet.
  const { default: Figure } = await import(`#frontend/lesson_figure.js?${t.name}`);
  const root = document.createElement("div");
  document.body.append(root);
  const figure = new Figure({ root, address: (name) => `${address}// ${encodeURIComponent(name + t.name)}` });
  const at = root.querySelector(".plot");
  Object.defineProperty(at, "clientWidth", { value: 800, configurable: true, writable: true });
  const settle = () => new Promise((done) => setTimeout(done, 20));
  return { window, figure, at, see: () => watched[0]([{ isIntersecting: true }]), settle };
}

test("room and description are there before the library", async (t) => {
  const { window, figure, at, settle } = await mounted(t);
  figure.draw(sent);
  await settle();
  assert.equal(at.getAttribute("role"), "img");
  assert.equal(at.getAttribute("aria-label"), "One line");
  assert.equal(at.style.height, "240px");
  assert.equal(window.drawn.length, 0);
});

test("it is drawn when it is about to be seen, in its width", async (t) => {
  const { window, figure, at, see, settle } = await mounted(t);
  figure.draw(sent);
  see();
  await settle();
  const [[where, data, layout, config]] = window.drawn;
  assert.equal(where, at);
  assert.deepEqual(data, sent.figure.data);
  assert.deepEqual([layout.width, layout.height, layout.xaxis.title.text], [800, 240, "step"]);
  assert.equal(layout.template.data.scatter[0].marker.line.width, 0);
  assert.deepEqual(config, sent.config);
});

test("it is drawn when the browser is idle, once", async (t) => {
  const { window, figure, see, settle } = await mounted(t);
  figure.draw(sent);
  window.idle[0]();
  see();
  await settle();
  assert.equal(window.drawn.length, 1);
});

test("the same figure is not drawn again, another one is", async (t) => {
  const { window, figure, at, see, settle } = await mounted(t);
  figure.draw(sent);
  see();
  await settle();
  figure.draw(structuredClone(sent));
  await settle();
  assert.equal(window.drawn.length, 1);
  figure.draw({ ...sent, height: 300 });
  await settle();
  assert.equal(window.drawn.length, 2);
  at.clientWidth = 400;
  figure.draw({ ...sent, height: 300 });
  await settle();
  assert.equal(window.drawn[2][2].width, 400);
  figure.close();
  await settle();
  assert.deepEqual(window.purged, [at]);
});

test("in a fold, which has no width, nothing is drawn", async (t) => {
  const { window, figure, at, see, settle } = await mounted(t);
  at.clientWidth = 0;
  figure.draw(sent);
  see();
  await settle();
  assert.equal(window.drawn.length, 0);
});

test("where the library cannot be fetched the description stands there", async (t) => {
  const { figure, at, see, settle } = await mounted(t, "data:text/javascript,throw 1");
  figure.draw({ ...sent, alt: "<b>one</b> line" });
  see();
  await settle();
  assert.equal(at.textContent, "<b>one</b> line");
});

test("of a page that was left before the browser was idle, nothing is fetched", async (t) => {
  const { window, figure, settle } = await mounted(t);
  const before = globalThis.fetched ?? 0;
  figure.draw(sent);
  figure.close();
  window.idle[0]();
  await settle();
  assert.equal(globalThis.fetched ?? 0, before);
});
