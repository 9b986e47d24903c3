// What the server sends (core/runs/views.py, core/runs/feed.py) and Streamlit hands over, as the modules read it.

import type { Scale } from "./colours.js";
import type { Labels } from "./labels.js";
import type { Message } from "./messages.js";
import type { Region, Term } from "./terms.js";

/** A measured value: null where there is none, a word ("nan", "inf", "-inf") where it is no number. */
export type Value = number | string | null;

/** A message with a number in it: the form that `fill` takes where {n} is 1, and for all others. */
export interface Forms {
  one: string;
  other: string;
}

/** Which token: of which learner's response, at which place. */
export interface TokenId {
  learner: string;
  sample: number;
  position: number;
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

/** What a learner's kind and its surrogate declare (core/runs/views.py, _about). Texts are English message templates. */
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
   * Where `clipped` was measured (core/runs/views.py, _cut_at): where gradients were taken, or at each pass in an older
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
  learners: Record<string, { responses: number; success: number | null; reward: number | null }>;
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

/** What a person chose, as in the address; the step counts from 1, null follows the newest. */
export interface View {
  step: number | null;
  group: number | null;
  token: TokenId | null;
  color: string;
  x: string;
  pass: number | null;
  /** Which charts come first; null: those that the run has numbers for. */
  left: string | null;
  right: string | null;
}

/** What may be chosen where there are a few names; the first is the default. Learners may add colourings of their own. */
export interface Choices {
  x: string[];
  color: string[];
}

/** A line of a chart. */
export interface Series {
  column: string;
  title?: string;
  /** In a word or two beside a piece of the line, where a chart has several. */
  name?: string;
  /** Thinner than the chart's others. */
  thin?: boolean;
  /** A pattern of the series' own in place of its learner's. */
  dash?: "solid" | "dashed" | "dotted";
  /** Points only, no line: measured now and then. */
  points?: boolean;
}

export interface ChartSpec {
  key: string;
  title: string;
  help: string;
  series: Series[];
  /** Where it stands while it is not among the first: more is folded away. */
  group: "learning" | "moved" | "critic" | "more";
  /** Its lines are measured now and then: what is read is what was measured last. */
  now_and_then?: boolean;
  /** What is said of a run whose rows have the first series' column, but not this one: it means something else there. */
  otherwise?: { lacks: string; says: string; imported: string };
  range?: [number, number];
  at_least?: [number, number];
  at_most?: [number, number];
}

/** How a strip's numbers are read: around 0, around 1, from low to high, or so that the lowest stand out. */
export type StripKind = "signed" | "ratio" | "plain" | "falling";

/** A sign on a token: a bar above or below it, or a frame around it. What it means is said by words that come with it. */
export type Mark = "high" | "low" | "frame";

/** Above a token, or below it: where the ratio is beyond a bound on the high or on the low side. */
export type Side = "high" | "low";

/** What a mark means: on a token, in the legend, and in a legend where it means something else for other {learners}. */
export interface MarkWords {
  says: string;
  key: string;
  among: string;
}

/** One response, or one view of it; lists have a value a token, shorter ones none for the rest. */
export interface StripRow {
  /** Unique in the strip: "name.place" is a token. */
  name: string;
  /** Where it stands, whatever stands there: what a person unfolded stays unfolded when another response comes. */
  slot: string;
  label: string;
  note: string;
  /** A colour's name, for the label. */
  colour: string | null;
  verdict: { sign: string; says: string; good: boolean } | null;
  /** Stands for several equal ones (or, open, is the first of them): the button that shows each, or one for all. */
  alike?: { key: string; open: boolean; sign: string; says: string } | null;
  /** How the button that folds it calls it: "Response 3:". */
  called: string;
  tokens: string[];
  /** The place of each token, from 0. */
  places: number[];
  values: Value[];
  /** What a missing number reads as. */
  missing: string;
  marks: (Mark | null)[];
  marked: Partial<Record<Mark, string>>;
  /** In the spotlight. */
  spot: boolean[];
  /** Not filled in yet. */
  hidden: boolean[];
  /** Not written by the model: no number is theirs. */
  holes: boolean[];
  /** Read out too: name → values. */
  more: Record<string, Value[]>;
  /** Where no tokens were recorded: the response, and what is known of its credit. */
  text: string;
  credit: string;
  /** The response did not end by itself. */
  cut: { text: string; help: string } | null;
}

/** Rows under one heading; without a title they stand alone. */
export interface StripGroup {
  name: string;
  title: string;
  colour: string | null;
  note: string;
  rows: StripRow[];
}

/** All that a token strip shows. */
export interface StripData {
  /** The same shape has the same groups, rows and tokens: only what is on them may differ. */
  shape: string;
  groups: StripGroup[];
  /** Sentences below the rows. */
  notes: string[];
  kind: StripKind;
  scale: Scale;
  /** The name of the number that colours. */
  quantity: string;
  /** Digits of the numbers on the tokens; null: only colour tells. */
  digits: number | null;
  /** Digits of a number that is read out. */
  saidDigits: number;
  /** "name.place" of the chosen token. */
  picked: string | null;
  alt: string;
  legend: { title: string; unknown: string; keys: { mark: string; text: string }[] };
  /** Words of the buttons that fold long rows; null: none is folded. */
  fold: { all: string; whole: string; less: string } | null;
  words: { token_says: string; comma: string; later: string; hole: string };
}

/** Colour names by learner: "blue" is the variable --learner-blue (lines) and --ink-blue (text). */
export type ColourNames = Record<string, string>;

/** Where the numbers come from: the server's addresses, or Streamlit itself. */
export interface Source {
  paused: boolean;
  close(): void;
  pause(paused: boolean): void;
  pull(): void | Promise<void>;
  follow(following: boolean, group: number | null): void;
  /** What is being fetched is no longer wished for. */
  abandon(): void;
  step(step: number, revision: string): Promise<StepAnswer>;
  group(step: number, group: number, revision: string): Promise<GroupAnswer>;
}

/** Whom a source tells. */
export interface SourceEvents {
  onLive(live: Live): void;
  onMissing(message?: string | Message): void;
  /** null: all is well again; no sentence: the server does not answer. */
  onTrouble(message?: string | Message | null): void;
  onUnreachable(): void;
  isActive(): boolean;
  /** Whether its workers are on their way to the first step. */
  isBeginning(): boolean;
  cursor(): number;
  /** Of a step, as the rows name it now. */
  revision(step: number): string;
}

/** A Streamlit component (v2) as its script sees it. */
export interface Component {
  parentElement: ParentNode & Node;
  data?: ArrayBuffer | Uint8Array<ArrayBuffer> | null;
  setStateValue(name: string, value: unknown): void;
  setTriggerValue(name: string, value: unknown): void;
}

/** A style sheet to put into the component's root. */
export type Sheet = HTMLLinkElement | HTMLStyleElement;

/** What Python hands to the lab. */
export interface LabOptions {
  run: string;
  status: string;
  base: string;
  version: string;
  channel: string;
  labels: Labels;
  charts: ChartSpec[];
}

export interface LabEnv {
  main: string;
  base: string;
  inline: boolean;
  styles(): Sheet[];
}

/** What Python hands to a lesson's component. */
export interface LessonOptions {
  base: string;
  version: string;
  module: string;
  data: unknown;
}

export interface LessonEnv {
  main: string;
  module(name: string): string;
  sheet(name: string): Sheet;
}

/** What a lesson's module exports by default: a class that draws what Python sends. */
export interface Drawing {
  draw(data: unknown, theme: { dark: boolean }): void;
  close?(): void;
}

export type { Labels };
