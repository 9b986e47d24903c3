// What Python hands to the picture of the loop (lessons/the_loop/picture.py).

export interface Station {
  key: string;
  kind: "trained" | "frozen" | "data";
  title: string;
}

/** A response that was written, and its probability under the policy before and after the step's update. */
export interface Folded {
  tokens: string[];
  count: number;
  reward: number;
  success: boolean;
  before: number;
  after: number;
}

export interface Round {
  /** From 0. */
  step: number;
  prompt: string;
  answer: string;
  count: number;
  right: number;
  written: Folded[];
  /** Probability of all right, and of all wrong, responses together: before, after. */
  together: { right: [number, number] | null; wrong: [number, number] | null };
}

export interface Sent {
  stations: Station[];
  rounds: Round[];
  /** Share of right responses of every step. */
  success: number[];
  /** Of a step. */
  responses: number;
  prompts: number;
  words: Record<string, string>;
}
