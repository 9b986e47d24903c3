// The drawing itself: boxes with what they hold, arrows between them, and what is under way on these.

import { scale } from "../colours.js";
import { attr, el } from "../dom.js";
import { EDGES } from "./arrows.js";
import { Bars, GroupBars, Rewards } from "./bars.js";
import { MODES } from "./batch.js";
import { Boxed } from "./boxed.js";
import { textsOf } from "./flights.js";
import { Advantages, Outputs } from "./lanes.js";
import { coming, fade, leaving } from "./painted.js";
import { END, placeOf, STATIONS } from "./stations.js";

/** @import { Value } from "../types.js" */
/** @import { Batch } from "./batch.js" */
/** @import { Mode } from "./types.js" */

/**
 * All that is seen of it at a moment: how far the walk is, whose pipeline it is (0 PPO's, 1 GRPO's), and whether nothing
 * shall fly.
 * @typedef {{ position: number, morph: number, mode: Mode, isStill: boolean }} State
 */

export class Drawing {
  /** @type {Batch | null} */
  #batch = null;
  /** @type {State | null} */
  #state = null;

  /** @param {(key: string) => void} onPress */
  constructor(onPress) {
    /** What stands in the place of the value model where there is none. */
    this.ghost = el("div", { class: "ghost", "aria-hidden": "true" });
    this.outputs = new Outputs();
    this.advantages = new Advantages();
    this.logprobs = new Bars({ station: "policy", high: true });
    this.kl = new Bars({ station: "reference", signed: true });
    this.values = new Bars({ station: "baseline" });
    this.gae = new Bars({ station: "credit", backward: true, signed: true, high: true });
    this.rewards = new Rewards();
    this.group = new GroupBars();
    const inside = {
      policy: this.logprobs.root,
      outputs: this.outputs.root,
      advantage: this.advantages.root,
      reference: this.kl.root,
      reward: this.rewards.root,
      value: this.values.root,
      gae: this.gae.root,
      group: this.group.root,
    };
    this.boxed = new Boxed({
      edges: EDGES,
      onPress,
      inside,
      beside: this.ghost,
      isThere: (edge) => edge.from !== "reference" || Number(this.#batch?.sent.learners.ppo.settings.kl_coef) > 0,
      onPlaced: () => this.#state && this.paint(this.#state),
    });
    this.root = this.boxed.root;
  }

  /**
   * @param {Batch} batch
   * @param {boolean} dark
   */
  draw(batch, dark) {
    this.#batch = batch;
    const { words, learners, origin, alt } = batch.sent;
    attr(this.root, "aria-label", alt);
    this.ghost.textContent = words.ghost;
    const missing = (/** @type {string} */ name) =>
      words[learners[origin].without.includes(name) ? "none" : "not_recorded"];
    const own = (/** @type {Value[]} */ values) => scale(values, { centre: 0 }, dark);
    const [kl, values, raw] = [batch.kl, "value", "advantage_raw"].map((name) => batch.numbers("ppo", name));
    const written = batch.numbers(origin, "logprob_old");
    this.logprobs.draw(written, scale(written, { reversed: true }, dark), missing("logprob_old"));
    this.outputs.draw(batch);
    this.advantages.draw(batch, own(everyAdvantage(batch)));
    this.kl.draw(kl, own(kl), missing("logprob_ref"));
    this.values.draw(values, scale([0, 1, ...values], {}, dark), missing("value"));
    this.gae.draw(raw, own(raw), missing("value"));
    this.group.draw(batch, own(batch.lanes.map((x) => batch.number("grpo", "advantage_raw", x.index))));
    this.rewards.draw(batch);
    this.boxed.draw(batch.sent);
  }

  close() {
    this.boxed.close();
  }

  /** @param {State} state */
  paint(state) {
    this.#state = state;
    const batch = this.#batch;
    if (!batch) return;
    const { position, morph, mode } = state;
    const where = placeOf(position);
    fade(this.ghost, coming(morph));
    this.boxed.boxes.morph(morph, mode);
    for (const edge of EDGES) {
      const line = edge.only ? this.boxed.arrows.line(edge) : null;
      if (line) fade(line, edge.only === "ppo" ? leaving(morph) : coming(morph));
    }
    for (const part of [this.outputs, this.advantages, this.rewards]) part.paint(position, morph);
    for (const part of [this.logprobs, this.kl, this.values, this.gae, this.group]) part.paint(position);
    const { flights, box } = STATIONS[where.station].acts[mode];
    this.boxed.fly(state.isStill ? [] : flights, where.done, (cargo) => textsOf(cargo, batch));
    this.boxed.boxes.current(position < END ? box : null);
  }
}

/** Both learners', so that a colour means the same in both. @param {Batch} batch */
const everyAdvantage = (batch) =>
  MODES.flatMap((mode) =>
    batch.lanes.flatMap((lane) => batch.places(lane).map((t) => batch.number(mode, "advantage", lane.index, t))),
  );
