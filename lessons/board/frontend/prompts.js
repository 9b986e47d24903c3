// Which prompt of the step: one button each, with how many of each learner's responses were right.

import { attr, el, focusedIn } from "./dom.js";
import { fill, learnerTitle, shortened, signed } from "./format.js";
import { inLines } from "./tokens.js";

/** @import { Labels } from "./labels.js" */
/** @import { ColourNames } from "./strip_types.js" */
/** @import { PromptCount, StepAnswer } from "./types.js" */

const MOST = 56; // characters of a prompt in its button; the whole stands above, once it is chosen
const WORTH_IT = 16; // characters; leaving out fewer would not help

export class Prompts {
  /** @type {{ group: number, root: HTMLButtonElement }[]} */
  #buttons = [];
  #shape = "";

  /** @param {{ labels: Labels, colours: ColourNames, onChoose: (group: number) => void }} options */
  constructor({ labels, colours, onChoose }) {
    this.labels = labels;
    this.colours = colours;
    this.onChoose = onChoose;
    this.root = el("div", { class: "prompts", role: "group", "aria-label": labels.prompts, data: { keeps: "" } });
  }

  /**
   * @param {StepAnswer} step
   * @param {number} group the one on show
   */
  draw(step, group) {
    const shape = JSON.stringify([step.step, step.revision]);
    if (shape !== this.#shape) this.#build(step);
    this.#shape = shape;
    for (const button of this.#buttons) attr(button.root, "aria-pressed", button.group === group);
  }

  /** @param {StepAnswer} step */
  #build(step) {
    const short = shortNames(step.groups.map((x) => x.prompt));
    const focused = focusedIn(this.root);
    const held = this.#buttons.find((x) => x.root === focused)?.group;
    this.#buttons = step.groups.map((x, i) => ({ group: x.group, root: this.#button(x, short[i]) }));
    const hasMargins = step.groups.some((x) => Object.values(x.learners).some((own) => own.margin !== undefined));
    const says = hasMargins ? this.labels.counts_margin : this.labels.counts_right; // each button's name says so itself
    const key = el("span", { class: "chipline", "aria-hidden": "true", text: says });
    this.root.replaceChildren(...this.#buttons.map((x) => x.root), key);
    this.#buttons.find((x) => x.group === held)?.root.focus({ preventScroll: true });
  }

  /**
   * @param {PromptCount} counts
   * @param {string} short
   */
  #button({ group, prompt, answer, learners }, short) {
    const { labels } = this;
    const counts = Object.entries(learners).map(([name, { success, responses, margin }]) =>
      el("span", {
        class: "count",
        text: margin === undefined ? `${success ?? "–"}/${responses}` : signed(margin, 2),
        style: { color: `var(--ink-${this.colours[name]})` },
      }),
    );
    const rights = Object.entries(learners)
      .map(([name, x]) => {
        const learner = learnerTitle(labels, name);
        if (x.margin !== undefined) return fill(labels.margin_of, { learner, margin: signed(x.margin, 2) });
        return fill(labels.right_of, { learner, right: x.success ?? labels.not_recorded, all: x.responses });
      })
      .join(labels.comma);
    const right = answer ? ` ${fill(labels.right_answer, { answer })}` : "";
    const props = {
      type: "button",
      "aria-label": `${short}${right}. ${rights}`,
      title: short === prompt ? rights : `${inLines(prompt)}\n\n${rights}`,
      onclick: () => this.onChoose(group),
    };
    return el("button", props, el("span", { class: "mono", text: short }), counts);
  }
}

/**
 * The prompts, short enough for a button each: without what all of them begin or end with.
 * @param {string[]} prompts
 */
export function shortNames(prompts) {
  const common = commonBeginning(prompts);
  const ending = commonEnd(
    prompts.map((x) => x.slice(common)),
    prompts,
  );
  return prompts.map((prompt) => {
    const own = shortened(prompt.slice(common, prompt.length - ending), MOST);
    return (common ? "…" : "") + own + (ending && !own.endsWith("…") ? "…" : "");
  });
}

/**
 * How many characters all prompts begin with alike, up to a word's end; 0 where leaving them out would not help.
 * @param {string[]} prompts
 */
function commonBeginning(prompts) {
  if (areShort(prompts)) return 0;
  const [first, ...others] = prompts;
  let n = 0;
  while (n < first.length && others.every((x) => x[n] === first[n])) n += 1;
  const word = first.slice(0, n).search(/\S*$/);
  return word >= WORTH_IT ? word : 0;
}

/**
 * How many characters all `rests` of the prompts end with alike, such as an instruction: whole lines, or else whole words.
 * @param {string[]} rests
 * @param {string[]} prompts
 */
function commonEnd(rests, prompts) {
  if (areShort(prompts)) return 0;
  const most = Math.min(...rests.map((x) => x.length)) - 1; // something of each is left
  const [first, ...others] = rests;
  let n = 0;
  while (n < most && others.every((x) => x.at(-1 - n) === first.at(-1 - n))) n += 1;
  const tail = first.slice(first.length - n);
  const start = [/[\n␊]/, /\s/].map((x) => tail.search(x)).find((x) => x >= 0);
  return start !== undefined && n - start >= WORTH_IT ? n - start : 0;
}

/** @param {string[]} prompts */
function areShort(prompts) {
  return prompts.length < 2 || prompts.every((x) => x.length <= MOST);
}
