// What Python hands to the stepper (lessons/kit/played), and what its modules hand to each other.

import type { StripKind } from "../strip_types.js";
import type { Cell, Data, Region, Term } from "../terms.js";
import type { Value } from "../types.js";

/** A row of bars: a term, a column of the data, or one of `fixed`. */
export interface RowData {
  name: string;
  label: string;
  kind: StripKind;
  /** Whether it grows at this station; others are there already. */
  grows: boolean;
  /** Terms drawn as a line across the row, and how they are called. */
  line: { name: string; label: string } | null;
}

/** A sub-step. */
export interface StationData {
  key: string;
  title: string;
  /** What it goes through one by one: the columns, from the last to the first with `backward`; or all at once. */
  each: boolean;
  backward: boolean;
  seconds: number;
  rows: RowData[];
  /** Terms whose formulas are shown with the numbers of the token or response in the spotlight. */
  formulas: string[];
  /** Whether each response's tokens are shown with its number; whether a token's ratio is drawn through the clip. */
  extra: "tokens" | "clip" | null;
}

export interface SliderData {
  name: string;
  symbol: string;
  title: string;
  min: number;
  max: number;
  step: number;
  value: number;
  /** Settings that follow it, each by how much it stands above it. */
  sets: [string, number][];
  /** The station in which it is used. */
  station: string;
  digits: number;
}

export interface StepperSent {
  /** Whose columns: the tokens of one response, or the responses of one group. */
  kind: "tokens" | "group";
  /** Every stored response of the step. */
  data: Data;
  terms: Term[];
  regions: Region[];
  /** Rows of `data` that are shown: one response, or a group's. */
  shown: number[];
  /** Of the shown ones. */
  tokens: string[][];
  successes: boolean[];
  /** The ratio at which the last pass took each token's gradient, for every row of `data`; null where none was taken. */
  taken: Cell[][] | null;
  /** Rows of the shown response that no setting changes, by name. */
  fixed: Record<string, Value[]>;
  stations: StationData[];
  sliders: SliderData[];
  /** Whether rewards can be flipped and the group be made smaller. */
  flips: boolean;
  /** The station that it opens at the end of. */
  start: string;
  spot: number;
  colour: string;
  about: Record<string, string | number>;
  words: Record<string, string>;
  /** Titles of terms by their English ones. */
  titles: Record<string, string>;
}
