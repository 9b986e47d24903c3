// The drawing itself: boxes with what they hold, arrows between them, and what is under way on these.

import { scale } from "../colours.js";
import { attr, el, focusedIn } from "../dom.js";
import { zoomOf } from "../theme.js";
import { Arrows, EDGES } from "./arrows.js";
import { Bars, GroupBars, Rewards } from "./bars.js";
import { MODES } from "./batch.js";
import { Boxes } from "./boxes.js";
import { Flights } from "./flights.js";
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
    this.arrows = new Arrows();
    this.flights = new Flights();
    this.outputs = new Outputs();
    this.advantages = new Advantages();
    this.logprobs = new Bars({ station: "policy", high: true });
    this.kl = new Bars({ station: "reference", signed: true });
    this.values = new Bars({ station: "baseline" });
    this.gae = new Bars({ station: "credit", backward: true, signed: true, high: true });
    this.rewards = new Rewards();
    this.group = new GroupBars();
    this.boxes = new Boxes(onPress, {
      policy: this.logprobs.root,
      outputs: this.outputs.root,
      advantage: this.advantages.root,
      reference: this.kl.root,
      reward: this.rewards.root,
      value: this.values.root,
      gae: this.gae.root,
      group: this.group.root,
    });
    const parts = [this.arrows.root, this.boxes.root, this.flights.root];
    this.root = el("div", { class: "drawing", role: "group" }, parts);
    this.root.onkeydown = (event) => this.#keys(event);
    this.sizes = new ResizeObserver(() => this.#connect());
    this.sizes.observe(this.root);
  }

  /**
   * @param {Batch} batch
   * @param {boolean} dark
   */
  draw(batch, dark) {
    this.#batch = batch;
    const { words, learners, origin, alt } = batch.sent;
    attr(this.root, "aria-label", alt);
    this.boxes.draw(batch.sent);
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
    this.#connect();
  }

  close() {
    this.sizes.disconnect();
  }

  /** @param {State} state */
  paint(state) {
    this.#state = state;
    const batch = this.#batch;
    if (!batch) return;
    const { position, morph, mode } = state;
    const where = placeOf(position);
    this.boxes.morph(morph, mode);
    for (const edge of EDGES) {
      const line = edge.only ? this.arrows.line(edge) : null;
      if (line) fade(line, edge.only === "ppo" ? leaving(morph) : coming(morph));
    }
    for (const part of [this.outputs, this.advantages, this.rewards]) part.paint(position, morph);
    for (const part of [this.logprobs, this.kl, this.values, this.gae, this.group]) part.paint(position);
    if (state.isStill) this.flights.clear();
    else this.flights.paint(where, mode, batch, this.arrows);
    this.boxes.current(position < END ? STATIONS[where.station].acts[mode].box : null);
  }

  /** Where boxes stand may have changed: arrows are drawn anew. */
  #connect() {
    if (!this.#batch) return;
    const around = this.root.getBoundingClientRect();
    const zoom = zoomOf(this.root);
    const places = new Map(this.boxes.all.map(({ key, root }) => [key, within(root, around, zoom)]));
    const charged = Number(this.#batch.sent.learners.ppo.settings.kl_coef) > 0;
    this.arrows.draw(places, around.width / zoom, (edge) => edge.from !== "reference" || charged);
    if (this.#state) this.paint(this.#state);
  }

  /**
   * Arrow keys walk from box to box.
   * @param {KeyboardEvent} event
   */
  #keys(event) {
    const way = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const own = this.boxes.all.filter(({ root }) => !root.inert);
    const at = own.findIndex(({ root }) => root === focusedIn(this.root));
    if (!way || at < 0) return;
    event.preventDefault();
    own[at + way]?.root.focus();
  }
}

/** Both learners', so that a colour means the same in both. @param {Batch} batch */
const everyAdvantage = (batch) =>
  MODES.flatMap((mode) =>
    batch.lanes.flatMap((lane) => batch.places(lane).map((t) => batch.number(mode, "advantage", lane.index, t))),
  );

/** @type {(root: Element, around: DOMRect, zoom: number) => import("./arrows.js").Place} */
function within(root, around, zoom) {
  const { left, right, top, bottom } = root.getBoundingClientRect();
  return {
    left: (left - around.left) / zoom,
    right: (right - around.left) / zoom,
    top: (top - around.top) / zoom,
    bottom: (bottom - around.top) / zoom,
  };
}
