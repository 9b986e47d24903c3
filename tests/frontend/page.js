// A page for modules that draw: happy-dom's document as the global one. It lays nothing out; what needs sizes is tested
// in a real browser (tests/e2e).

import { Window } from "happy-dom";

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

/** Frames that come when the test says so: `pass(seconds)`; how many are asked for: `waiting`. */
export function frames() {
  let [now, waiting, last] = [0, new Map(), 0];
  globalThis.requestAnimationFrame = (f) => {
    waiting.set(++last, f);
    return last;
  };
  globalThis.cancelAnimationFrame = (id) => waiting.delete(id);
  return {
    get waiting() {
      return waiting.size;
    },
    pass(seconds) {
      for (let t = 0; t < seconds; t += 0.05) {
        now += 50;
        const due = [...waiting.values()];
        waiting = new Map();
        for (const f of due) f(now);
      }
    },
  };
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
