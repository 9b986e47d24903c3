// What Python hands to the clip picture (lessons/ratio_and_clip/picture.py).

import type { Sent as StripSent } from "../lesson_strips.js";
import type { Region, Term } from "../terms.js";

/** Terms of a surrogate, and the regions in which it cuts. */
export interface Declared {
  terms: Term[];
  regions: Region[];
  settings: Record<string, unknown>;
}

/** All tokens' ratios at one moment of the step, in the order of `tokens`. */
export interface Moment {
  ratio: number[];
  /** On which side each token's gradient was cut: 1, −1, or 0; empty where no gradient is taken. */
  side: number[];
  says: string;
}

export interface Sent {
  /** By the dual clip's bound, as the list of choices names it; one alone where nothing can be chosen. */
  declared: Record<string, Declared>;
  dual: string;
  /** The term that is maximised, and the one whose value is the gradient where it is not cut. */
  objective: string;
  gradient: string;
  moments: Moment[];
  /** Of `moments`, the one that is shown first. */
  start: number;
  advantage: number[];
  tokens: string[];
  position: number[];
  response: number[];
  responses: string[];
  /** Tokens that are held at first, A > 0 and A < 0; null: a made-up one. */
  held: [number | null, number | null];
  /** How far the axis of ratios goes. */
  reach: number;
  /** What can be chosen; null where the limits stay. */
  limits: null | {
    low: [number, number];
    high: [number, number];
    /** How many tokens each region cut as trained, and how many were outside and still learn. */
    trained: number[];
    trained_title: string;
    /** The furthest token of each of the four cases; null where there is none. */
    cases: { name: string; token: number | null; sign: 1 | -1 }[];
  };
  /** A response's tokens that move along: rows as token_strips hands them over; null where none is shown. */
  strip: null | { first: number; count: number; sent: StripSent; label: string; at_start: string };
  words: Record<string, string>;
}
