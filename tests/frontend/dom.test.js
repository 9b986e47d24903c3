import assert from "node:assert/strict";
import { test } from "node:test";

import { el, say, sayWithSymbols, spoken } from "#frontend/dom.js";
import { page } from "./page.js";

test("what belongs below the line of a symbol stands there; other underscores stay", (t) => {
  page(t);
  const node = el("b");
  sayWithSymbols(node, "Policy π_θ and π_ref of num_generations");
  assert.equal(node.innerHTML, "Policy π<sub>θ</sub> and π<sub>ref</sub> of num_generations");
  const [, first] = node.childNodes;
  sayWithSymbols(node, "Policy π_θ and π_ref of num_generations");
  assert.equal(node.childNodes[1], first, "the same text is left as it is");
  sayWithSymbols(node, "<b>");
  assert.equal(node.innerHTML, "&lt;b&gt;");
});

test("what follows ^ stands above the line, with an index of its own, and is read out as an exponent", (t) => {
  page(t);
  const node = el("b");
  sayWithSymbols(node, "e^−ε = 0.67");
  assert.equal(node.innerHTML, "e<sup>−ε</sup> = 0.67");
  sayWithSymbols(node, "e^ε_high, (1 + ε_low)^2");
  assert.equal(node.innerHTML, "e<sup>ε</sup><sup><sub>high</sub></sup>, (1 + ε<sub>low</sub>)<sup>2</sup>");
  sayWithSymbols(node, "^ a ^ b_c");
  assert.equal(node.innerHTML, "^ a ^ b_c");
  assert.equal(spoken("π_θ, e^−ε"), "πθ, e^−ε");
});

test("what is hidden from who listens says so; an empty attribute would not", (t) => {
  page(t);
  const node = el("p", { "aria-hidden": true, hidden: true, "aria-busy": false });
  assert.equal(node.getAttribute("aria-hidden"), "true");
  assert.equal(node.getAttribute("hidden"), "");
  assert.equal(node.hasAttribute("aria-busy"), false);
});

test("a text that changes while something plays makes no nodes", (t) => {
  page(t);
  const node = el("b", {}, el("i"));
  say(node, "one");
  const [text] = node.childNodes;
  say(node, "two");
  assert.deepEqual([node.childNodes.length, node.childNodes[0], node.textContent], [1, text, "two"]);
  say(node, "");
  assert.equal(node.childNodes.length, 0);
});
