// What stands on the lab's page once its learners are known, from top to bottom.

import { Board } from "./board.js";
import { Detail } from "./detail.js";
import { el, say } from "./dom.js";
import { fill, shortened } from "./format.js";
import { Progress } from "./progress.js";
import { Proof } from "./proof.js";
import { Timeline } from "./timeline.js";
import { inLines } from "./tokens.js";

/** @import { Labels } from "./labels.js" */
/** @import { ChartSpec, TokenId } from "./page_types.js" */
/** @import { ColourNames } from "./strip_types.js" */
/** @import { GroupAnswer, StepAnswer } from "./types.js" */

/**
 * What a person did. Steps count from 0.
 * @typedef {object} Handlers
 * @property {() => void} follow
 * @property {() => void} pause
 * @property {(x: string) => void} axis
 * @property {(changes: Partial<import("./chart_places.js").Chosen>) => void} lead
 * @property {(step: number) => void} step
 * @property {(group: number) => void} group
 * @property {(token: TokenId | null, group?: number) => void} token
 * @property {(color: string) => void} color
 * @property {(pass: number) => void} pass
 */

const MOST_TITLE = 90; // characters of a prompt in the heading

export class Stage {
  /**
   * @param {object} options
   * @param {HTMLElement} options.root the lab's own element
   * @param {HTMLElement} options.message
   * @param {Labels} options.labels
   * @param {ChartSpec[]} options.charts
   * @param {ColourNames} options.colours
   * @param {string[]} options.axes
   * @param {(variable: string) => string} options.css a CSS variable's value
   * @param {Handlers} options.on
   */
  constructor({ root, message, labels, charts, colours, axes, css, on }) {
    this.labels = labels;
    this.colours = colours;
    const { follow, pause, axis } = on;
    const resetZoom = () => this.board.resetZoom();
    this.progress = new Progress({ labels, choices: axes, on: { follow, pause, axis, resetZoom } });
    const onZoom = (/** @type {boolean} */ is) => this.progress.zoomed(is);
    this.board = new Board({ charts, labels, colours, css, onChoose: on.step, onZoom, onLead: on.lead });
    this.timeline = new Timeline({ labels, onGo: on.step });
    this.proof = new Proof({ labels });
    this.detail = new Detail({ root, labels, colours, on });
    this.stepTitle = el("span");
    this.promptTitle = el("span", { class: "mono" });
    this.wholePrompt = el("div", { class: "said mono" });
    const summary = el("summary", { text: labels.whole_prompt });
    this.whole = el("details", { class: "fold whole", hidden: true }, summary, this.wholePrompt);
    const title = el("h2", { class: "steptitle" }, this.stepTitle, this.promptTitle);
    const { prompts } = this.detail;
    const line = el(
      "div",
      { class: "stepline", data: { keeps: "" } },
      title,
      this.timeline.root,
      this.progress.watched,
    );
    // What is higher than a projector is dealt onto several screens, piece by piece (loader/screens.mjs).
    this.below = el("div", { class: "below", data: { deal: "" } }, line, this.whole, prompts.root, this.detail.root);
    this.board.captionLine.append(this.progress.charted);
    const boardTitle = el("h2", { class: "unseen", text: labels.board });
    // What is looked at together stands in the first screen: two curves, the strips and the card; all else below.
    const above = [this.progress.root, boardTitle, this.board.top, message, this.below, this.detail.tooltip.root];
    root.dataset.parts = ""; // what present mode shows one after another (loader/present.mjs)
    this.below.dataset.part = labels.token_by_token;
    this.board.root.dataset.parts = "";
    root.replaceChildren(...above, this.proof.root, this.board.root);
  }

  /**
   * Which step and prompt are on show.
   * @param {StepAnswer} step
   * @param {GroupAnswer} group
   */
  headings(step, { prompt, answer }) {
    const { labels } = this;
    say(this.stepTitle, `${fill(labels.step_n, { step: step.step + 1 })} · `);
    const short = shortened(prompt ?? "", MOST_TITLE);
    say(this.promptTitle, short);
    const right = answer ? `\n\n${fill(labels.right_answer, { answer })}` : "";
    say(this.wholePrompt, inLines(prompt ?? "") + right);
    this.whole.hidden = short === (prompt ?? "");
  }

  /** Which of its parts there are. */
  get parts() {
    return [this.below, ...this.board.places.groups].map((x) => !x.hidden).join();
  }

  close() {
    this.timeline.stop();
    this.detail.close();
    this.board.close();
  }
}
