// Which prompt of the step: one button each, with how many of each learner's responses were right.

import { attr, el } from "./dom.js";
import { fill, shortened } from "./format.js";
import { inLines } from "./tokens.js";

const MOST = 56; // characters of a prompt in its button; the whole stands above, once it is chosen

export class Prompts {
  constructor({ labels, colours, onChoose }) {
    Object.assign(this, { labels, colours, onChoose });
    this.root = el("div", { class: "prompts", role: "group", "aria-label": labels.prompts });
  }

  draw(step, group) {
    const shape = JSON.stringify([step.step, step.revision]);
    if (shape !== this.shape) this.#build(step);
    this.shape = shape;
    for (const button of this.root.children) attr(button, "aria-pressed", button.group === group);
  }

  #build(step) {
    const prompts = step.groups.map((x) => x.prompt);
    this.common = commonBeginning(prompts);
    this.ending = commonEnd(prompts.map((x) => x.slice(this.common)), prompts);
    const held = this.root.getRootNode().activeElement?.group;
    this.root.replaceChildren(...step.groups.map((x) => this.#button(x)));
    if (held !== undefined) [...this.root.children].find((x) => x.group === held)?.focus({ preventScroll: true });
  }

  #button({ group, prompt, answer, learners }) {
    const { labels } = this;
    const counts = Object.entries(learners).map(([name, { success, responses }]) =>
      el("span", { class: "count", text: `${success ?? "–"}/${responses}`, style: { color: `var(--ink-${this.colours[name]})` } }));
    const told = Object.entries(learners).map(([name, x]) => fill(labels.right_of, { learner: name.toUpperCase(), right: x.success ?? labels.not_recorded, all: x.responses })).join(", ");
    const own = shortened(prompt.slice(this.common, prompt.length - this.ending), MOST);
    const short = (this.common ? "…" : "") + own + (this.ending && !own.endsWith("…") ? "…" : "");
    const button = el("button", { type: "button", "aria-label": `${short}${answer ? ` ${fill(labels.right_answer, { answer })}` : ""}. ${told}`, title: short === prompt ? told : `${inLines(prompt)}\n\n${told}`, onclick: () => this.onChoose(group) },
      el("span", { class: "mono", text: short }), counts);
    button.group = group;
    return button;
  }
}

/** How many characters all prompts begin with alike, up to a word's end; 0 where leaving them out would not help. */
function commonBeginning(prompts) {
  if (areShort(prompts)) return 0;
  const [first, ...others] = prompts;
  let n = 0;
  while (n < first.length && others.every((x) => x[n] === first[n])) n += 1;
  const word = first.slice(0, n).search(/\S*$/);
  return word >= 16 ? word : 0;
}

/** How many characters all `rests` of the prompts end with alike, such as an instruction: whole lines, or else whole words. */
function commonEnd(rests, prompts) {
  if (areShort(prompts)) return 0;
  const most = Math.min(...rests.map((x) => x.length)) - 1; // something of each is left
  const [first, ...others] = rests;
  let n = 0;
  while (n < most && others.every((x) => x.at(-1 - n) === first.at(-1 - n))) n += 1;
  const tail = first.slice(first.length - n);
  const start = [/[\n␊]/, /\s/].map((x) => tail.search(x)).find((x) => x >= 0);
  return start !== undefined && n - start >= 16 ? n - start : 0;
}

function areShort(prompts) {
  return prompts.length < 2 || prompts.every((x) => x.length <= MOST);
}
