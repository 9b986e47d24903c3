// What a page hands to its components, where they get their numbers, and what a person chose in them.

import type { Labels } from "./labels.js";
import type { Message } from "./messages.js";
import type { GroupAnswer, Live, StepAnswer } from "./types.js";

/** Which token: of which learner's response, at which place. */
export interface TokenId {
  learner: string;
  sample: number;
  position: number;
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
  /** In a word or two beside a piece of the line (or a point), where a chart has several. */
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
