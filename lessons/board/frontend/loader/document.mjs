// What any page needs of its document: the language that it is in, for screen readers and CJK glyphs (Streamlit leaves it
// at "en"), the part that its address names, and all of its script once it is connected anew. A server that began anew
// has a session that knows none of the page's fragments: a choice in one would be marked, and nothing would ever follow.
// It draws nothing.

/** @typedef {import("../page_types.js").Component} Component */

/** @type {WeakMap<Node, MutationObserver>} a component's root → what watches the connection for it */
const watching = new WeakMap();

/** Whether the part that the address named when the document was opened is looked after: it is once, not at each run. */
let isLed = false;

/** @param {Component} component */
export default function (component) {
  if (!component.data) return undefined;
  const tag = new TextDecoder().decode(component.data);
  if (document.documentElement.lang !== tag) document.documentElement.lang = tag;
  if (!isLed) keepAnchor();
  isLed = true;
  ready(component);
  return watch(component);
}

/** Asks for a run of the whole script whenever the page is connected anew. @param {Component} component */
function watch(component) {
  const app = document.querySelector("[data-test-connection-state]");
  const root = component.parentElement;
  watching.get(root)?.disconnect();
  const observer = new MutationObserver(() => {
    if (app?.getAttribute("data-test-connection-state") === "CONNECTED") component.setTriggerValue("reconnected", true);
  });
  if (app) observer.observe(app, { attributeFilter: ["data-test-connection-state"] });
  watching.set(root, observer);
  return () => observer.disconnect();
}
