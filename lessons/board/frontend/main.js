// The lab in the browser: pulls the run's numbers, draws them, and keeps what the person chose in the address.

import { Board } from "./board.js";
import { learnerColours } from "./colours.js";
import { Detail, keyOf } from "./detail.js";
import { el, say } from "./dom.js";
import { PumpSource } from "./fallback.js";
import { fill, shortened } from "./format.js";
import { tell } from "./messages.js";
import { Model } from "./model.js";
import { Progress } from "./progress.js";
import { Proof } from "./proof.js";
import { PullSource } from "./source.js";
import { Timeline } from "./timeline.js";
import { COLOURINGS, inLines } from "./tokens.js";
import { readUrl, writeUrl } from "./url.js";

const CHOICES = { x: ["step", "samples", "time"], color: Object.keys(COLOURINGS) };
const MOST_TITLE = 90; // characters of a prompt in the heading
const labs = new WeakMap(); // the component's root → its Lab

/** Called by Streamlit at every rerun; builds the lab once and afterwards only tells it what is new. */
export default async function mount(component, options, env) {
  const { parentElement: parent } = component;
  const shape = JSON.stringify([options.run, options.labels, env.inline]);
  let lab = labs.get(parent);
  let view = null; // another language keeps what was chosen; another run starts afresh
  if (lab && lab.shape !== shape) {
    if (lab.options.run === options.run) view = lab.view;
    else forget(lab.view);
    lab.close();
    lab = null;
  }
  if (lab) lab.refresh(component, options.status);
  else {
    lab = new Lab(component, options, env, shape);
    if (view) lab.view = view;
    labs.set(parent, lab);
    await lab.start();
  }
  return () => {
    labs.get(parent)?.close();
    labs.delete(parent);
  };
}

function forget(view) {
  writeUrl({ ...view, step: null, group: null, token: null, pass: null }, CHOICES);
}

class Lab {
  #css = new Map();
  #frame = null;
  #loading = false;
  #closed = false;

  constructor(component, options, env, shape) {
    Object.assign(this, { component, options, env, shape });
    this.labels = options.labels;
    this.drawnWith = options.status; // the run's status as the page around the lab knew it
    this.model = new Model();
    this.view = readUrl(CHOICES);
    this.root = el("div", { class: "lab", data: { testid: "lab", state: "loading" } });
    this.message = el("p", { class: "note", role: "status", text: this.labels.loading });
    this.root.append(this.message);
  }

  async start() {
    const styles = await this.env.styles();
    if (this.#closed) return;
    this.component.parentElement.append(...styles, this.root);
    this.styles = styles;
    await Promise.all(styles.filter((x) => x.tagName === "LINK").map((x) => new Promise((done) => { x.onload = done; x.onerror = done; })));
    if (this.#closed) return;
    this.#theme();
    const on = {
      onLive: (live) => this.#live(live),
      onMissing: (message) => this.#say(message ? tell(message, this.labels.messages) : this.labels.missing, "missing"),
      onTrouble: (message) => this.#trouble(message && tell(message, this.labels.messages)),
      onUnreachable: () => this.component.setStateValue("fallback", true),
      isActive: () => this.model.active,
      cursor: () => this.model.cursor,
    };
    this.source = this.env.inline ? new PumpSource(this.options.channel, on) : new PullSource(this.env.base, this.options.run, on);
    this.moved = () => { this.view = readUrl(CHOICES); this.#changed(false); };
    window.addEventListener("popstate", this.moved);
  }

  /** A rerun of the page: the theme may have changed, and there may be news about the run. */
  refresh(component, status) {
    this.component = component;
    if (status !== this.drawnWith) this.told = null;
    this.drawnWith = status;
    this.#theme();
    Promise.resolve(this.source?.pull()).then(() => this.#tell());
    this.#redraw();
  }

  close() {
    this.#closed = true;
    cancelAnimationFrame(this.#frame);
    this.source?.close();
    this.timeline?.stop();
    this.board?.close();
    window.removeEventListener("popstate", this.moved);
    this.root.remove();
    for (const style of this.styles ?? []) style.remove();
  }

  #build() {
    const { labels, options } = this;
    this.colours = learnerColours(this.model.learners);
    this.progress = new Progress({
      labels, choices: CHOICES.x,
      on: {
        follow: () => this.#choose({ step: this.view.step === null ? (this.#step() ?? 0) + 1 : null }),
        pause: () => { this.source.pause(!this.source.paused); this.#redraw(); },
        axis: (x) => this.#choose({ x }),
        resetZoom: () => this.board.resetZoom(),
      },
    });
    this.board = new Board({ charts: options.charts, labels, css: (name) => this.#cssValue(name), onChoose: (step) => this.#choose({ step: step + 1 }), onZoom: (is) => this.progress.zoomed(is) });
    this.board.colourOf = () => this.colours;
    this.timeline = new Timeline({ labels, onGo: (step) => this.#choose({ step: step + 1 }) });
    this.proof = new Proof({ labels });
    this.detail = new Detail({
      root: this.root, labels, colours: this.colours,
      on: {
        group: (group) => this.#choose({ group, token: null }),
        token: (token, group) => this.#choose(token ? { token, group: group ?? this.detail.group.group } : { token }),
        color: (color) => this.#choose({ color }),
        pass: (pass) => this.#choose({ pass: pass === this.detail.lastPass ? null : pass }),
      },
    });
    this.stepTitle = el("span");
    this.promptTitle = el("span", { class: "mono" });
    this.wholePrompt = el("div", { class: "said mono" });
    this.whole = el("details", { class: "fold whole", hidden: true }, el("summary", { text: labels.whole_prompt }), this.wholePrompt);
    this.below = el("div", { class: "below" },
      el("h2", { class: "steptitle" }, this.stepTitle, this.promptTitle), this.whole, this.timeline.root, this.detail.prompts.root, this.detail.root);
    this.root.replaceChildren(
      this.progress.root, this.proof.root, el("h2", { class: "unseen", text: labels.board }), this.board.root,
      this.message, this.below, this.detail.tooltip.root);
  }

  #live(live) {
    const shape = this.model.learners.map((x) => x.name).join();
    this.model.apply(live);
    if (!this.board || shape !== this.model.learners.map((x) => x.name).join()) this.#build();
    this.source.follow(this.view.step === null, this.view.group);
    this.#redraw();
    this.#load();
    this.#tell();
  }

  /** The page's buttons follow from the run's status: if it is another than they were drawn with, the page hears. */
  #tell() {
    const status = this.model.run?.status;
    if (this.#closed || !status || status === this.told) return;
    this.told = status; // once: a page that keeps its own opinion is not asked again and again
    if (status !== this.drawnWith) this.component.setTriggerValue("status_changed", status);
  }

  #trouble(sentence) {
    this.troubled = sentence === null ? null : sentence || this.labels.unreachable;
    if (this.board) this.#redraw();
    else if (this.troubled) this.#say(this.troubled, "trouble");
  }

  #say(sentence, state) {
    say(this.message, sentence);
    this.message.hidden = !sentence;
    this.root.dataset.state = state;
  }

  /** The step on show (counted from 0): the chosen one, or the newest while following. */
  #step() {
    return this.view.step === null ? this.model.newest() : this.model.nearest(this.view.step - 1);
  }

  #choose(changes) {
    Object.assign(this.view, changes);
    if ("step" in changes && !("token" in changes) && changes.step === null) this.timeline.stop();
    this.#changed(true);
  }

  #changed(write) {
    if (write) writeUrl(this.view, CHOICES);
    if (!this.board) return;
    this.source.follow(this.view.step === null, this.view.group);
    this.#redraw();
    this.#load();
  }

  #redraw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    const { model, view, board } = this;
    if (!board) return;
    // Streamlit puts its own idea of the address back whenever a page writes a query parameter; ours are added again.
    writeUrl(view, CHOICES);
    const step = this.#step();
    this.progress.draw(model, this.colours, { following: view.step === null, paused: this.source.paused, x: view.x, trouble: this.troubled });
    const drawn = JSON.stringify([model.cursor, model.run.status, view.x, model.learners]);
    if (drawn !== this.drawn) board.draw(model, view, step);
    else board.select(step);
    this.drawn = drawn;
    this.proof.draw(model, step);
    this.timeline.draw(model.steps, step);
    this.below.hidden = step === null;
    this.#say(step === null ? (model.active ? this.labels.waiting : this.labels.no_step_yet) : "", model.run.status);
    this.detail.draw(view, this.root.dataset.theme === "dark");
    this.#headings();
    Object.assign(this.root.dataset, { step: step === null ? "" : step + 1, cursor: model.cursor, follow: view.step === null, token: keyOf(view.token) ?? "" });
  }

  #headings() {
    const { step, group } = this.detail;
    if (!step) return;
    say(this.stepTitle, `${fill(this.labels.step_n, { step: step.step + 1 })} · `);
    const prompt = group.prompt ?? "";
    const short = shortened(prompt, MOST_TITLE);
    say(this.promptTitle, short);
    say(this.wholePrompt, inLines(prompt) + (group.answer ? `\n\n${fill(this.labels.right_answer, { answer: group.answer })}` : ""));
    this.whole.hidden = short === prompt;
    Object.assign(this.root.dataset, { shownStep: step.step + 1, group: group.group });
  }

  /** Fetches the chosen step and prompt if they are not on show; one at a time, always the latest wish. */
  async #load() {
    if (this.#loading || this.#closed) return;
    this.#loading = true;
    try {
      for (let wish = this.#wish(); wish && wish.name !== this.onShow; wish = this.#wish()) {
        const likely = this.view.group;
        if (likely !== null) this.source.group(wish.step, likely, wish.revision).catch(() => {}); // asked for below
        const step = await this.source.step(wish.step, wish.revision);
        if (this.#closed) return;
        const group = this.#group(step);
        if (group === null) break;
        const answers = await this.source.group(wish.step, group, wish.revision);
        if (this.#closed) return;
        this.onShow = wish.name;
        const { detail } = this;
        const same = detail.step?.step === wish.step && detail.step.revision === wish.revision && detail.group.group === group;
        if (!same) detail.load(step, answers, this.model);
        this.#draw();
      }
    } catch {
      this.#trouble(this.labels.unreachable); // the next pull, or the next choice, tries again
    } finally {
      this.#loading = false;
    }
  }

  #wish() {
    const step = this.#step();
    const revision = step === null ? "" : this.model.revision(step);
    return revision ? { step, revision, name: `${step}|${revision}|${this.view.group ?? `of ${keyOf(this.view.token)}`}` } : null;
  }

  /** The chosen prompt if the step has it; else the one that the chosen token belongs to; else one that tells most. */
  #group(step) {
    const has = (group) => step.groups.some((x) => x.group === group);
    if (has(this.view.group)) return this.view.group;
    const { token } = this.view;
    const data = token && step.learners[token.learner];
    const at = data ? data.sample.indexOf(token.sample) : -1;
    return at >= 0 ? data.group[at] : step.telling;
  }

  #cssValue(name) {
    if (!this.#css.has(name)) this.#css.set(name, getComputedStyle(this.root).getPropertyValue(name).trim());
    return this.#css.get(name);
  }

  #theme() {
    this.#css.clear();
    const probe = getComputedStyle(this.root).getPropertyValue("--st-background-color").trim();
    const dark = isDark(probe);
    if (this.root.dataset.theme === (dark ? "dark" : "light") && this.probe === probe) return;
    this.probe = probe;
    this.root.dataset.theme = dark ? "dark" : "light";
    this.board?.recolour();
    if (this.detail?.step) this.detail.draw(this.view, dark);
  }
}

/** Whether a CSS colour is a dark ground; a canvas knows every way of writing one. */
function isDark(colour) {
  const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  pen.fillStyle = colour || "#fff";
  pen.fillRect(0, 0, 1, 1);
  const [r, g, b] = pen.getImageData(0, 0, 1, 1).data;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b < 110;
}
