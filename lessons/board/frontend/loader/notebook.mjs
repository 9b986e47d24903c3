// The board as a widget in a notebook (lessons/elsewhere/notebook.py): the lab asks as it asks where no server can be
// reached (fallback.js), and Python in the notebook's kernel answers.

/** @typedef {import("../page_types.js").Component} Component */
/** @typedef {{ get(name: string): any, send(content: unknown): void, on(name: string, f: (...given: any[]) => void): void,
 *   off(name: string, f: (...given: any[]) => void): void }} WidgetModel what anywidget hands over */

/** @typedef {{ kind: string, bytes?: number, body?: any, error?: string }} Part a piece of a window */

const KEPT = 400; // steps and groups
const PATIENCE = 1500; // ms: as long as a kernel takes that answers at all

/** The notebook's colours by the names that the board asks for: JupyterLab's, else VS Code's, else the board's own. */
const COLOURS = {
  "--st-background-color": "var(--jp-layout-color0, var(--vscode-editor-background, #ffffff))",
  "--st-secondary-background-color": "var(--jp-layout-color2, var(--vscode-editorWidget-background, #f3f5fa))",
  "--st-text-color": "var(--jp-content-font-color0, var(--vscode-editor-foreground, #0f1520))",
  "--st-border-color": "var(--jp-border-color2, var(--vscode-editorWidget-border, #d5dae4))",
};

/** @param {DataView | Uint8Array<ArrayBuffer>} view */
const bytesOf = (view) =>
  view instanceof Uint8Array
    ? view
    : new Uint8Array(/** @type {ArrayBuffer} */ (view.buffer), view.byteOffset, view.byteLength);

/** @param {{ model: WidgetModel, el: HTMLElement }} given */
export async function render({ model, el }) {
  const files = await unzipped(bytesOf(model.get("files")));
  const options = JSON.parse(model.get("options"));
  const host = document.createElement("div");
  for (const [name, value] of Object.entries(COLOURS)) host.style.setProperty(name, value);
  host.style.background = "var(--st-background-color)";
  el.append(host);
  /** @type {Component} */
  const component = {
    parentElement: host.attachShadow({ mode: "open" }),
    setStateValue() {},
    setTriggerValue() {},
  };
  const stop = bridge(model, options.channel, options.busy);
  const [{ keepIn }, main] = await Promise.all(["url.js", "main.js"].map((name) => import(blob(name, files))));
  let address = "notebook:///"; // the notebook's own address is not ours, and there may be several boards
  keepIn({
    read: () => address,
    write: (/** @type {string} */ href) => {
      address = href;
    },
  });
  const sheet = (/** @type {string} */ name) =>
    Object.assign(document.createElement("style"), { textContent: files[name] });
  const styles = () => ["vendor/uPlot.css", "lab.css", "strip.css"].map(sheet);
  const draw = () => main.default(component, options, { main: "", base: "", inline: true, styles });
  const close = await draw();
  const theme = new MutationObserver(draw);
  theme.observe(document.body, {
    attributes: true,
    attributeFilter: ["class", "data-jp-theme-light", "data-jp-theme-name"],
  });
  return () => {
    theme.disconnect();
    stop();
    close();
  };
}

/** What came from Python, at hand for the lab: while a cell runs, the kernel answers nothing. */
export class Held {
  /** @type {Map<string, Part>} by "12" (a step) or "12/3" (a group of it) */
  #pieces = new Map();
  /** @type {Part | null} */
  #live = null;

  /** @param {Part[]} parts of a window */
  take(parts) {
    for (const part of parts) {
      const { kind, body } = part;
      if (kind === "live") this.#live = part;
      else if (kind === "step") this.#keep(`${body.step}`, part);
      else if (kind === "group") this.#keep(`${body.step}/${body.group}`, part);
    }
  }

  /**
   * What of a wish is here, as a window.
   * @param {{ step?: number, group?: number }} wanted
   * @returns {Part[]}
   */
  answer({ step: number, group }) {
    const step = this.#pieces.get(`${number ?? this.#newest}`);
    const of = step && this.#pieces.get(`${step.body.step}/${group ?? step.body.telling}`);
    return [of, step, this.#live].filter((x) => x !== undefined && x !== null);
  }

  /**
   * Whether a wish for a step, and for one of its groups, can be answered from here.
   * @param {{ step?: number, group?: number, follow?: boolean }} wanted
   */
  has({ step, group, follow }) {
    if (follow || step === undefined) return true; // the newest comes by itself
    return this.#pieces.has(group === undefined ? `${step}` : `${step}/${group}`);
  }

  get #newest() {
    /** @type {{ step: number }[]} */
    const rows = this.#live?.body.rows ?? [];
    return Math.max(-1, ...rows.map((row) => row.step));
  }

  /** @param {string} name @param {Part} part */
  #keep(name, part) {
    this.#pieces.delete(name);
    this.#pieces.set(name, part);
    for (const key of this.#pieces.keys()) if (this.#pieces.size > KEPT) this.#pieces.delete(key);
  }
}

/**
 * Hands the lab's wishes to Python, and Python's windows of data to the lab. While a cell runs, a kernel may answer
 * nothing, and what was not handed over unasked comes after it: the lab says so.
 * @param {WidgetModel} model
 * @param {string} channel
 * @param {string} busy the sentence
 */
export function bridge(model, channel, busy) {
  const held = new Held();
  let wanted = /** @type {{ step?: number, group?: number, follow?: boolean }} */ ({});
  let asked = 0;
  const late = () => !held.has(wanted) && performance.now() - asked >= PATIENCE;
  const hand = (/** @type {Part[]} */ parts) => {
    const detail = late() ? [...parts, { kind: "trouble", error: busy }] : parts;
    window.dispatchEvent(new CustomEvent(`${channel}:window`, { detail }));
  };
  const waits = setInterval(() => late() && hand([]), PATIENCE);
  const ask = (/** @type {Event} */ event) => {
    const { detail } = /** @type {CustomEvent} */ (event);
    model.send({ wanted: detail });
    if (detail.step !== wanted.step || detail.group !== wanted.group) asked = performance.now();
    wanted = detail;
    const here = held.answer(detail);
    if (here.length) hand(here);
  };
  let last = Promise.resolve();
  const take = (/** @type {unknown} */ _content, /** @type {DataView[]} */ buffers) => {
    const unpacked = unpack(bytesOf(buffers[0]));
    // In the order in which they came, however long each takes to be unpacked.
    last = last.then(async () => {
      const { parts } = await unpacked;
      held.take(parts);
      hand(parts);
    });
    last = last.catch(() => {}); // a window that cannot be read is left out; the next one is whole
  };
  window.addEventListener(`${channel}:want`, ask);
  model.on("msg:custom", take);
  const first = model.get("first"); // what was there when the widget was made
  if (first.byteLength) take({}, [first]);
  return () => {
    clearInterval(waits);
    window.removeEventListener(`${channel}:want`, ask);
    model.off("msg:custom", take);
  };
}

export default { render };
