// A group of two responses under both credits, small enough to be worked out by hand: what the pipeline is tested on.

const term = (name, tree, level, title = name) => ({
  name,
  tree,
  level,
  title,
  help: "",
  tex: name,
  source: "",
  given: [],
});
const setting = (name) => ["setting", name];
const [reward, value] = [
  ["response", "reward"],
  ["token", "value"],
];

/** PPO without a KL penalty: the reward at the last token, GAE, no whitening. */
const ppo = [
  term("token_reward", ["if", ["builtin", "last"], reward, 0], 2),
  term("value_next", ["following", value, 0], 2),
  term(
    "delta",
    ["-", ["+", ["term", "token_reward"], ["*", setting("gamma"), ["term", "value_next"]]], value],
    2,
    "surprise",
  ),
  term("advantage_raw", ["scan", ["term", "delta"], ["*", setting("gamma"), setting("lam")]], 2, "GAE"),
  term("advantage", ["term", "advantage_raw"], 2),
  term("ratio", ["exp", ["-", ["token", "logprob"], ["token", "logprob_old"]]], 2),
];

/** GRPO divided by nothing, and its credit at every token. */
const grpo = [
  term("score", reward, 1),
  term("baseline_value", ["mean_group", ["term", "score"]], 1, "mean of the group"),
  term("credit", ["-", ["term", "score"], ["term", "baseline_value"]], 1, "relative"),
  term("advantage_raw", ["per_token", ["term", "credit"]], 2),
  term("advantage", ["per_token", ["term", "credit"]], 2),
];

const response = (sample, token, score, values) => ({
  sample,
  text: token.join(""),
  reward: score,
  success: score === 1,
  truncated: false,
  score: null,
  value_after: null,
  credit: null,
  position: token.map((_, i) => i),
  token,
  once: { logprob_old: token.map(() => -0.5), logprob_ref: token.map(() => -0.75), value: values },
  passes: [0, 0.25].map((more) => ({ logprob: token.map(() => -0.5 + more), kl_k1: token.map(() => 0.25) })),
});

const about = { kind: "PPO", colour: "blue", strip_title: "", group_size: 2, replaces_groups: false, given: false };
const learner = (terms, settings, responses, without = []) => ({
  ...about,
  without,
  columns: [],
  regions: [],
  whole_ratio: false,
  continuations: 0,
  cut_at: "update",
  prompt: "1+1=",
  settings,
  terms,
  of_step: {},
  rewards: responses.map((x) => x.reward),
  responses,
});

/** Words that say their own name and places. */
const words = new Proxy({}, { get: (_, name) => (typeof name === "string" ? (SENTENCES[name] ?? name) : undefined) });
const SENTENCES = {
  baseline_slip: "{before} before {token}, {after} after",
  baseline_grpo: "mean {mean} of {n}",
  credit_undivided: "less {mean}",
  advantage_ppo: "from {low} at {low_token} to {high} at {high_token}",
  advantage_grpo: "{credit} for {o}",
  reward_ppo: "{o}: {reward}, {verdict}",
  reward_grpo: "{right} of {n}",
  station_of: "{n} of {all} · {title}",
  scrub_says: "{n} of {all}, {title}, {share}%",
  mean_short: "mean {mean}",
  between: "between: {share}%",
};

const box = (key, kind = "data", more = {}) => ({ key, kind, title: key, sub: `${key} sub`, ...more });

/**
 * What Python sends, with what a test changes.
 * @param {object} [changes]
 * @param {{ values?: boolean }} [has] whether a critic's values were recorded
 */
export function sent(changes = {}, { values = true } = {}) {
  const right = response(4, ["2", "<eos>"], 1, values ? [0.5, 0.75] : [null, null]);
  const wrong = response(5, ["3", "<eos>"], 0, values ? [0.5, 0.25] : [null, null]);
  const both = [right, wrong];
  return {
    boxes: [
      box("query"),
      box("policy", "trained", { moved_ppo: "moved 0.83", moved_grpo: "moved 0.21" }),
      box("outputs"),
      box("reference", "frozen", { sub_grpo: "not used" }),
      box("reward", "frozen"),
      box("value", "trained", { only: "ppo" }),
      box("gae", "data", { only: "ppo" }),
      box("group", "data", { only: "grpo" }),
      box("advantage"),
      box("update"),
    ],
    learners: {
      ppo: learner(ppo, { gamma: 1, lam: 0.5, kl_coef: 0, beta: 0, kl_reward_estimator: "k1" }, both),
      grpo: learner(grpo, { kl_coef: 0, beta: 0 }, both, ["value"]),
    },
    origin: "ppo",
    names: { ppo: "PPO", grpo: "GRPO" },
    colours: { ppo: "blue", grpo: "orange" },
    group: 2,
    prompt: "1+1=",
    answer: "2",
    focus: 5,
    at: 0,
    decay: 0.5,
    passes: 1,
    start: "ppo",
    pickable: true,
    picked: "policy",
    alt: "both pipelines",
    words,
    titles: {},
    ...changes,
  };
}
