// What Python hands to the picture of the KL's estimates (lessons/kl/picture.py).

import type { Term } from "../terms.js";

/** An estimate of the KL from the sampled token, or the exact one. */
export type Estimate = "k1" | "k2" | "k3" | "exact";

export interface Sent {
  /** The estimates' terms, over logprob and logprob_ref. */
  terms: Term[];
  /** Each token's log-ratio and estimates, in the order in which the tokens come in. */
  log_ratio: number[];
  estimates: Record<Estimate, number[]>;
  /** The mean over the tokens so far. */
  running: Record<Estimate, number[]>;
  tokens: string[];
  position: number[];
  response: number[];
  responses: string[];
  /** Log-ratios are drawn up to here. */
  edge: number;
  words: Record<string, string>;
}
