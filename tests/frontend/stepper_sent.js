// What a page hands the stepper, small enough to follow by hand: a response of three tokens, or a group of four.

const WORDS = new Proxy(
  {
    station_of: "{n} of {all} · {title}",
    says_gae: "the first gets {first}",
    says_clip: "from {low_ratio} to {high_ratio}",
    none: "none",
    says_credit: "{best} gets {best_credit}",
  },
  { get: (known, name) => known[name] ?? String(name), has: () => true },
);

const term = (name, tree, level) => ({ name, tree, level, title: name, help: "", tex: "", source: "", given: [] });
const own = (name) => ["term", name];

const station = (key, rows, more = {}) => ({
  ...{ key, title: key, each: true, backward: false, seconds: 1, formulas: [], extra: null },
  ...more,
  rows: rows.map((name, i) => ({
    name,
    label: name,
    kind: name === "taken" ? "ratio" : "signed",
    grows: i === rows.length - 1,
    line: null,
  })),
});

const shared = { words: WORDS, titles: {}, about: {}, colour: "blue", spot: 1, fixed: {} };

/** Three tokens with δ = −0.5, 0.25, 1; γ is 1 and λ 0.5, so that A = −0.125, 0.75, 1. */
export function ofResponse() {
  const region = { side: -1, ratio_from: null, ratio_to: ["-", 1, ["setting", "epsilon"]], advantage: "negative" };
  return {
    ...shared,
    kind: "tokens",
    data: {
      settings: { gamma: 1, lam: 0.5, epsilon: 0.2, clip_high: 0.2, kl_coef: 0 },
      step: {},
      whole: true,
      lengths: [3, 2],
      responses: { group: [0, 0], reward: [1, 0] },
      tokens: {
        delta: [
          [-0.5, 0.25, 1],
          [0, 0],
        ],
      },
      holes: null,
    },
    terms: [
      term("advantage_raw", ["scan", ["token", "delta"], ["*", ["setting", "gamma"], ["setting", "lam"]]], 2),
      term("advantage", own("advantage_raw"), 2),
      term("ratio", ["token", "ratio"], 2),
      term("surrogate_value", ["*", own("ratio"), own("advantage")], 2),
    ],
    regions: [{ ...region, cuts: true, says: "", values: {}, symbol: "" }],
    shown: [0],
    tokens: [["4", "2", "<eos>"]],
    successes: [true],
    taken: [
      [0.7, 1, 1],
      [1, 1],
    ],
    stations: [
      station("delta", ["delta"]),
      station("gae", ["delta", "advantage_raw"], { backward: true, formulas: ["advantage_raw"] }),
      station("clip", ["advantage", "taken", "surrogate_value"], { extra: "clip" }),
    ],
    sliders: [
      {
        name: "lam",
        symbol: "λ",
        title: "λ",
        min: 0,
        max: 1,
        step: 0.01,
        value: 0.5,
        sets: [["lam", 0]],
        station: "gae",
        digits: 2,
      },
      {
        name: "epsilon",
        symbol: "ε",
        title: "ε",
        min: 0,
        max: 0.5,
        step: 0.01,
        value: 0.2,
        sets: [
          ["epsilon", 0],
          ["clip_high", 0.1],
        ],
        station: "clip",
        digits: 2,
      },
    ],
    flips: false,
    start: "gae",
  };
}

/** Rewards 1, 0, 0, 1 and, of another group, 1. Each is compared with its group's mean. */
export function ofGroup() {
  return {
    ...shared,
    kind: "group",
    data: {
      settings: {},
      step: {},
      whole: true,
      lengths: [1, 1, 1, 1, 1],
      responses: { group: [0, 0, 0, 0, 1], reward: [1, 0, 0, 1, 1] },
      tokens: {},
      holes: null,
    },
    terms: [
      term("score", ["response", "reward"], 1),
      term("baseline_value", ["mean_group", own("score")], 1),
      term("credit", ["-", own("score"), own("baseline_value")], 1),
      term("advantage", ["per_token", own("credit")], 2),
    ],
    regions: [],
    shown: [0, 1, 2, 3],
    tokens: [["a"], ["b"], ["c"], ["d"]],
    successes: [true, false, false, true],
    taken: null,
    stations: [
      station("rewards", ["score"]),
      station("credit", ["score", "credit"]),
      station("tokens", ["advantage"], { extra: "tokens" }),
    ],
    sliders: [
      {
        name: "G",
        symbol: "G",
        title: "G",
        min: 1,
        max: 4,
        step: 1,
        value: 4,
        sets: [],
        station: "rewards",
        digits: 0,
      },
    ],
    flips: true,
    start: "credit",
  };
}
