import assert from "node:assert/strict";
import { test } from "node:test";

import { luminance, scale } from "#frontend/colours.js";

const rgb = (text) => text.match(/\d+/g).map(Number);
const ink = { "#000": [0, 0, 0], "#fff": [255, 255, 255] };
const contrast = (a, b) => {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
};

test("black on white is 21, a colour on itself 1", () => {
  assert.equal(Math.round(contrast([0, 0, 0], [255, 255, 255])), 21);
  assert.equal(contrast([18, 52, 86], [18, 52, 86]), 1);
});

test("a signed scale is symmetric around its centre, which has no colour", () => {
  const { colour, low, high } = scale([-1, 3], { centre: 0 });
  assert.equal(low, -high);
  assert.equal(colour(0).background, "rgb(255,255,255)");
  const [negative, positive] = [rgb(colour(-3).background), rgb(colour(3).background)];
  assert.ok(negative[1] < negative[0] && negative[1] < negative[2], "purple below");
  assert.ok(positive[1] > positive[0] && positive[1] > positive[2], "green above");
});

test("values beyond the scale have the colour of its end", () => {
  const { colour, high } = scale([0, 1, 2]);
  assert.equal(colour(high + 5).background, colour(high).background);
});

test("a falling scale is the rising one turned around", () => {
  const [rising, falling] = [scale([0, 1]), scale([0, 1], { reversed: true })];
  assert.equal(rising.colour(rising.low).background, falling.colour(falling.high).background);
});

test("one outlier among a hundred does not pale the rest", () => {
  const values = Array.from({ length: 100 }, (_, i) => i / 100);
  assert.ok(scale([...values, 1000]).high < 1.1);
});

test("without a number there is no colour, and words are no numbers", () => {
  const { known, colour, stops } = scale([null, "nan", undefined]);
  assert.deepEqual([known, colour(1), stops], [false, null, []]);
});

for (const dark of [false, true]) {
  test(`every chip can be read, ${dark ? "dark" : "light"}`, () => {
    for (const kind of [{ centre: 0 }, { centre: 1 }, {}, { reversed: true }]) {
      const { colour, low, high } = scale([-2, -1, 0, 1, 2], kind, dark);
      for (let i = 0; i <= 100; i++) {
        const paint = colour(low + ((high - low) * i) / 100);
        assert.ok(contrast(rgb(paint.background), ink[paint.ink]) >= 4.5, `${JSON.stringify(kind)} ${i}`);
      }
    }
  });
}
