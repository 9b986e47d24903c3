// Responses as lanes of small chips: what the policy wrote, and, under it, what each token is credited with.

import { el, say } from "../dom.js";
import { isNumber, rewardText, signed } from "../format.js";
import { fade, landed } from "./painted.js";
import { arrival, doneAt, STATIONS } from "./stations.js";

/** @import { Scale } from "../colours.js" */
/** @import { Batch, Lane } from "./batch.js" */
/** @import { Mode } from "./types.js" */

const DIM = 0.66; // what PPO does not look at together with the followed response; still to be read

const at = (/** @type {string} */ key) => STATIONS.findIndex((x) => x.key === key);
const [WRITTEN, SCORED, CREDITED] = [at("policy"), at("reward"), at("advantage")];

/** The responses as they are written. */
export class Outputs {
  /** @type {{ root: HTMLElement, chips: HTMLElement[], mark: HTMLElement, followed: boolean }[]} */
  #lanes = [];

  constructor() {
    this.bracket = el("span", { class: "bracket" });
    this.root = el("span", { class: "lanes", "aria-hidden": "true" });
  }

  /** @param {Batch} batch */
  draw(batch) {
    const { words } = batch.sent;
    this.#lanes = batch.lanes.map((lane) => {
      const response = batch.responses[lane.index];
      const chips = chipsOf(batch, lane);
      const known = isNumber(response.reward);
      const text = known ? `${response.success ? "✓" : "✗"} ${rewardText(response.reward)}` : words.unknown_short;
      const mark = el("span", { class: `mark-of ${response.success ? "good" : ""}`, text });
      const followed = lane.index === batch.focus;
      return { root: laneRow(lane, followed, chips.row, mark), chips: chips.all, mark, followed };
    });
    const more = batch.responses.length - batch.lanes.length;
    const rest = more > 0 ? el("span", { class: "rest", text: words.more_lanes.replace("{n}", String(more)) }) : null;
    this.root.replaceChildren(this.bracket, ...this.#lanes.map((x) => x.root), ...(rest ? [rest] : []));
  }

  /** @param {number} position @param {number} morph */
  paint(position, morph) {
    const [written, scored] = [doneAt(WRITTEN, position), doneAt(SCORED, position)];
    fade(this.bracket, morph);
    for (const [j, { root, chips, mark, followed }] of this.#lanes.entries()) {
      fade(root, followed ? 1 : DIM + (1 - DIM) * morph);
      for (const [k, chip] of chips.entries()) fade(chip, landed(arrival(k, chips.length, written)));
      fade(mark, landed(arrival(j, this.#lanes.length, scored)));
    }
  }
}

/** The same responses, each token in the colour of its advantage: PPO's over GRPO's, one of them seen. */
export class Advantages {
  /** @type {Record<Mode, { layer: HTMLElement, lanes: { root: HTMLElement, chips: HTMLElement[] }[] }>} */
  #modes = { ppo: { layer: el("span"), lanes: [] }, grpo: { layer: el("span"), lanes: [] } };

  constructor() {
    this.root = el("span", { class: "lanes layers", "aria-hidden": "true" });
  }

  /**
   * @param {Batch} batch
   * @param {Scale} scale
   */
  draw(batch, scale) {
    for (const mode of /** @type {Mode[]} */ (["ppo", "grpo"])) {
      const lanes = batch.lanes.map((lane) => {
        const { all, row } = chipsOf(batch, lane);
        for (const [i, t] of batch.places(lane).entries())
          paint(all[i], batch.number(mode, "advantage", lane.index, t), scale);
        const followed = lane.index === batch.focus;
        return { root: laneRow(lane, followed, row, numberOf(batch, lane, mode)), chips: all };
      });
      const layer = el("span", { class: "layer" }, ...lanes.map((x) => x.root));
      this.#modes[mode] = { layer, lanes };
    }
    this.root.replaceChildren(this.#modes.ppo.layer, this.#modes.grpo.layer);
  }

  /** @param {number} position @param {number} morph */
  paint(position, morph) {
    const done = doneAt(CREDITED, position);
    const { ppo, grpo } = this.#modes;
    fade(ppo.layer, 1 - morph);
    fade(grpo.layer, morph);
    for (const { chips } of ppo.lanes) {
      for (const [k, chip] of chips.entries()) fade(chip, landed(arrival(k, chips.length, done)));
    }
    for (const [j, { root }] of grpo.lanes.entries()) fade(root, landed(arrival(j, grpo.lanes.length, done)));
  }
}

/** GRPO's one number, at the end of the lane; PPO has one for every token, and none there. @type {(batch: Batch, lane: Lane, mode: Mode) => HTMLElement} */
function numberOf(batch, lane, mode) {
  const node = el("span", { class: "mark-of" });
  if (mode === "grpo") say(node, signed(batch.number(mode, "credit", lane.index), 2, batch.sent.words.unknown_short));
  return node;
}

/** @type {(lane: { name: string }, followed: boolean, chips: HTMLElement, mark: HTMLElement) => HTMLElement} */
export const laneRow = ({ name }, followed, chips, mark) =>
  el(
    "span",
    { class: `lane${followed ? " followed" : ""}` },
    el("span", { class: "lane-name", text: name }),
    chips,
    mark,
  );

/** @param {Batch} batch @param {Lane} lane */
function chipsOf(batch, lane) {
  const { holes } = batch.responses[lane.index]; // what the policy did not write is hatched, as on the strips
  const look = (/** @type {number} */ t) => (holes[t] ? "tk hole" : "tk");
  const all = batch.places(lane).map((t) => el("span", { class: look(t), text: batch.chip(lane.index, t) }));
  const dots = (/** @type {boolean} */ isThere) => (isThere ? el("span", { class: "dots", text: "…" }) : null);
  const { length } = batch.responses[lane.index];
  return { all, row: el("span", { class: "tks" }, dots(lane.from > 0), all, dots(lane.to < length)) };
}

/** @param {HTMLElement} chip @param {import("../types.js").Value} value @param {Scale} scale */
export function paint(chip, value, scale) {
  const known = typeof value === "number" ? scale.colour(value) : null;
  chip.classList.toggle("none", !known);
  chip.style.backgroundColor = known?.background ?? "";
  chip.style.color = known?.ink ?? "";
}
