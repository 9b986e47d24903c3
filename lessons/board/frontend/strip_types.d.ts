// What a token strip is drawn from.

import type { Scale } from "./colours.js";
import type { Value } from "./types.js";

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
