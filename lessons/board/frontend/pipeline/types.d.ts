// What Python hands to the pipeline (lessons/kit/pipeline), and what its modules hand to each other.

import type { Part } from "../printed.js";
import type { GroupLearner, Value } from "../types.js";

/** Whose credit is on show. */
export type Mode = "ppo" | "grpo";

/** A box of the drawing. `sub_grpo` takes the place of `sub` in GRPO's state; `only` there in one state alone. */
export interface BoxData {
  key: string;
  kind: "trained" | "frozen" | "data";
  title: string;
  sub: string;
  sub_grpo?: string;
  /** How far its weights are from those at the start, in words, in each state; left out where it was not recorded. */
  moved_ppo?: string;
  moved_grpo?: string;
  only?: Mode;
  /** Not used by GRPO here. */
  dim_grpo?: boolean;
}

/** What boxes are drawn from. */
export interface Drawn {
  boxes: BoxData[];
  pickable: boolean;
  picked: string | null;
  words: Record<string, string>;
}

export interface Sent extends Drawn {
  /** The same responses, once with PPO's terms and once with GRPO's. */
  learners: Record<Mode, GroupLearner>;
  /** Whose responses they are. */
  origin: Mode;
  names: Record<Mode, string>;
  colours: Record<Mode, string>;
  group: number;
  prompt: string;
  answer: string;
  /** The response that is followed, by its number in the step; `at` its telling token, from 0. */
  focus: number;
  at: number | null;
  /** γ · λ of PPO's settings. */
  decay: number | null;
  passes: number;
  start: Mode;
  alt: string;
  /** Titles of terms by their English ones. */
  titles: Record<string, string>;
}

/** What flies along an arrow: each token of the followed response, each response, the question, or one thing. */
export type Cargo = "tokens" | "responses" | "question" | "one";

export interface Flight {
  from: string;
  to: string;
  cargo: Cargo;
  /** From the last to the first. */
  backward?: boolean;
}

/** What happens at a station in one state. */
export interface Act {
  /** The box that it happens in. */
  box: string;
  /** What it goes through one by one. */
  over: Cargo;
  backward?: boolean;
  flights: Flight[];
}

export interface Station {
  key: string;
  /** At speed 1. */
  seconds: number;
  acts: Record<Mode, Act>;
}

/** Where one is in the walk: which station (from 0), how much of it is done (0 to 1). */
export interface Place {
  station: number;
  done: number;
}

/** A cell of the row of numbers below the drawing. */
export interface Cell {
  text: string;
  value: Value;
  /** Of the token or response in the spotlight. */
  telling: boolean;
}

/** The row of numbers: tokens of the followed response, or responses of the group. */
export interface Row {
  label: string;
  quantity: string;
  kind: "signed" | "ratio" | "plain" | "falling" | null;
  cells: Cell[];
  digits: number;
  /** What a missing number reads as. */
  missing: string;
}

/** A line of a formula with its numbers. */
export interface Line {
  label: string;
  parts: Part[];
}

export interface Point {
  x: number;
  y: number;
}
