// The learners' scatters side by side, on axes that all share, with the controls that play the update passes.

import { el, say } from "./dom.js";
import { fill, learnerTitle, sentences } from "./format.js";
import { Passes } from "./passes.js";
import { kinds } from "./regions.js";
import { Scatter } from "./scatter.js";
import { limitsOf } from "./scatter_axes.js";
import { nobodyHas } from "./tokens.js";

/** @import { Labels } from "./labels.js" */
/** @import { TokenId } from "./page_types.js" */
/** @import { ColourNames } from "./strip_types.js" */
/** @import { StepAnswer } from "./types.js" */

export class Scatters {
  /** @type {Map<string, Scatter>} by learner */
  #scatters = new Map();
  /** @type {StepAnswer | null} */
  #step = null;

  /**
   * @param {object} options
   * @param {Labels} options.labels
   * @param {ColourNames} options.colours
   * @param {(token: TokenId, group: number) => void} options.onToken
   * @param {(pass: number) => void} options.onPass
   */
  constructor({ labels, colours, onToken, onPass }) {
    this.labels = labels;
    this.colours = colours;
    this.onToken = onToken;
    this.passes = new Passes({
      labels,
      onPass,
      onMoment: (moment) => {
        for (const scatter of this.#shown()) scatter.play(moment);
      },
      says: (pass) =>
        this.#shown()
          .map((x) => x.says(pass))
          .join(labels.comma),
    });
    this.help = el("p", { class: "note" });
    this.list = el("div", { class: "scatters" });
    this.root = el("section", {}, el("h2", { text: labels.scatter }), this.help, this.passes.root, this.list);
  }

  /** The scatters of the step on show. */
  #shown() {
    const names = Object.keys(this.#step?.learners ?? {});
    return names.flatMap((name) => this.#scatters.get(name) ?? []);
  }

  /**
   * A new step, or other colours.
   * @param {StepAnswer} step
   * @param {number} pass
   * @param {number} last
   * @param {TokenId | null} token
   */
  draw(step, pass, last, token) {
    const learners = Object.entries(step.learners);
    this.#step = step;
    const none = nobodyHas(Object.values(step.learners), ["ratio"]);
    this.root.hidden = none || learners.every(([, data]) => !data.sample.length); // no token, or no ratio: no picture
    if (this.root.hidden) return;
    const limits = limitsOf(learners.map(([, data]) => data));
    this.#explain(step);
    const roots = learners.map(([name, data]) => {
      const scatter = this.#scatter(name);
      scatter.draw(data, limits, pass, token);
      return scatter.root;
    });
    // In the step's order, whoever was first to make a step; a root that is in its place is not moved.
    if (roots.some((root, i) => this.list.children[i] !== root)) this.list.prepend(...roots);
    for (const [name, scatter] of this.#scatters) scatter.root.hidden = !(name in step.learners);
    this.#play(pass, last);
  }

  /**
   * Another pass or another token of the same step.
   * @param {number} pass
   * @param {number} last
   * @param {TokenId | null} token
   */
  move(pass, last, token) {
    for (const scatter of this.#scatters.values()) scatter.move(pass, token);
    this.#play(pass, last);
  }

  /**
   * @param {number} pass
   * @param {number} last
   */
  #play(pass, last) {
    if (this.#step) this.passes.draw(pass, last, `${this.#step.step} ${this.#step.revision}`);
  }

  /** @param {StepAnswer} step */
  #explain({ learners }) {
    const ways = Object.entries(learners).map(([name, { regions }]) => ({
      name: learnerTitle(this.labels, name),
      ...kinds(regions),
    }));
    const cuts = ways.some((x) => x.cuts);
    const bounding = ways.filter((x) => x.bounds && !x.cuts).map((x) => x.name);
    const { scatter_help: help, scatter_help_cut, scatter_help_bounded, scatter_help_pass: move } = this.labels;
    const bounded = bounding.length > 0 && fill(scatter_help_bounded, { learners: bounding.join(this.labels.comma) });
    say(this.help, sentences([help, cuts && scatter_help_cut, bounded, move]));
  }

  /** @param {string} name */
  #scatter(name) {
    const { labels, colours, onToken: onChoose } = this;
    const known = this.#scatters.get(name) ?? new Scatter({ name, labels, colour: colours[name], onChoose });
    if (!this.#scatters.has(name)) this.list.append(known.root);
    this.#scatters.set(name, known);
    return known;
  }

  close() {
    this.passes.close();
  }
}
