// A lesson's component in the page: styles, theme, and the module that draws; the module knows nothing of Streamlit.

import { el, settled } from "./dom.js";
import { ground, isDark } from "./theme.js";

/** @import { Component, Drawing, LessonEnv, LessonOptions, Sheet } from "./page_types.js" */

/**
 * Sheets that one module alone needs.
 * @type {Record<string, string[]>}
 */
const OWN_STYLES = {
  "lesson_answers.js": ["picture.css"],
  "lesson_clip.js": ["clip/clip.css"],
  "lesson_credits.js": ["credits.css"],
  "lesson_fall.js": ["picture.css"],
  "lesson_figure.js": ["figure.css"],
  "lesson_kl.js": ["kl/kl.css"],
  "lesson_labels.js": ["labels.css"],
  "lesson_loop.js": ["pipeline/pipeline.css", "loop/loop.css"],
  "lesson_margins.js": ["picture.css"],
  "lesson_pipeline.js": ["pipeline/pipeline.css"],
  "lesson_race.js": ["picture.css"],
  "lesson_stepper.js": ["stepper/stepper.css"],
  "lesson_tour.js": ["tour.css"],
  "lesson_training.js": ["picture.css"],
  "lesson_verdicts.js": ["picture.css"],
};

/** @type {WeakMap<Node, Held>} the component's root → what is drawn there */
const mounted = new WeakMap();

/**
 * Called at every rerun of the page: builds once, draws the new data afterwards; the answer clears up.
 * @param {Component} component
 * @param {LessonOptions} options
 * @param {LessonEnv} env
 */
export async function mount(component, options, env) {
  const { parentElement: parent } = component;
  let held = mounted.get(parent);
  if (!held || held.name !== options.module) {
    held?.close();
    held = new Held(options.module, component, env);
    mounted.set(parent, held);
  }
  held.component = component;
  held.data = options.data;
  await held.ready;
  held.draw();
  return () => {
    mounted.get(parent)?.close();
    mounted.delete(parent);
  };
}

/**
 * What is drawn needs no room kept free any more (lessons/board/rooms.py).
 * @param {Node} parent
 */
function leaveRoom(parent) {
  const host = parent instanceof ShadowRoot ? parent.host : parent;
  let at = host instanceof Element ? host.parentElement : null;
  for (; at; at = at.parentElement) if (/(^|\s)st-key-room_/.test(at.className)) at.style.minHeight = "0";
}

class Held {
  #closed = false;
  /** @type {Sheet[]} */
  #styles = [];
  /** @type {Drawing | null} */
  #drawing = null;
  /** @type {unknown} */
  data = null;

  /**
   * @param {string} name
   * @param {Component} component
   * @param {LessonEnv} env
   */
  constructor(name, component, env) {
    this.name = name;
    this.component = component;
    this.root = el("div", { class: "lab lesson", data: { testid: name.replace(/\.js$/, "") } });
    this.ready = this.#start(env);
  }

  /** @param {LessonEnv} env */
  async #start(env) {
    this.#styles = ["lab.css", "strip.css", "lesson.css", ...(OWN_STYLES[this.name] ?? [])].map(env.sheet);
    const loaded = settled(this.#styles);
    this.component.parentElement.append(...this.#styles, this.root);
    const [module] = await Promise.all([import(env.module(this.name)), loaded]);
    /** @type {(event: string, value: unknown) => void} */
    const send = (event, value) => this.component.setTriggerValue(event, value);
    this.#drawing = new module.default({ root: this.root, send, address: env.module });
  }

  draw() {
    if (this.#closed) return;
    const dark = isDark(ground(this.root));
    this.root.dataset.theme = dark ? "dark" : "light";
    this.#drawing?.draw(this.data, { dark });
    leaveRoom(this.component.parentElement);
    this.root.dataset.drawn = "true";
  }

  close() {
    this.#closed = true;
    this.#drawing?.close?.();
    this.root.remove();
    for (const style of this.#styles) style.remove();
  }
}
