// An exported page answers the lab from what it holds, also for questions whose tokens were left out.

import assert from "node:assert/strict";
import { test } from "node:test";

import { answered, languageOf, withoutTokens } from "#frontend/loader/web_page.mjs";
import { keepIn, readUrl, writeUrl } from "#frontend/url.js";

const learner = { group_size: 2, terms: [{ name: "ratio" }], of_step: { std: 0.5 }, rewards: [1, 0], prompt: "1+1=" };
const group = { step: 3, group: 2, revision: "a", prompt: "1+1=", learners: { ppo: { ...learner, responses: [{}] } } };
const step = {
  step: 3,
  revision: "a",
  groups: [
    { group: 2, prompt: "1+1=", answer: "2" },
    { group: 4, prompt: "2+2=", answer: "4" },
  ],
};
const piece = { step, group, others: { 4: { ppo: { prompt: "2+2=", rewards: [0, 0] } } } };
const live = { rows: [{ step: 2 }, { step: 3 }] };
const pieceOf = async (/** @type {number} */ number) => (number === 3 ? piece : null);
const kinds = async (/** @type {object} */ wanted) => (await answered(wanted, live, pieceOf)).map((x) => x.kind);

test("the step comes before the rows that name it, with the group whose tokens are here", async () => {
  const parts = await answered({ step: 3 }, live, pieceOf);
  assert.deepEqual(
    parts.map((x) => [x.kind, x.body]),
    [
      ["group", group],
      ["step", step],
      ["live", live],
    ],
  );
  assert.deepEqual(await kinds({ follow: true }), ["group", "step", "live"]); // the newest
  assert.deepEqual(await kinds({ step: 7 }), ["live"]); // a step that was left out
});

test("of another question come the rewards, and no response", async () => {
  const [{ body }] = await answered({ step: 3, group: 4 }, live, pieceOf);
  assert.deepEqual(body, withoutTokens(group, 4, piece));
  assert.equal(body.group, 4);
  assert.equal(body.prompt, "2+2=");
  assert.equal(body.answer, "4");
  assert.deepEqual(body.learners.ppo, { ...learner, prompt: "2+2=", rewards: [0, 0], responses: [] });
  assert.deepEqual(withoutTokens(group, 9, piece).learners.ppo.rewards, []); // nobody was asked it
  assert.equal(group.learners.ppo.responses.length, 1); // what is kept stays as it is
});

test("a step without groups brings no group", async () => {
  const empty = { step: { ...step, groups: [] }, group: null, others: {} };
  assert.deepEqual(
    (await answered({ step: 3, group: 4 }, live, async () => empty)).map((x) => x.kind),
    ["step", "live"],
  );
});

test("the language is the address's, else the browser's", () => {
  const tags = ["en", "zh-TW"];
  assert.equal(languageOf("zh-TW", tags, "en-GB"), "zh-TW");
  assert.equal(languageOf("<img>", tags, "en-GB"), "en");
  for (const browser of ["zh-TW", "zh-Hant", "zh-Hant-HK", "zh-hk"])
    assert.equal(languageOf(null, tags, browser), "zh-TW");
  for (const browser of ["zh-CN", "zh", "de", "zhx-TW"]) assert.equal(languageOf(null, tags, browser), "en", browser);
});

test("choices may be kept elsewhere than in the page's query", () => {
  const choices = { x: ["step", "time"], color: ["advantage"] };
  let href = "file:///?lang=zh-TW";
  let written = 0;
  keepIn({
    read: () => href,
    write: (now) => {
      written += 1;
      href = now;
    },
  });
  const nothing = readUrl(choices);
  writeUrl(nothing, choices);
  assert.equal(written, 0);
  writeUrl({ ...nothing, step: 4, x: "time" }, choices);
  assert.equal(href, "file:///?lang=zh-TW&step=4&x=time");
  assert.equal(readUrl(choices).step, 4);
});
