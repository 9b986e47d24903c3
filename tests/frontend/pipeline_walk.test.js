// The pipeline's walk and its numbers, without a page.

import assert from "node:assert/strict";
import { test } from "node:test";

import { along, way } from "#frontend/pipeline/arrows.js";
import { Batch } from "#frontend/pipeline/batch.js";
import { coming, landed, leaving } from "#frontend/pipeline/painted.js";
import { printed, row } from "#frontend/pipeline/rows.js";
import { counted, lines, sentence, spot } from "#frontend/pipeline/says.js";
import {
  arrival,
  backward,
  beats,
  DIFFER,
  END,
  later,
  onward,
  placeOf,
  STATIONS,
  turn,
} from "#frontend/pipeline/stations.js";
import { sent } from "./pipeline_batch.js";

test("both have the same stations, and differ in what a reward is compared with and what credit comes of it", () => {
  assert.equal(END, STATIONS.length);
  assert.deepEqual(DIFFER, ["baseline", "credit"]);
});

test("a border belongs to the station that is done there", () => {
  assert.deepEqual(placeOf(0), { station: 0, done: 0 });
  assert.deepEqual(placeOf(2), { station: 1, done: 1 });
  assert.deepEqual(placeOf(2.25), { station: 2, done: 0.25 });
  assert.deepEqual(placeOf(99), { station: END - 1, done: 1 });
});

test("play goes through every station and stops at the end; steps go to the ends of stations", () => {
  const whole = STATIONS.reduce((all, x) => all + x.seconds, 0);
  assert.ok(Math.abs(later(0, STATIONS[0].seconds / 2) - 0.5) < 1e-9);
  let p = 0;
  for (let i = 0; i < 99; i++) p = later(p, whole / 100);
  assert.ok(p > END - 1 && p < END);
  assert.equal(later(p, whole), END);
  assert.deepEqual([onward(0), onward(0.4), onward(1), onward(END)], [1, 1, 2, END]);
  assert.deepEqual([backward(END), backward(1.4), backward(1), backward(0)], [END - 1, 1, 0, 0]);
});

test("one arrives after the other, all before the station is done, and turns follow arrivals", () => {
  for (const n of [1, 2, 12]) {
    assert.equal(arrival(0, n, 0), 0);
    for (let k = 0; k < n; k++) assert.equal(arrival(k, n, 0.96), 1);
    for (let k = 1; k < n; k++) assert.ok(arrival(k, n, 0.4) <= arrival(k - 1, n, 0.4));
    assert.equal(turn(n, 0), -1);
    assert.deepEqual(
      beats(n).map((x) => turn(n, x)),
      [...Array(n).keys()],
    );
  }
});

test("at any moment of the change one of the two is seen, and at the ends only one", () => {
  assert.deepEqual([leaving(0), coming(0), leaving(1), coming(1)], [1, 0, 0, 1]);
  for (let m = 0; m <= 1; m += 0.1) assert.ok(leaving(m) + coming(m) > 0.4);
  assert.deepEqual([landed(0.5), landed(1)], [0, 1]);
});

test("numbers of both credits come from the terms, on the same responses", () => {
  const batch = new Batch(sent());
  assert.equal(batch.followed.text, "3<eos>");
  assert.deepEqual(batch.numbers("ppo", "delta"), [-0.25, -0.25]);
  assert.deepEqual(batch.numbers("ppo", "advantage"), [-0.375, -0.25]);
  assert.deepEqual(batch.numbers("grpo", "advantage"), [-0.5, -0.5]);
  assert.equal(batch.number("grpo", "credit", 0), 0.5);
  assert.equal(batch.number("ppo", "ratio", 1, 0, -1), Math.exp(0.25));
  assert.deepEqual(
    batch.lanes.map((x) => [x.name, x.from, x.to]),
    [
      ["o₁", 0, 2],
      ["o₂", 0, 2],
    ],
  );
});

test("sentences have the step's own numbers", () => {
  const batch = new Batch(sent());
  const says = (key, mode) => sentence(key, mode, batch);
  assert.equal(says("baseline", "ppo"), "0.50 before 3, 0.25 after");
  assert.equal(says("baseline", "grpo"), "mean 0.500 of 2");
  assert.equal(says("credit", "grpo"), "less 0.500");
  assert.equal(says("advantage", "ppo"), "from −0.38 at 3 to −0.25 at eos");
  assert.equal(says("advantage", "grpo"), "−0.50 for o₂");
  assert.equal(says("reward", "ppo"), "o₂: 0.00, wrong");
  assert.equal(says("reward", "grpo"), "1 of 2");
  assert.equal(says("reference", "ppo"), "reference_unused");
  assert.equal(says("update", "ppo"), "update_own");
  assert.equal(says("update", "grpo"), "update_other");
});

test("what was not recorded is said to be so, and no number takes its place", () => {
  const batch = new Batch(sent({}, { values: false }));
  assert.equal(sentence("baseline", "ppo", batch), "value_unknown");
  assert.equal(sentence("credit", "ppo", batch), "credit_unknown");
  assert.equal(sentence("advantage", "ppo", batch), "credit_unknown");
  assert.equal(sentence("advantage", "grpo", batch), "−0.50 for o₂");
  const values = row("baseline", "ppo", batch);
  assert.deepEqual(
    values.cells.map((x) => printed(values.kind, x.value, values.digits)),
    ["–", "–"],
  );
  assert.equal(values.missing, "not_recorded");
  assert.deepEqual(lines("credit", "ppo", batch, { index: 1, token: 0 }), []);
  const theirs = new Batch(sent({ origin: "grpo" }, { values: false }));
  assert.equal(sentence("baseline", "ppo", theirs), "no_critic");
});

test("formulas have the numbers of the one whose turn it is", () => {
  const batch = new Batch(sent());
  const text = (list) => list.map(({ label, parts }) => `${label}: ${parts.map((x) => x.text ?? x).join("")}`);
  assert.deepEqual(text(lines("credit", "ppo", batch, { index: 1, token: 0 })), [
    "surprise: 0.000 + 1 × 0.250 − 0.500 = −0.250",
    "GAE: −0.250 + 1 × 0.5 × (−0.250) = −0.375",
  ]);
  assert.deepEqual(text(lines("baseline", "grpo", batch, { index: 1, token: 0 })), [
    "mean of the group: mean(1, 0) = 0.500",
  ]);
  const credit = STATIONS.findIndex((x) => x.key === "credit");
  const [first, last] = beats(counted(credit, "ppo", batch).n);
  assert.deepEqual(spot(credit, "ppo", batch, first), { index: 1, token: 1 }, "GAE begins at the last token");
  assert.deepEqual(spot(credit, "ppo", batch, last), { index: 1, token: 0 }, "and ends at the telling one");
  assert.deepEqual(spot(credit, "grpo", batch, first), { index: 0, token: 0 }, "GRPO goes through responses");
});

test("a lane begins where the telling token is within it", () => {
  const long = sent();
  for (const learner of Object.values(long.learners)) {
    for (const response of learner.responses) {
      response.token = Array.from({ length: 200 }, (_, i) => `word${i}`);
      response.position = response.token.map((_, i) => i);
      for (const columns of [response.once, ...response.passes])
        for (const name of Object.keys(columns)) columns[name] = response.token.map(() => 0.5);
    }
  }
  const batch = new Batch({ ...long, at: 150 });
  assert.ok(batch.lane.from <= 150 && batch.lane.to > 150);
  assert.ok(batch.lane.to - batch.lane.from < 20);
});

test("a point of a line lies on it by its share of the length", () => {
  const corner = [
    { x: 0, y: 0 },
    { x: 10, y: 0 },
    { x: 10, y: 30 },
  ];
  assert.deepEqual(along(corner, 0.25), { x: 10, y: 0 });
  assert.deepEqual(along(corner, 0.5), { x: 10, y: 10 });
  assert.deepEqual(along(corner, 2), { x: 10, y: 30 });
});

test("in one row the way back lies below it, and nothing has to go around", () => {
  const place = (left, top) => ({ left, right: left + 100, top, bottom: top + 40 });
  const room = { narrow: false, width: 1400 };
  const back = way({ from: "advantage", to: "update" }, place(900, 0), place(400, 100), room);
  assert.deepEqual(back, [
    { x: 950, y: 41 },
    { x: 950, y: 120 },
    { x: 505, y: 120 },
  ]);
  const up = way({ from: "update", to: "policy", back: true }, place(400, 100), place(0, 0), room);
  assert.deepEqual(up, [
    { x: 399, y: 120 },
    { x: 50, y: 120 },
    { x: 50, y: 45 },
  ]);
  const straight = way({ from: "reward", to: "gae" }, place(500, 0), place(700, 0), room);
  assert.deepEqual(straight, [
    { x: 605, y: 20 },
    { x: 695, y: 20 },
  ]);
  const [there, learns] = [
    way({ from: "value", to: "gae" }, place(500, 0), place(700, 0), room),
    way({ from: "gae", to: "value", learns: true }, place(700, 0), place(500, 0), room),
  ];
  assert.ok(there[0].y < learns[0].y, "one under the other");
});

test("between boxes that stand close, as on a phone, an arrow still points to where it leads", () => {
  const [query, policy] = [
    { left: 0, right: 176, top: 0, bottom: 44 },
    { left: 184, right: 360, top: 0, bottom: 140 },
  ];
  const [a, b] = way({ from: "query", to: "policy" }, query, policy, { narrow: true, width: 360 });
  assert.ok(query.right < a.x && a.x < b.x && b.x < policy.left);
  const below = { left: 184, right: 360, top: 146, bottom: 200 };
  const [c, d] = way({ from: "policy", to: "outputs" }, policy, below, { narrow: true, width: 360 });
  assert.ok(policy.bottom < c.y && c.y < d.y && d.y < below.top);
});

test("what stands above others goes around them where it is wide", () => {
  const place = (left, top) => ({ left, right: left + 100, top, bottom: top + 40 });
  const edge = { from: "reference", to: "gae" };
  const wide = way(edge, place(500, 0), place(500, 200), { narrow: false, width: 640 });
  assert.equal(wide.length, 4);
  assert.ok(wide[1].x > 600 && wide[1].x === wide[2].x);
  const narrow = way(edge, place(0, 0), place(0, 200), { narrow: true, width: 360 });
  assert.deepEqual(narrow, [
    { x: 50, y: 45 },
    { x: 50, y: 195 },
  ]);
});
