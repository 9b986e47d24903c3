// What the server sends (core/runs/feed.py and the views beside it), as the modules read it.

import type { Message } from "./messages.js";
import type { Region, Term } from "./terms.js";

/** A measured value: null where there is none, a word ("nan", "inf", "-inf") where it is no number. */
export type Value = number | string | null;

/** A message with a number in it: the form that `fill` takes where {n} is 1, and for all others. */
export interface Forms {
  one: string;
  other: string;
}

/** A learner's settings; which ones there are, its kind declares. */
export interface Settings {
  algorithm: string;
  [name: string]: Value | boolean | undefined;
}

/** A column that a learner's kind records beyond those of every trace; its title and help are message templates. */
export interface Column {
  name: string;
  title: string;
  help: string;
  /** Coloured around 0. */
  signed: boolean;
}

/** What a learner's kind and its surrogate declare (core/runs/learner_views.py). Texts are English message templates. */
export interface Declared {
  /** As people write the kind: PPO. */
  kind: string;
  colour: "blue" | "orange" | "green" | "pink" | "red" | "grey" | "brown";
  /** Over its strips: {name}, {size}, and settings. */
  strip_title: string;
  /** What it learns from, as a template; null where that is the task's verifier, or not recorded. */
  scored_by?: string | null;
  /** Responses a question; null where an imported run does not tell. */
  group_size: number | null;
  /** Whether it asks others in the place of questions whose answers all score the same. */
  replaces_groups: boolean;
  /** Whether it is asked nothing: it learns from a fixed data set. */
  given: boolean;
  /** Whether the old log-probabilities are those of who wrote the given responses, and not the policy's own. */
  against_collector?: boolean;
  /** What it changes: a policy that writes responses, or a model that scores them. */
  trains?: "policy" | "reward-model";
  /** Columns of steps that this learner has at evaluations only, beside those that all have only there. */
  at_evaluations?: string[];
  /** Columns that it has none of. */
  without: string[];
  columns: Column[];
  /** Where its surrogate cuts a gradient, or bounds a weight. */
  regions: Region[];
  /** Whether a token's term moves its whole response. */
  whole_ratio: boolean;
  /** Fresh continuations whose mean reward is a value; 0 where values are not measured. */
  continuations: number;
  /** Fresh continuations whose mean reward is a checked value; null where an imported run does not tell. */
  checked_by: number | null;
  settings: Settings;
}

/** What a learner declares, of one step. */
export interface OfStep extends Declared {
  /**
   * Where `clipped` was measured (core/runs/view_values.py): where gradients were taken, or at each pass in an older
   * run; "never": the policy took none. Null: not recorded.
   */
  cut_at: "update" | "state" | "never" | null;
}

export interface LearnerState extends Declared {
  name: string;
  algorithm: string;
  status: string;
  reason: string | Message | null;
  preparing: { text: string | Message; share: number | null } | null;
  /** The last step made, counted from 0; −1 before the first. */
  step: number;
  /** How many are to be made. */
  steps: number;
  start_hash: string | null;
  device: string | null;
}

export interface RunState {
  id: string;
  name: string;
  status: string;
  seed: number | null;
  steps: number;
  group_size: number | null;
  prompts: number | null;
  model: string | null;
  source: string | null;
  /** What its learners have alike (core/contracts.py); null where there is nothing to compare, or nobody knows. */
  contract: Contract | null;
  /** Its place in the queue while others train, and about how many seconds it will wait; null where nobody knows. */
  waiting?: { place: number; wait_s: number | null } | null;
  /** Where a board of a run that is over opens, counted from 0; null: at its newest step. */
  opening?: { step: number; group: number } | null;
  versions: Record<string, string>;
  /** Columns of a row that are measured at evaluations only. */
  at_evaluations: string[];
}

/** What learners are compared by: asked the same, or as many responses a step shared out each in its own way. */
export type Contract = "same-questions" | "same-budget";

/** One learner's measures of one step: a number a column. */
export interface StepRow {
  learner: string;
  step: number;
  revision: string;
  [column: string]: Value;
}

/** The answer of the live address: the run's state, and the rows that are newer than the cursor. */
export interface Live {
  cursor: number;
  /** All there is, not only what is new. */
  whole: boolean;
  run: RunState;
  learners: LearnerState[];
  events: unknown[];
  rows: StepRow[];
}

/** A prompt of a step, and how each learner's responses to it did. */
export interface PromptCount {
  group: number;
  prompt: string;
  answer: string | null;
  learners: Record<string, Counts>;
}

/** How a learner's responses to a prompt did; `margin`, of a labelled pair: score of the preferred one less the other's. */
export interface Counts {
  responses: number;
  success: number | null;
  reward: number | null;
  margin?: Value;
}

/** Every panel token of a learner at a step: where it stands in the scatter. Columns have a value a token. */
export interface StepTokens extends OfStep {
  sample: number[];
  position: number[];
  group: number[];
  advantage: Value[];
  passes: { ratio: Value[]; clipped: (number | null)[] }[];
  /** Of as many of its questions, from the first, as every learner of the step has. */
  first_prompts_hash: string;
}

export interface StepAnswer {
  step: number;
  revision: string;
  groups: PromptCount[];
  learners: Record<string, StepTokens>;
  /** How many questions the learner has that has the fewest. */
  shared_prompts: number;
  /** The group to show to who chose none. */
  telling: number | null;
}

/** A response and its tokens: columns of the rollout once, columns of a pass once a pass, a value a token. */
export interface ResponseData {
  sample: number;
  text: string;
  reward: Value;
  success: boolean | null;
  truncated: boolean | null;
  /** Of a labelled response: whether its label is held out, so that nothing is learnt from it. */
  heldout?: boolean | null;
  /** What it is compared by with the others of its group. */
  score: Value;
  value_after: Value;
  credit: Value;
  position: number[];
  token: string[];
  /** Which tokens the policy did not write; left out where it wrote all. */
  holes?: boolean[];
  once: Record<string, Value[]>;
  passes: Record<string, Value[]>[];
}

export interface GroupLearner extends OfStep {
  /** What it was asked, where one that replaces groups may have asked another; null: nothing under this number. */
  prompt: string | null;
  terms: Term[];
  /** Numbers of the whole step by term. */
  of_step: Record<string, Value>;
  /** Of all responses to the prompt. */
  rewards: Value[];
  /** Those whose tokens are here; all, where no tokens of the step were kept. */
  responses: ResponseData[];
}

export interface GroupAnswer {
  step: number;
  group: number;
  revision: string;
  prompt: string | null;
  answer?: string | null;
  learners: Record<string, GroupLearner>;
}
