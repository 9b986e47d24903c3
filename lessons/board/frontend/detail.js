// The step under the glass: its prompts, token strips, formula card and scatter.

import { Card } from "./card.js";
import { attr, el, say } from "./dom.js";
import { fill } from "./format.js";
import { Prompts } from "./prompts.js";
import { reachOf, Scatter } from "./scatter.js";
import { keyOf, Strips } from "./strips.js";
import { Tooltip } from "./tooltip.js";
import { COLOURINGS, responses, whyNobody, domain } from "./tokens.js";

const TOOLTIP_COLUMNS = [
  "logprob_old", "logprob", "logprob_ref", "ratio", "advantage_raw", "advantage", "kl_k1", "kl_k2", "kl_k3", "kl_exact",
  "entropy", "token_reward", "value", "delta", "return", "objective",
];

export class Detail {
  #scatters = new Map();

  /** `on` has group(n), token(token, group), color(name), pass(n). */
  constructor({ root, labels, colours, on }) {
    Object.assign(this, { labels, on });
    this.tooltip = new Tooltip({ root, labels, columns: TOOLTIP_COLUMNS });
    this.prompts = new Prompts({ labels, colours, onChoose: on.group });
    this.strips = new Strips({ labels, colours, onChoose: on.token, tooltip: this.tooltip });
    this.card = new Card({ labels, colours, onClear: () => on.token(null) });
    this.colours = colours;
    this.color = el("select", { id: "lab-color", onchange: () => on.color(this.color.value), data: { testid: "color" } },
      Object.keys(COLOURINGS).map((x) => el("option", { value: x, text: labels.colourings[x] })));
    this.pass = el("input", { type: "range", id: "lab-pass", min: 0, max: 1, step: 1, data: { testid: "pass" }, oninput: () => on.pass(Number(this.pass.value)) });
    this.passText = el("b", { class: "num" });
    this.note = el("p", { class: "note", hidden: true });
    this.scatterTitle = el("h2", { text: labels.scatter });
    this.scatterHelp = el("p", { class: "note" });
    this.scatters = el("div", { class: "scatters" });
    this.switches = el("div", { class: "switches" },
      el("label", { class: "axis" }, el("span", { text: labels.colour_by }), this.color),
      el("label", { class: "axis pass", title: labels.pass_help }, el("span", { text: labels.pass }), this.pass, this.passText));
    this.root = el("div", { class: "detail" },
      this.switches,
      this.note,
      el("div", { class: "two" }, this.strips.root, this.card.root),
      this.scatterTitle, this.scatterHelp, this.scatters);
  }

  /** A newly loaded step and group. */
  load(step, group, model) {
    Object.assign(this, { step, group, model });
    this.groups = responses(group);
    const all = [...this.groups.values()].flat();
    this.lastPass = Math.max(0, ...all.map((x) => x.lastPass), ...Object.values(step.learners).map((x) => x.passes.length - 1));
    this.cardGroup = {
      responses: all,
      learners: group.learners,
      order: (response) => this.groups.get(response.learner).indexOf(response) + 1,
    };
    this.#nameColourings();
    this.stale = true;
  }

  /** A colouring that no token here has a number for says so in the menu. */
  #nameColourings() {
    const { labels } = this;
    for (const option of this.color.options) {
      const word = labels.colourings[option.value];
      const known = domain(this.groups, option.value).length > 0;
      say(option, known ? word : fill(labels.nobody_has, { quantity: word, missing: labels[whyNobody(this.groups, option.value)] }));
    }
  }

  draw(view, dark) {
    if (!this.step) return;
    const pass = Math.min(view.pass ?? this.lastPass, this.lastPass);
    const token = this.#shownToken(view.token);
    const shown = { ...view, token: view.token ?? token };
    this.prompts.draw(this.step, this.group.group);
    if (this.stale || dark !== this.dark) {
      this.strips.draw({ groups: this.groups, view: shown, pass, dark, groupSize: this.model.run.group_size, missing: this.#missing() });
      this.#drawScatters(pass, token);
    } else {
      this.strips.paint({ view: shown, pass });
      for (const scatter of this.#scatters.values()) scatter.move(pass, token);
    }
    Object.assign(this, { dark, stale: false });
    this.#drawSwitches(view, pass);
    this.#drawCard(token, view, pass);
  }

  #drawSwitches(view, pass) {
    if (view.color !== this.color.value) this.color.value = view.color;
    attr(this.pass, "max", this.lastPass);
    if (Number(this.pass.value) !== pass) this.pass.value = pass;
    const text = fill(this.labels.pass_of, { pass, passes: this.lastPass });
    say(this.passText, text);
    attr(this.pass, "aria-valuetext", text);
  }

  #drawCard(token, view, pass) {
    const response = token && this.groups.get(token.learner)?.find((x) => x.sample === token.sample);
    const at = response ? response.position.indexOf(token.position) : -1;
    const any = this.cardGroup.responses.some((x) => x.length);
    for (const part of [this.card.root, this.switches, this.strips.legend]) part.hidden = !any; // all of them are about tokens
    if (at < 0) return this.card.empty(view.token ? this.labels.token_gone : this.labels.card_empty);
    this.card.show({ response, at, token, pass, group: this.cardGroup, chosen: Boolean(view.token) });
  }

  #drawScatters(pass, token) {
    const learners = Object.entries(this.step.learners);
    const none = learners.every(([, data]) => !data.sample.length);
    for (const part of [this.scatterTitle, this.scatterHelp, this.scatters]) part.hidden = none; // no token, no picture
    if (none) return;
    const reach = reachOf(learners.map(([, data]) => data));
    const ways = new Set(learners.map(([, { settings }]) => settings.surrogate));
    const { scatter_help: help, scatter_help_clip: clip, scatter_help_cispo: cispo, scatter_help_pass: move } = this.labels;
    say(this.scatterHelp, [help, ways.has("clip") && clip, ways.has("cispo") && cispo, move].filter(Boolean).join(" "));
    for (const [name, data] of learners) {
      if (!this.#scatters.has(name)) {
        this.#scatters.set(name, new Scatter({ name, labels: this.labels, colour: this.colours[name], onChoose: this.on.token }));
        this.scatters.append(this.#scatters.get(name).root);
      }
      this.#scatters.get(name).draw(data, reach, pass, token);
    }
    const wanted = learners.map(([name]) => this.#scatters.get(name).root); // whoever was first to make a step
    if (wanted.some((root, i) => this.scatters.children[i] !== root)) this.scatters.prepend(...wanted);
    for (const [name, scatter] of this.#scatters) scatter.root.hidden = !(name in this.step.learners);
  }

  /** The chosen token; if nobody chose one, the one that the finest credit blames most. */
  #shownToken(chosen) {
    if (chosen) return chosen;
    const list = [...this.groups.values()].find((x) => x.some((r) => r.once.value?.some((v) => v !== null))) ?? [...this.groups.values()][0] ?? [];
    let [best, least] = [null, Infinity];
    for (const response of list) {
      for (let i = 0; i < response.length; i++) {
        const x = response.at("advantage", i, 0);
        if (typeof x === "number" && x < least) [best, least] = [{ learner: response.learner, sample: response.sample, position: response.position[i] }, x];
      }
    }
    return best;
  }

  /** One sentence for each learner that has not made this step. */
  #missing() {
    const { labels, model, step } = this;
    return model.learners.filter((x) => !(x.name in step.learners)).map((x) =>
      fill(labels.no_such_step, { learner: x.name.toUpperCase(), step: step.step + 1, last: model.lastStep(x.name) + 1 }));
  }
}

export { keyOf };
