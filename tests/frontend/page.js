// A page for modules that draw: happy-dom's document as the global one. It lays nothing out; what needs sizes is tested
// in a real browser (tests/e2e).

import { Window } from "happy-dom";
import { ready, takeBack, untilGone } from "#frontend/loader/common.mjs";

Object.assign(globalThis, { ready, takeBack, untilGone }); // common.mjs stands before each loader

/** Makes the `document` of a new page, its `window` and what belongs to them global: each test begins with an empty page. */
export function page(t) {
  const window = new Window({ url: "http://localhost/lab" });
  const names = [
    "document",
    "HTMLElement",
    "HTMLLinkElement",
    "ShadowRoot",
    "Document",
    "Node",
    "Event",
    "CustomEvent",
  ];
  names.push("Element", "KeyboardEvent", "ResizeObserver", "requestAnimationFrame", "cancelAnimationFrame");
  for (const [name, value] of [["window", window], ...names.map((x) => [x, window[x]])]) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  t.after(() => window.happyDOM.abort());
  return window;
}

/** Heads of the table that compares learners, each by its own name. */
export const COMPARED = Object.fromEntries(
  ["learner", "trained", "scored", "time", "early", "late"].map((x) => [x, x]),
);

/** Labels that say their own name and places, whatever they are asked for. */
export const labels = new Proxy(
  {},
  { get: (_, name) => (["axes", "states", "columns", "colourings"].includes(name) ? labels : String(name)) },
);
