// The box that explains a term: it is there as long as its component is, and where its term is.

import assert from "node:assert/strict";
import { test } from "node:test";

import explained from "#frontend/loader/terms.mjs";

import { page } from "./page.js";

function lesson(t) {
  page(t);
  const frames = [];
  globalThis.requestAnimationFrame = (draw) => frames.push(draw);
  globalThis.cancelAnimationFrame = (id) => delete frames[id - 1];
  document.body.innerHTML =
    '<div data-testid="stMain"><a href="/glossary#critic" title="It judges.">critic</a></div><div id="own"></div>';
  const [term, own] = [document.querySelector("a"), document.querySelector("#own")];
  const at = { left: 20, top: 40, bottom: 60 };
  term.getClientRects = () => (term.isConnected && !term.hidden ? [at] : []);
  const call = () => explained({ parentElement: own });
  const frame = () => frames.splice(0).forEach((draw) => void draw());
  const focus = () => term.dispatchEvent(new window.FocusEvent("focusin", { bubbles: true }));
  const box = () => document.querySelector("#credit-lab-term");
  return { term, own, at, call, frame, focus, box };
}

test("terms are explained by the newest call, whenever an overtaken one is cleared up, until none is on the page", (t) => {
  const { own, call, focus, box } = lesson(t);
  const first = call();
  const second = call();
  first(); // Streamlit clears it up once the second has come
  focus();
  assert.equal(box().textContent, "It judges.");
  second(); // overtaken: a third is on its way
  assert.equal(box().hidden, false);
  const third = call();
  own.remove();
  third();
  focus();
  assert.equal(box(), null);
});

test("the box goes with its term, and goes where it goes", (t) => {
  const { term, at, call, frame, focus, box } = lesson(t);
  call();
  focus();
  const top = () => Number.parseFloat(box().style.top);
  const before = top();
  at.top += 30;
  at.bottom += 30;
  frame();
  assert.equal(top(), before + 30);
  term.hidden = true;
  frame();
  assert.equal(box().hidden, true);
  assert.equal(term.title, "It judges.");
});
