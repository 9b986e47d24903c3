// What theme the page has is told by the colour of its ground, and a component hears only of another one.

import assert from "node:assert/strict";
import { test } from "node:test";

import { page } from "./page.js";

const LIGHT = { "#fff": [255, 255, 255, 255], "#eee": [238, 238, 238, 255], "#111": [17, 17, 17, 255] };

async function themed(t) {
  const window = page(t);
  let filled = "";
  window.HTMLCanvasElement.prototype.getContext = () => ({
    set fillStyle(colour) {
      filled = colour;
    },
    fillRect() {},
    getImageData: () => ({ data: LIGHT[filled] }),
  });
  const values = { "--st-background-color": " #fff", "--ink": " black " };
  globalThis.getComputedStyle = () => ({ getPropertyValue: (name) => values[name] ?? "" });
  const { Theme } = await import("#frontend/theme.js");
  const root = document.createElement("div");
  return { values, root, theme: new Theme(root) };
}

test("a theme is another one when its ground is", async (t) => {
  const { values, root, theme } = await themed(t);
  assert.equal(theme.changed(), true);
  assert.deepEqual([root.dataset.theme, theme.isDark], ["light", false]);
  assert.equal(theme.changed(), false);
  values["--st-background-color"] = "#eee"; // light, too
  assert.equal(theme.changed(), true);
  values["--st-background-color"] = "#111";
  assert.equal(theme.changed(), true);
  assert.deepEqual([root.dataset.theme, theme.isDark], ["dark", true]);
});

test("a variable's value is read once, until the theme is looked at again", async (t) => {
  const { values, theme } = await themed(t);
  theme.changed();
  assert.equal(theme.value("--ink"), "black");
  values["--ink"] = "white";
  assert.equal(theme.value("--ink"), "black");
  theme.changed();
  assert.equal(theme.value("--ink"), "white");
});
