import assert from "node:assert/strict";
import { test } from "node:test";

import { foldAlike, two } from "#frontend/alike.js";

let made = 0;
const response = (token, advantage, more = {}) => ({
  learner: "a",
  sample: made++,
  text: token.join(""),
  reward: 1,
  success: true,
  truncated: false,
  length: token.length,
  holes: [],
  token,
  at: (_, i) => advantage[i],
  ...more,
});
const names = (rows) => rows.map((x) => [x.response.sample, x.alike?.n ?? 1]);

test("responses that say the same and are credited the same are one row with a count", () => {
  made = 0;
  const list = [
    response(["1", "2"], [0.5, 1]),
    response(["1", "3"], [0.5, -1]),
    response(["1", "2"], [0.5, 1.0001]), // float32 rounding
    response(["12"], [1]), // the same text in other tokens
    response(["1", "2"], [0.5, 0.4]), // credited otherwise, as measured values are
    response(["1", "2"], [0.5, 1], { reward: 0, success: false }),
    response(["1", "2"], [0.5, 1]),
  ];
  assert.deepEqual(names(foldAlike(list, new Set(), null)), [
    [0, 3],
    [1, 1],
    [3, 1],
    [4, 1],
    [5, 1],
  ]);
});

test("opened, each is shown, the first with the button", () => {
  made = 0;
  const list = [response(["1"], [1]), response(["2"], [1]), response(["1"], [1])];
  const [{ alike }] = foldAlike(list, new Set(), null);
  assert.deepEqual([alike.key, alike.open], ["a.0", false]);
  const rows = foldAlike(list, new Set(["a.0"]), null);
  assert.deepEqual(
    rows.map((x) => [x.response.sample, x.alike?.open]),
    [
      [0, true],
      [2, undefined],
      [1, undefined],
    ],
  );
});

test("the response of the chosen token stands for its equals", () => {
  made = 0;
  const list = [response(["1"], [1]), response(["1"], [1]), response(["1"], [1])];
  const chosen = (learner, sample) => foldAlike(list, new Set(), { learner, sample, position: 0 })[0].response.sample;
  assert.deepEqual([chosen("a", 1), chosen("a", 9), chosen("b", 1)], [1, 0, 0]);
});

test("where no number is known, none differs", () => {
  made = 0;
  const list = [response(["1"], [null]), response(["1"], [null]), response(["1"], ["nan"])];
  assert.deepEqual(names(foldAlike(list, new Set(), null)), [
    [0, 2],
    [2, 1],
  ]);
});

test("of many rows two tell most: the chosen token's and one of the other verdict", () => {
  const rows = [true, true, false, true, false].map((success, sample) => ({
    response: { learner: "ppo", sample, success },
    alike: null,
  }));
  const kept = (token, of = rows) => two(of, token).map((x) => x.response.sample);
  assert.deepEqual(kept(null), [0, 2]);
  assert.deepEqual(kept({ learner: "ppo", sample: 4, position: 0 }), [0, 4]);
  assert.deepEqual(kept({ learner: "grpo", sample: 4, position: 0 }), [0, 2]);
  assert.deepEqual(kept(null, [rows[0], rows[1], rows[3]]), [0, 1], "all alike: two all the same");
  assert.deepEqual(kept(null, []), []);
});

test("the two rows on show stay while a token of them is chosen, or none of this learner's", () => {
  const rows = [true, false, false, true].map((success, sample) => ({
    response: { learner: "ppo", sample, success },
    alike: null,
  }));
  const shown = (token, names) => two(rows, token, new Set(names)).map((x) => x.response.sample);
  const of = (sample, learner = "ppo") => ({ learner, sample, position: 0 });
  const before = ["ppo.1", "ppo.3", "vine.0"];
  assert.deepEqual(shown(of(1), before), [1, 3]);
  assert.deepEqual(shown(of(0, "vine"), before), [1, 3]);
  assert.deepEqual(shown(null, before), [1, 3]);
  assert.deepEqual(shown(of(2), before), [0, 2], "another one is chosen, from a chart");
  assert.deepEqual(shown(null, ["ppo.1", "ppo.9"]), [0, 1], "one that is no longer there");
  const folded = rows.map((x, i) => (i ? x : { ...x, alike: { key: "ppo.7" } }));
  const kept = two(folded, of(0), new Set(["ppo.7", "ppo.2"])).map((x) => x.response.sample);
  assert.deepEqual(kept, [0, 2], "whichever of equal ones stands for them");
});
