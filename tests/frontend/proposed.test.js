import assert from "node:assert/strict";
import { test } from "node:test";

import { Card } from "#frontend/card.js";
import { proposed } from "#frontend/proposed.js";
import { responses } from "#frontend/tokens.js";
import { labels as every, page } from "./page.js";

/** A group as the server sends it: `learners` are name → responses as {text, success, delta, advantage, …}. */
function groups(learners, prompts = {}) {
  const response = ({ text, success, delta = null, advantage = null, ...more }, sample) => ({
    sample,
    text,
    success,
    reward: Number(success),
    truncated: false,
    position: [...text].map((_, i) => i),
    token: [...text],
    once: { delta: delta ?? [...text].map(() => null), advantage: advantage ?? [...text].map(() => null) },
    passes: [{}],
    ...more,
  });
  const own = (name, list) => ({
    prompt: prompts[name] ?? "?",
    terms: [],
    of_step: {},
    without: [],
    settings: {},
    regions: [],
    columns: [],
    responses: list.map(response),
  });
  const all = Object.entries(learners).map(([name, list]) => [name, own(name, list)]);
  return responses({ step: 0, group: 0, learners: Object.fromEntries(all) });
}
const right = (text, more = {}) => ({ text, success: true, advantage: [...text].map(() => 1), ...more });
const wrong = (text, more = {}) => ({ text, success: false, advantage: [...text].map(() => -1), ...more });
const of = ({ token, why }) => [token && `${token.learner}.${token.sample}.${token.position}`, why];

test("of the slips that a critic sees, the one at which its δ falls furthest is proposed", () => {
  const ppo = [
    right("1234", { delta: [0, 0, 0, 0.4] }),
    wrong("1254", { delta: [0, 0, -0.3, -0.1], advantage: [-3, -1, -2, 0] }),
    wrong("9234", { delta: [-0.5, 0, 0, 0] }),
    wrong("1299", { delta: [0, 0, -0.2, -0.9] }),
  ];
  assert.deepEqual(of(proposed(groups({ grpo: [wrong("1111")], ppo }))), ["ppo.2.0", "seen"]);
});

test("where no critic sees a slip, the token with the lowest δ of a wrong response is proposed", () => {
  const ppo = [right("1234", { delta: [0, 0, 0, -2] }), wrong("1254", { delta: [0, 0, -0.3, -0.7] })];
  assert.deepEqual(of(proposed(groups({ ppo }))), ["ppo.1.3", "fall"]);
  const unsure = [right("1234", { delta: [0, 0, 0, 0] }), wrong("1254", { delta: [0, 0, -0.05, 0] })];
  assert.deepEqual(of(proposed(groups({ ppo: unsure }))), ["ppo.1.0", "blamed"], "nothing falls by what can be seen");
});

test("where a response has one credit for all, the slip is proposed: right are those to the same question", () => {
  const grpo = [wrong("1254"), right("1234")];
  assert.deepEqual(of(proposed(groups({ grpo }))), ["grpo.0.2", "slip"]);
  const two = { grpo: [wrong("1254")], other: [right("1234")] };
  assert.deepEqual(of(proposed(groups(two))), ["grpo.0.2", "slip"]);
  assert.deepEqual(of(proposed(groups(two, { other: "another" }))), ["grpo.0.0", "blamed"]);
  assert.deepEqual(of(proposed(groups({ grpo: [wrong("12", { truncated: true }), right("34")] }))), [
    "grpo.0.0",
    "blamed",
  ]);
  const read = wrong("1254", { holes: [false, false, true, false] });
  assert.deepEqual(of(proposed(groups({ grpo: [read, right("1234")] }))), ["grpo.0.0", "blamed"], "nobody wrote it");
});

test("of tokens that are blamed most alike, one is proposed and all are counted", () => {
  const credits = (...rows) => {
    const { token, why, alike } = proposed(
      groups({ a: rows.map((advantage) => right("123".slice(0, advantage.length), { advantage })) }),
    );
    return [token?.position ?? null, why, alike];
  };
  assert.deepEqual(credits([0.1, -0.5, 0.2], [-0.4]), [1, "blamed", 1]);
  assert.deepEqual(credits([0.1, -0.5, -0.5 + 1e-9], [-0.5]), [1, "blamed", 3]);
  assert.deepEqual(credits([0.1, 0.5, 0.2], [0.4]), [0, "", 1], "a token that is not blamed is not said to be");
  assert.deepEqual(credits([null, null, null], [null]), [null, "", 0]);
});

test("the card says why it shows a token, and nothing of one that a person chose", (t) => {
  page(t);
  const card_why = { seen: "{learner} sees it.", fall: "{learner} falls.", slip: "slip.", blamed: "{learner} most." };
  const own = { card_why, card_proposed_alike: "one of {count} of {learner}.", card_other: "Others." };
  const words = new Proxy(own, { get: (known, name) => known[name] ?? every[name] });
  const card = new Card({ labels: words, colours: { a: "blue" }, onClear() {} });
  const [response] = groups({ a: [wrong("12")] }).get("a");
  response.at = () => null;
  response.own.env = () => ({ value: () => null });
  const says = (why, alike = 1) => {
    const opens = why === null ? null : { token: { learner: "a", sample: 0, position: 0 }, why, alike };
    card.show({ response, at: 0, pass: 0, opens });
    return card.note.textContent;
  };
  assert.equal(says("seen"), "a sees it.");
  assert.equal(says("blamed"), "a most.");
  assert.equal(says("blamed", 4), "one of 4 of a.");
  assert.equal(says(""), "Others.");
  assert.equal(says(null), "");
});
