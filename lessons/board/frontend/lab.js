// The lab in the browser: pulls the run's numbers, draws them, and keeps what the person chose in the address.

import { axisFor } from "./axis.js";
import { CHOICES } from "./choices.js";
import { colouringsOf, DEFAULT } from "./colourings.js";
import { el, say, settled } from "./dom.js";
import { PumpSource } from "./fallback.js";
import { Frame } from "./frame.js";
import { Latest } from "./latest.js";
import { tell } from "./messages.js";
import { Model } from "./model.js";
import { PullSource } from "./source.js";
import { Stage } from "./stage.js";
import { Theme, typeScale } from "./theme.js";
import { markAnchors } from "./tour_anchors.js";
import { keyOf, readUrl, writeUrl } from "./url.js";
import { groupOf, openingOf, stepOn, wishOf } from "./wish.js";

/** @import { Component, LabEnv, LabOptions, Sheet, Source, View } from "./page_types.js" */
/** @import { Live } from "./types.js" */
/** @import { Message } from "./messages.js" */
/** @import { Wish } from "./wish.js" */

export class Lab {
  #closed = false;
  /** @type {Source | null} */
  #source = null;
  /** @type {Stage | null} what is on the page, once the learners are known */
  #stage = null;
  /** @type {Sheet[]} */
  #styles = [];
  /** @type {string | null} the run's status that the page last heard of from here */
  #reported = null;
  /** @type {string | null} */
  #trouble = null;
  #drawn = "";
  #parts = ""; // what present mode can turn to
  model = new Model();
  view = readUrl(CHOICES);

  /**
   * @param {Component} component
   * @param {LabOptions} options
   * @param {LabEnv} env
   * @param {string} shape what must stay the same for this lab to stay
   */
  constructor(component, options, env, shape) {
    this.component = component;
    this.options = options;
    this.env = env;
    this.shape = shape;
    this.labels = options.labels;
    this.drawnWith = options.status; // the run's status as the page around the lab knew it
    this.root = el("div", { class: "lab", data: { testid: "lab", state: "loading" } });
    this.message = el("p", { class: "note", role: "status", text: this.labels.loading });
    this.root.append(this.message);
    this.theme = new Theme(this.root);
    this.moved = () => {
      this.view = readUrl(CHOICES);
      this.#changed();
    };
    this.resized = () => {
      this.#theme(); // on a smaller projector type is smaller, and charts are drawn in it
      this.#stage?.board.resize();
      this.frame.ask();
    };
    this.frame = new Frame(() => this.#draw());
    this.loading = new Latest({
      wish: () => (this.#closed ? null : wishOf(this.model, this.view)),
      fetch: (wish) => this.#fetch(wish),
      show: ({ step, answers }) => {
        this.#stage?.detail.load(step, answers, this.model);
        this.#draw();
      },
      onTrouble: () => this.#troubled(), // the next pull, or the next choice, tries again
      abandon: () => this.#source?.abandon(),
    });
  }

  async start() {
    this.#styles = this.env.styles();
    const loaded = settled(this.#styles);
    this.component.parentElement.append(...this.#styles, this.root);
    this.#theme(); // at once: the page may be read while the styles come
    await loaded;
    if (this.#closed) return;
    const on = {
      onLive: (/** @type {Live} */ live) => this.#live(live),
      onMissing: (/** @type {string | Message} */ message = this.labels.missing) =>
        this.#say(tell(message, this.labels.messages), "missing"),
      onTrouble: (/** @type {string | Message | null | undefined} */ message) =>
        this.#troubled(message && tell(message, this.labels.messages)),
      onUnreachable: () => this.component.setStateValue("fallback", true),
      isActive: () => this.model.active,
      isBeginning: () => this.model.active && !this.model.steps.length && !this.model.run?.waiting,
      cursor: () => this.model.cursor,
      revision: (/** @type {number} */ step) => this.model.revision(step),
    };
    const { base, inline } = this.env;
    this.#source = inline ? new PumpSource(this.options.channel, on) : new PullSource(base, this.options.run, on);
    window.addEventListener("popstate", this.moved);
    window.addEventListener("resize", this.resized);
  }

  /**
   * A rerun of the page: the theme may have changed, and there may be news about the run.
   * @param {Component} component
   * @param {string} status
   */
  refresh(component, status) {
    this.component = component;
    if (status !== this.drawnWith) this.#reported = null;
    this.drawnWith = status;
    this.#theme();
    Promise.resolve(this.#source?.pull()).then(() => this.#tell());
    this.frame.ask();
  }

  close() {
    this.#closed = true;
    this.frame.stop();
    this.#source?.close();
    this.#stage?.close();
    window.removeEventListener("popstate", this.moved);
    window.removeEventListener("resize", this.resized);
    this.root.remove();
    for (const style of this.#styles) style.remove();
  }

  #build() {
    this.#stage?.close();
    this.#stage = new Stage({
      root: this.root,
      message: this.message,
      labels: this.labels,
      charts: this.options.charts,
      colours: Object.fromEntries(this.model.learners.map((x) => [x.name, x.colour])),
      axes: CHOICES.x,
      css: (name) => this.theme.value(name),
      on: {
        follow: () => this.#choose({ step: this.view.step === null ? (this.#step() ?? 0) + 1 : null }),
        pause: () => {
          this.#source?.pause(!this.#source.paused);
          this.frame.ask();
        },
        axis: (x) => this.#choose({ x }),
        lead: (changes) => this.#choose(changes),
        step: (step) => this.#choose({ step: step + 1 }),
        group: (group) => this.#choose({ group, token: null }),
        token: (token, group = this.#stage?.detail.group?.group) =>
          this.#choose(token ? { token, group: group ?? null } : { token }),
        color: (color) => this.#choose({ color }),
        pass: (pass) => this.#choose({ pass: this.#stage?.detail.isEnd(pass) ? null : pass }),
      },
    });
    markAnchors(this.root);
    this.#drawn = this.#parts = "";
  }

  /** @param {Live} live */
  #live(live) {
    const names = () => this.model.learners.map((x) => x.name).join();
    const before = names();
    const first = this.model.run === null;
    this.model.apply(live);
    if (first) Object.assign(this.view, openingOf(this.model, this.view));
    if (!this.#stage || before !== names()) this.#build();
    this.#follow();
    this.#tell();
  }

  /** The page's buttons follow from the run's status: if it is another than they were drawn with, the page hears. */
  #tell() {
    const status = this.model.run?.status;
    if (this.#closed || !status || status === this.#reported) return;
    this.#reported = status; // once: a page that keeps its own opinion is not asked again and again
    if (status !== this.drawnWith) this.component.setTriggerValue("status_changed", status);
  }

  /** @param {string | null} [sentence] null: all is well again */
  #troubled(sentence = this.labels.unreachable) {
    this.#trouble = sentence;
    if (this.#stage) this.frame.ask();
    else if (sentence) this.#say(sentence, "trouble");
  }

  /**
   * @param {string} sentence
   * @param {string} state
   */
  #say(sentence, state) {
    say(this.message, sentence);
    this.message.hidden = !sentence;
    this.root.dataset.state = state;
  }

  #step() {
    return stepOn(this.model, this.view);
  }

  /** @param {Partial<View>} changes */
  #choose(changes) {
    Object.assign(this.view, changes);
    if ("step" in changes && changes.step === null) this.#stage?.timeline.stop();
    writeUrl(this.view, CHOICES);
    this.#changed();
  }

  #changed() {
    if (this.#stage) this.#follow();
  }

  /** Brings what is on show after what is chosen. */
  #follow() {
    // An address may name a column that only another run's learners record.
    if (!Object.hasOwn(colouringsOf(this.model.learners), this.view.color)) this.view.color = DEFAULT;
    this.#source?.follow(this.view.step === null, this.view.group);
    this.frame.ask();
    this.loading.run();
  }

  #draw() {
    const { model, view } = this;
    const stage = this.#stage;
    if (!stage || this.#closed) return;
    // Streamlit puts its own idea of the address back whenever a page writes a query parameter; ours are added again.
    writeUrl(view, CHOICES);
    const step = this.#step();
    const [following, paused] = [view.step === null, this.#source?.paused ?? false];
    const x = axisFor(model.rows, view.x);
    stage.progress.draw(model, stage.colours, { following, paused, x, trouble: this.#trouble });
    const scale = typeScale((name) => this.theme.value(name));
    const drawn = JSON.stringify([model.cursor, model.run?.status, x, model.learners, scale]);
    stage.board.lead(model, view);
    if (drawn !== this.#drawn) stage.board.draw(model, { x }, step);
    else stage.board.select(step);
    this.#drawn = drawn;
    stage.proof.draw(model, step, stage.detail.step);
    stage.timeline.draw(model.steps, step);
    stage.below.hidden = step === null;
    const waiting = model.active ? this.labels.waiting : this.labels.no_step_yet;
    this.#say(step === null ? waiting : "", model.run?.status ?? "");
    stage.detail.draw(view, this.theme.isDark);
    const { detail } = stage;
    if (detail.step && detail.group) stage.headings(detail.step, detail.group);
    this.#mark(step, detail);
    this.#cut(stage.parts);
  }

  /** Tells present mode (loader/present.mjs) when there are other parts. @param {string} parts */
  #cut(parts) {
    if (parts === this.#parts) return;
    this.#parts = parts;
    this.root.dispatchEvent(new CustomEvent("partschange", { bubbles: true, composed: true }));
  }

  /**
   * What is on show, as data-… attributes: tests wait for them.
   * @param {number | null} step
   * @param {Stage["detail"]} detail
   */
  #mark(step, detail) {
    const { model, view } = this;
    const { dataset } = this.root;
    if (detail.step && detail.group) {
      Object.assign(dataset, { shownStep: detail.step.step + 1, group: detail.group.group });
    }
    const [shown, follow, token] = [step === null ? "" : step + 1, view.step === null, keyOf(view.token) ?? ""];
    Object.assign(dataset, { step: shown, cursor: model.cursor, follow, token });
  }

  /**
   * The wished step and prompt; null where the step has none, or where nobody waits any more.
   * @param {Wish} wish
   */
  async #fetch({ step: number, revision }) {
    const source = this.#source;
    if (!source) return null;
    const likely = this.view.group;
    if (likely !== null) source.group(number, likely, revision).catch(() => {}); // asked for below
    const step = await source.step(number, revision);
    const group = this.#closed ? null : groupOf(step, this.view);
    if (group === null) return null;
    const answers = await source.group(number, group, revision);
    return this.#closed ? null : { step, answers };
  }

  #theme() {
    if (!this.theme.changed()) return;
    this.#stage?.board.recolour();
    this.#stage?.detail.draw(this.view, this.theme.isDark);
  }
}
