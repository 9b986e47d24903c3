// A lesson's component in the page: styles, theme, and the module that draws; the module knows nothing of Streamlit.

import { el } from "./dom.js";

const mounted = new WeakMap(); // the component's root → what is drawn there

/** Called at every rerun of the page: builds once, draws the new data afterwards; the answer clears up. */
export async function mount(component, options, env) {
  const { parentElement: parent } = component;
  let held = mounted.get(parent);
  if (held && held.name !== options.module) {
    held.close();
    held = null;
  }
  if (!held) {
    held = new Held(options.module, component);
    mounted.set(parent, held);
    held.ready = held.start(env);
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

class Held {
  #closed = false;

  constructor(name, component) {
    Object.assign(this, { name, component });
    this.root = el("div", { class: "lab lesson", data: { testid: name.replace(/\.js$/, "") } });
  }

  async start(env) {
    const styles = [env.sheet("lab.css"), env.sheet("lesson.css")];
    const loaded = styles.map((x) => x.tagName === "LINK" && new Promise((done) => { x.onload = done; x.onerror = done; }));
    this.styles = styles;
    this.component.parentElement.append(...styles, this.root);
    const [{ default: Drawing }] = await Promise.all([import(env.module(this.name)), ...loaded]);
    this.drawing = new Drawing({ root: this.root, send: (event, value) => this.component.setTriggerValue(event, value) });
  }

  draw() {
    if (this.#closed) return;
    const dark = isDark(getComputedStyle(this.root).getPropertyValue("--st-background-color").trim());
    this.root.dataset.theme = dark ? "dark" : "light";
    this.drawing.draw(this.data, { dark });
    this.root.dataset.drawn = "true";
  }

  close() {
    this.#closed = true;
    this.drawing?.close?.();
    this.root.remove();
    for (const style of this.styles ?? []) style.remove();
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
