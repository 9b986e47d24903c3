// A lesson's figure (lessons/kit/lesson/figure.py): what Plotly for Python wrote, drawn by Plotly's basic build in the
// page's colours. The library is large: it is fetched when a figure is about to be seen, or when the browser has nothing
// else to do, and once for all figures. Until then the figure has its room and its description.

import { attr, el } from "./dom.js";
import { template } from "./figure_look.js";

/** @typedef {{ data: object[], layout: object }} Written a figure, as Plotly writes it */
/**
 * `height` in pixels; `config`: which of Plotly's own controls it has.
 * @typedef {{ figure: Written, alt: string, height: number, config: object }} SentFigure
 */
/**
 * What is used of Plotly.
 * @typedef {object} Plotly
 * @property {(at: HTMLElement, data: object[], layout: object, config: object) => Promise<unknown>} react
 * @property {(at: HTMLElement) => void} purge
 */

const LIBRARY = "vendor/plotly-basic.js";
const STYLES = "plotly.js-style-global"; // the id of the style element that Plotly puts into the document
const NEAR = "300px"; // below the window: about to be seen
const LATE = 2000; // ms, where a browser does not tell when it is idle

/** @type {Promise<Plotly> | null} */
let library = null;

/**
 * Plotly, once for the whole page. It is no module, and names itself in the window.
 * @param {string} address
 * @returns {Promise<Plotly>}
 */
function plotly(address) {
  library ??= import(address).then(() => Reflect.get(window, "Plotly"));
  library.catch(() => {
    library = null; // asked for again at the next drawing
  });
  return library;
}

/** Plotly's own style rules, which it gives to the document alone: they do not reach into a component. */
function ownStyles() {
  const { sheet } = /** @type {HTMLStyleElement | null} */ (document.getElementById(STYLES)) ?? {};
  const rules = [...(sheet?.cssRules ?? [])].map((x) => x.cssText);
  return el("style", { text: rules.join("\n") });
}

export default class Figure {
  #closed = false;
  #wanted = false;
  /** @type {SentFigure | null} */
  #sent = null;
  #drawn = "";
  /** @type {HTMLElement | null} the library's styles, once they are here */
  #styles = null;
  #figure = el("div", { class: "plot", role: "img" });
  #seen = new IntersectionObserver((all) => all.some((x) => x.isIntersecting) && this.#want(), { rootMargin: NEAR });
  #resized = new ResizeObserver(() => this.#paint());

  /** @param {{ root: HTMLElement, address: (name: string) => string }} options `address`: of a file of this folder */
  constructor({ root, address }) {
    this.address = address;
    root.append(this.#figure);
    this.#seen.observe(this.#figure);
    this.#resized.observe(this.#figure);
    const idle = window.requestIdleCallback ?? ((/** @type {() => void} */ then) => setTimeout(then, LATE));
    idle(() => this.#want());
  }

  /** @param {SentFigure} sent */
  draw(sent) {
    this.#sent = sent;
    attr(this.#figure, "aria-label", sent.alt);
    this.#figure.style.height = `${sent.height}px`;
    return this.#paint();
  }

  close() {
    this.#closed = true;
    this.#seen.disconnect();
    this.#resized.disconnect();
    if (this.#styles) library?.then((x) => x.purge(this.#figure));
  }

  #want() {
    if (this.#wanted || this.#closed) return; // idle only once the page was left
    this.#wanted = true;
    this.#seen.disconnect();
    this.#paint();
  }

  async #paint() {
    if (!this.#wanted || !this.#sent) return;
    let lib;
    try {
      lib = await plotly(this.address(LIBRARY));
    } catch {
      if (!this.#drawn) this.#figure.textContent = this.#sent.alt; // better than nothing
      return;
    }
    const width = this.#figure.clientWidth;
    if (this.#closed || !width) return; // in a fold: drawn when it gets a width
    const { figure, height, config } = this.#sent;
    const layout = { ...figure.layout, template: template(this.#figure), width, height, uirevision: "kept" };
    const drawn = JSON.stringify([figure.data, layout]);
    if (drawn === this.#drawn) return;
    if (!this.#drawn) this.#figure.replaceChildren();
    this.#drawn = drawn;
    if (!this.#styles) {
      this.#styles = ownStyles();
      this.#figure.before(this.#styles);
    }
    const [data, own] = JSON.parse(drawn); // Plotly writes into what it is handed
    await lib.react(this.#figure, data, own, config);
  }
}
