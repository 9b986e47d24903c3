// What the loop's boxes hold, a row a response in each: the prompts, the responses, their rewards, the tuples, and how
// probable the model finds them before and after the update.

import { scale } from "../colours.js";
import { el, say } from "../dom.js";
import { fill, rewardText } from "../format.js";
import { Bars } from "../pipeline/bars.js";
import { MOST_LANES, nameOf } from "../pipeline/batch.js";
import { laneRow } from "../pipeline/lanes.js";
import { fade, landed } from "../pipeline/painted.js";
import { arrival } from "../pipeline/stations.js";
import { chipText } from "../tokens.js";
import { doneAt, probability } from "./rounds.js";

/** @import { Folded, Round, Sent } from "./types.js" */
/** @typedef {{ within: number }} Place */

/** Responses that have a row, the most frequent ones. @param {Round} round */
export const shown = ({ written }) => written.slice(0, MOST_LANES);

/** As GRPO's pipeline calls the first of those that are alike. @param {Folded} of */
export const named = ({ first }) => nameOf(first);

/** @param {Folded} of */
const chipsOf = ({ tokens }) =>
  tokens.map((x) => {
    const { text, size } = chipText(x);
    return el("span", { class: `tk ${size}`, text });
  });

class Rows {
  constructor(name = "") {
    this.root = el("span", { class: `rows ${name}`, "aria-hidden": "true" });
  }

  /**
   * Shows rows one after another as they arrive.
   * @param {HTMLElement[]} rows
   * @param {number} done
   */
  arrive(rows, done) {
    for (const [i, row] of rows.entries()) fade(row, landed(arrival(i, rows.length, done)));
  }
}

/** The step's prompts; the one whose responses are looked at comes first. */
export class Prompts extends Rows {
  /** @param {Round} round @param {Sent} sent */
  draw({ prompt, others }, { prompts, words }) {
    const more = prompts - 1 - others.length;
    const rest = more > 0 ? [el("span", { class: "rest", text: words.more.replace("{n}", String(more)) })] : [];
    const names = others.map((text) => el("span", { class: "prompt mono", text }));
    this.root.replaceChildren(el("b", { class: "prompt mono", text: prompt }), ...names, ...rest);
  }
}

/** How probable the model found each token of the first response that it draws. */
export class Chances {
  constructor() {
    this.bars = new Bars({ station: "policy", high: true });
    this.label = el("span", { class: "rest" });
    this.root = el("span", { class: "chances", "aria-hidden": "true" }, this.bars.root, this.label);
  }

  /** @param {Round} round @param {Sent} sent @param {boolean} dark */
  draw({ written }, { words }, dark) {
    const [of] = written;
    this.bars.draw(of.chances, scale([0, 1], {}, dark), words.none);
    say(this.label, words.chances.replace("{o}", named(of)));
  }

  /** @param {Place} place */
  paint(place) {
    this.bars.show(doneAt("model", place));
  }
}

/** The responses, written token by token. */
export class Written extends Rows {
  /** @type {{ chips: HTMLElement[], times: HTMLElement }[]} */
  #lanes = [];
  #longest = 1;

  /** @param {Round} round @param {Sent} sent */
  draw(round, { words }) {
    const of = shown(round);
    const more = round.written.length - of.length;
    const rows = of.map((response) => {
      const chips = chipsOf(response);
      const times = el("span", { class: "mark-of", text: `× ${response.count}` });
      return {
        root: laneRow({ name: named(response) }, false, el("span", { class: "tks" }, chips), times),
        chips,
        times,
      };
    });
    this.#lanes = rows;
    this.#longest = Math.max(1, ...rows.map((x) => x.chips.length));
    const rest = more > 0 ? [el("span", { class: "rest", text: words.more.replace("{n}", String(more)) })] : [];
    this.root.replaceChildren(...rows.map((x) => x.root), ...rest);
  }

  /** @param {Place} place */
  paint(place) {
    const [written, counted] = [doneAt("model", place), doneAt("responses", place)];
    for (const { chips, times } of this.#lanes) {
      // All at the same time, each a token at a time: the longest one takes the whole station.
      for (const [t, chip] of chips.entries()) fade(chip, landed(arrival(t, this.#longest, written)));
      fade(times, landed(counted));
    }
  }
}

/** Each response's reward. */
export class Verdicts extends Rows {
  /** @type {HTMLElement[]} */
  #rows = [];

  /** @param {Round} round @param {Sent} sent */
  draw(round, { words }) {
    this.#rows = shown(round).map((of) => {
      const { reward, success } = of;
      const text = `${success ? "✓" : "✗"} ${rewardText(reward)}`;
      const pebble = el("span", { class: `pebble ${success ? "good" : ""}`, text });
      return el("span", { class: "row" }, el("span", { class: "lane-name", text: named(of) }), pebble);
    });
    const knows = round.answer
      ? [el("span", { class: "rest", text: fill(words.knows, { answer: round.answer }) })]
      : [];
    this.root.replaceChildren(...this.#rows, ...knows);
  }

  /** @param {Place} place */
  paint(place) {
    this.arrive(this.#rows, doneAt("reward", place));
  }
}

/** What the update is given: prompt, response, reward. */
export class Tuples extends Rows {
  /** @type {HTMLElement[]} */
  #rows = [];

  /** @param {Round} round */
  draw(round) {
    this.#rows = shown(round).map((of) => {
      const { text, reward, count, success } = of;
      const tuple = el("span", { class: "tuple mono" }, "(", el("span", { text: round.prompt }), ", ");
      tuple.append(el("b", { text }), ", ", el("b", { class: success ? "good" : "", text: rewardText(reward) }), ")");
      const name = el("span", { class: "lane-name", text: named(of) });
      return el("span", { class: "row" }, name, tuple, el("span", { class: "mark-of", text: `× ${count}` }));
    });
    this.root.replaceChildren(...this.#rows);
  }

  /** @param {Place} place */
  paint(place) {
    this.arrive(this.#rows, doneAt("tuples", place));
  }
}

/** How probable the model finds each response, before and after: half of the station is for its way in, half for the change. */
export class Probabilities extends Rows {
  /** @type {{ root: HTMLElement, of: Folded, text: HTMLElement, bar: HTMLElement }[]} */
  #rows = [];

  /** @param {Round} round */
  draw(round) {
    this.#rows = shown(round).map((of) => {
      const bar = el("i", { class: of.success ? "good" : "" });
      const track = el("span", { class: "track" }, bar);
      const text = el("span", { class: "num" });
      const name = el("span", { class: "lane-name", text: named(of) });
      return { of, text, bar, root: el("span", { class: "row" }, name, el("span", { class: "change" }, text, track)) };
    });
    this.root.replaceChildren(...this.#rows.map((x) => x.root));
  }

  /** @param {Place} place */
  paint(place) {
    const update = doneAt("update", place);
    const [there, changed] = [Math.min(1, 2 * update), Math.max(0, 2 * update - 1)];
    this.arrive(
      this.#rows.map((x) => x.root),
      there,
    );
    for (const { of, text, bar } of this.#rows) {
      bar.style.width = `${Math.max(0, Math.min(1, of.before + (of.after - of.before) * changed)) * 100}%`;
      const before = probability(of.before);
      say(text, changed > 0 ? `${before} → ${probability(of.after)}` : before);
    }
  }
}
