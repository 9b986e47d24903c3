// What Python hands to the picture of the loop (lessons/the_loop/picture.py).

import type { BoxData } from "../pipeline/types.js";

/** A response that was written, and its probability under the policy before and after the step's update. */
export interface Folded {
  tokens: string[];
  text: string;
  /** Place, from 0, of the first such response among those to the prompt. */
  first: number;
  count: number;
  reward: number;
  success: boolean;
  before: number;
  after: number;
  /** Of each token, with which it was drawn. */
  chances: (number | null)[];
}

export interface Round {
  /** From 0. */
  step: number;
  prompt: string;
  /** Some other prompts of the step. */
  others: string[];
  answer: string;
  count: number;
  right: number;
  written: Folded[];
  /** Probability of all right, and of all wrong, responses together: before, after. */
  together: { right: [number, number] | null; wrong: [number, number] | null };
}

export interface Sent {
  /** Whose rounds these are. */
  run: string;
  /** Whether a learner began it, so that it may go on. */
  own: boolean;
  /** The run whose first round is waited for, and what is said meanwhile; empty where none is. */
  awaited: string;
  waiting: string;
  /** The stations; what stands below a title has places. */
  boxes: BoxData[];
  rounds: Round[];
  /** Share of right responses of every step. */
  success: number[];
  /** Steps that the run is to make. */
  steps: number;
  /** Of a step. */
  responses: number;
  prompts: number;
  /** Rows of a box: the most different responses that a round may have, up to eight. */
  rows: number;
  colour: string;
  words: Record<string, string>;
}
