// The step under the glass: its prompts, token strips, formula card and scatter.

import { Card } from "./card.js";
import { COLOURINGS, domain, offeredTo, titleOf, whyNobody } from "./colourings.js";
import { attr, el, say } from "./dom.js";
import { fill, learnerTitle } from "./format.js";
import { labScale, labStrip } from "./lab_strip.js";
import { Prompts } from "./prompts.js";
import { proposed } from "./proposed.js";
import { Scatters } from "./scatters.js";
import { TokenStrip } from "./strip.js";
import { endOf, nobodyHas, responses } from "./tokens.js";
import { Tooltip } from "./tooltip.js";
import { passOf } from "./wish.js";

/** @import { Scale } from "./colours.js" */
/** @import { Model } from "./model.js" */
/** @import { Groups } from "./tokens.js" */
/** @import { Labels } from "./labels.js" */
/** @import { TokenId, View } from "./page_types.js" */
/** @import { ColourNames } from "./strip_types.js" */
/** @import { GroupAnswer, StepAnswer } from "./types.js" */

const TOOLTIP_COLUMNS = [
  "logprob_old",
  "logprob",
  "logprob_ref",
  "ratio",
  "advantage_raw",
  "advantage",
  "kl_k1",
  "kl_k2",
  "kl_k3",
  "kl_exact",
  "entropy",
  "token_reward",
  "value",
  "delta",
  "return",
  "objective",
];

/** Measured of few responses: said where they are. */
const NOW_AND_THEN = ["value_measured", "advantage_measured"];

/** Of so many learners the responses do not fit in the first screen: two of each do. */
const MANY = 3;

/** @typedef {Pick<import("./stage.js").Handlers, "group" | "token" | "color" | "pass">} Handlers */

export class Detail {
  /** @type {Map<string, Scale>} by colouring: those of the group on show */
  #scales = new Map();
  #pass = 0;
  /** @type {Set<string>} of equal responses of the group on show, those of which each is shown */
  #opened = new Set();
  #redraw = () => {};
  #showsAll = false;
  /** @type {Set<string>} names of the rows on show */
  #rows = new Set();
  /** @type {StepAnswer | null} */
  step = null;
  /** @type {GroupAnswer | null} */
  group = null;
  /** @type {Model | null} */
  model = null;
  /** @type {Groups} */
  groups = new Map();
  lastPass = 0;
  /** Where none is chosen. */
  usualPass = 0;
  /** Those of the run's learners. */
  colourings = COLOURINGS;
  /** @type {boolean | null} as last drawn; null: nothing of this step yet */
  dark = null;

  /** @param {{ root: HTMLElement, labels: Labels, colours: ColourNames, on: Handlers }} options */
  constructor({ root, labels, colours, on }) {
    this.labels = labels;
    this.colours = colours;
    this.on = on;
    const source = (/** @type {string} */ name) => this.#source(name);
    this.tooltip = new Tooltip({ host: root, labels, columns: TOOLTIP_COLUMNS, nowAndThen: NOW_AND_THEN, source });
    this.prompts = new Prompts({ labels, colours, onChoose: on.group });
    const onChoose = (/** @type {import("./row.js").Spot} */ { row, at }) => this.#chosen(row.data.name, at);
    this.strip = new TokenStrip({
      reader: this.tooltip,
      onChoose,
      onAlike: (key) => this.#toggleAlike(key),
      keysBelow: true,
    });
    this.card = new Card({ labels, colours, onClear: () => on.token(null) });
    this.color = el("select", { id: "lab-color", data: { testid: "color" } });
    this.#offerColourings();
    this.color.onchange = () => on.color(this.color.value);
    const range = { type: "range", id: "lab-pass", min: 0, max: 1, step: 1, data: { testid: "pass" } };
    this.pass = el("input", range);
    this.pass.oninput = () => on.pass(Number(this.pass.value));
    this.passText = el("b", { class: "num" });
    const passName = el("span", { text: labels.pass });
    this.passes = el("label", { class: "axis pass", title: labels.pass_help }, passName, this.pass, this.passText);
    this.scatters = new Scatters({ labels, colours, onToken: on.token, onPass: on.pass });
    const every = { type: "button", class: "every", hidden: true, data: { testid: "all" } };
    this.all = el("button", { ...every, text: labels.all_responses });
    this.all.onclick = () => {
      this.#showsAll = !this.#showsAll;
      this.#redraw();
    };
    this.switches = el(
      "div",
      { class: "switches" },
      el("label", { class: "axis" }, el("span", { text: labels.colour_by }), this.color),
      this.passes,
      this.all,
    );
    const tools = el("div", { class: "tools", data: { keeps: "" } }, this.switches, this.strip.legend);
    const two = el("div", { class: "two" }, this.strip.root, this.card.root);
    this.root = el("div", { class: "detail", data: { deal: "" } }, tools, two, this.scatters.root);
  }

  close() {
    this.scatters.close();
  }

  /**
   * A newly loaded step and group.
   * @param {StepAnswer} step
   * @param {GroupAnswer} group
   * @param {Model} model
   */
  load(step, group, model) {
    const same = this.step?.revision === step.revision && this.step.step === step.step;
    if (same && this.group?.group === group.group) return;
    if (this.step?.step !== step.step || this.group?.group !== group.group) {
      this.#opened.clear();
      this.#rows.clear();
    }
    this.step = step;
    this.group = group;
    this.model = model;
    this.groups = responses(group);
    const passes = [
      ...[...this.groups.values()].flat().map((x) => x.lastPass),
      ...Object.values(step.learners).map((x) => x.passes.length - 1),
    ];
    this.lastPass = Math.max(0, ...passes);
    this.usualPass = passOf(step, this.lastPass);
    this.colourings = offeredTo(model.learners);
    this.#offerColourings();
    this.#nameColourings();
    this.dark = null;
  }

  /**
   * Whether this is the last pass, and is on show without being chosen.
   * @param {number} pass
   */
  isEnd(pass) {
    return pass === this.lastPass && pass === this.usualPass;
  }

  /** What can be chosen; the menu stays as it is while that is the same. */
  #offerColourings() {
    const names = Object.keys(this.colourings);
    if (names.join() === [...this.color.options].map((x) => x.value).join()) return;
    const title = (/** @type {string} */ name) => titleOf(name, this.colourings, this.labels);
    this.color.replaceChildren(...names.map((x) => el("option", { value: x, text: title(x) })));
  }

  /** A colouring that no token here has a number for says so in the menu. */
  #nameColourings() {
    const { labels, colourings } = this;
    for (const option of this.color.options) {
      const quantity = titleOf(option.value, colourings, labels);
      const missing = labels[whyNobody(this.groups, colourings[option.value])];
      const known = domain(this.groups, colourings[option.value]).length > 0;
      say(option, known ? quantity : fill(labels.nobody_has, { quantity, missing }));
    }
  }

  /**
   * @param {View} chosen
   * @param {boolean} dark
   */
  draw(chosen, dark) {
    const { step, group, model, colourings } = this;
    const [first] = Object.keys(colourings); // of this run
    const view = { ...chosen, color: Object.hasOwn(colourings, chosen.color) ? chosen.color : first };
    if (!step || !group || !model) return;
    const pass = Math.min(view.pass ?? this.usualPass, this.lastPass);
    const opens = proposed(this.groups);
    const bare = nobodyHas(Object.values(step.learners), ["advantage"]); // who credits no token blames none
    const token = view.token ?? opens.token ?? (bare ? endOf(this.groups) : null);
    const shown = { ...view, token };
    this.prompts.draw(step, group.group);
    this.#pass = pass;
    if (dark !== this.dark) {
      this.#scales.clear();
      this.scatters.draw(step, pass, this.lastPass, token);
    } else this.scatters.move(pass, this.lastPass, token);
    const { groups, labels } = this;
    const scale = this.#scales.get(view.color) ?? labScale(groups, view.color, dark, colourings);
    this.#scales.set(view.color, scale);
    const [missing, opened, isShort] = [this.#missing(step, model), this.#opened, this.#isMany && !this.#showsAll];
    const whole = { group, groups, view: shown, pass, scale, labels, missing, colourings, opened };
    const data = labStrip({ ...whole, isShort, before: this.#rows });
    this.#rows = new Set(data.groups.flatMap((x) => x.rows.map((y) => y.alike?.key ?? y.name)));
    this.strip.draw(data);
    this.#redraw = () => this.draw(chosen, dark);
    this.dark = dark;
    this.#drawSwitches(view, pass);
    this.#drawCard(token, { view, pass, opens });
  }

  get #isMany() {
    return this.groups.size >= MANY;
  }

  /** @param {string} key of equal responses */
  #toggleAlike(key) {
    if (!this.#opened.delete(key)) this.#opened.add(key);
    this.#redraw();
  }

  /** @param {string} name of a strip's row */
  #response(name) {
    return [...this.groups.values()].flat().find((x) => `${x.learner}.${x.sample}` === name);
  }

  /** @param {string} name */
  #source(name) {
    const response = this.#response(name);
    return response ? { response, pass: this.#pass } : null;
  }

  /**
   * @param {string} name
   * @param {number} at
   */
  #chosen(name, at) {
    const response = this.#response(name);
    if (!response) return;
    this.on.token({ learner: response.learner, sample: response.sample, position: response.position[at] });
  }

  /**
   * @param {View} view
   * @param {number} pass
   */
  #drawSwitches(view, pass) {
    if (view.color !== this.color.value) this.color.value = view.color;
    this.passes.hidden = nobodyHas(Object.values(this.step?.learners ?? {}), ["ratio"]) && this.lastPass === 0;
    attr(this.pass, "max", this.lastPass);
    if (Number(this.pass.value) !== pass) this.pass.value = String(pass);
    const text = fill(this.labels.pass_of, { pass, passes: this.lastPass });
    say(this.passText, text);
    attr(this.pass, "aria-valuetext", text);
    this.all.hidden = !this.#isMany;
    attr(this.all, "aria-pressed", this.#showsAll);
  }

  /**
   * @param {TokenId | null} token
   * @param {{ view: View, pass: number, opens: import("./proposed.js").Proposed }} shown
   */
  #drawCard(token, { view, pass, opens }) {
    const all = [...this.groups.values()].flat();
    const response = token && all.find((x) => x.learner === token.learner && x.sample === token.sample);
    const at = response ? response.position.indexOf(token.position) : -1;
    const any = all.some((x) => x.length);
    for (const part of [this.card.root, this.switches, this.strip.legend, this.strip.keys]) part.hidden = !any; // all about tokens
    if (!response || at < 0) return this.card.empty(view.token ? this.labels.token_gone : this.labels.card_empty);
    if (response.holes[at]) return this.card.empty(this.labels.token_read);
    this.card.show({ response, at, pass, opens: view.token ? null : opens });
  }

  /**
   * One sentence for each learner that has not made this step.
   * @param {StepAnswer} step
   * @param {Model} model
   */
  #missing(step, model) {
    return model.learners
      .filter((x) => !(x.name in step.learners))
      .map((x) => ({
        learner: learnerTitle(this.labels, x.name),
        step: step.step + 1,
        last: model.lastStep(x.name) + 1,
      }))
      .map((places) => fill(this.labels.no_such_step, places));
  }
}
