// The live board: charts of both learners over one x-axis, with one zoom, one hovered and one chosen step.

import { align, placeOf, placesOf, reach, stepsBy, stepUnder, zoomTo } from "./axis.js";
import { Chart } from "./chart.js";
import { ChartPlaces } from "./chart_places.js";
import { ChartTable } from "./chart_table.js";
import { Comparison } from "./comparison.js";
import { el, say } from "./dom.js";
import { brief, count, fill, learnerTitle } from "./format.js";
import { typeScale } from "./theme.js";

/** @import { Range } from "./axis.js" */
/** @import { Model } from "./model.js" */
/** @import { Labels } from "./labels.js" */
/** @import { ChartSpec } from "./page_types.js" */
/** @import { ColourNames } from "./strip_types.js" */

const [LOW, MOST, HIGH] = [112, 320, 220]; // pixels that a chart is high: on the page from, up to; on a projector
const PROJECTED = 600; // pixels, times the scale of type: as much of a higher projector is for its charts
const [USUAL, SHARE, WIDE] = [900, 0.45, 1000]; // of a window higher than usual, and wide, charts take a share of the rest
let boards = 0;

export class Board {
  /** @type {Range | null} */
  zoom = null;
  /** @type {number | null} */
  hoverStep = null;
  hoverX = 0; // where on the axis, while a step is hovered
  /** @type {number | null} the chosen step */
  step = null;
  /** @type {Model | null} */
  model = null;
  /** @type {ReturnType<typeof align>} */
  points = { xs: [], rowsAt: [], stepAt: [] };
  scale = 1; // of the charts' type, and of their height: they are larger on a projector
  x = "";
  shape = "";
  quiet = false; // while this board itself moves the cursors

  /**
   * @param {{ charts: ChartSpec[], labels: Labels, colours: ColourNames, css: (variable: string) => string,
   *   onChoose: (step: number) => void, onZoom: (zoomed: boolean) => void,
   *   onLead: (changes: Partial<import("./chart_places.js").Chosen>) => void }} options
   */
  constructor({ charts, labels, colours, css, onChoose, onZoom, onLead }) {
    this.labels = labels;
    this.colours = colours;
    this.css = css;
    this.onChoose = onChoose;
    this.onZoom = onZoom;
    this.sync = `credit-lab-${boards++}`;
    this.charts = charts.map((spec) => new Chart(spec, this));
    this.places = new ChartPlaces({ charts: this.charts, labels, onLead });
    this.caption = el("p", { class: "caption", data: { testid: "board-caption" } });
    this.comparison = new Comparison({ labels, colours });
    this.fold = el("details", { class: "fold" }, el("summary", { text: labels.more_charts }));
    this.fold.append(this.places.more);
    this.fold.ontoggle = () => this.resize();
    this.table = new ChartTable({ charts, labels });
    const folds = el("div", { class: "folds" }, this.fold, this.table.root, this.comparison.help);
    this.captionLine = el("div", { class: "captionline" }, this.caption);
    this.top = el("div", {}, this.places.lead, this.captionLine);
    this.root = el("div", { class: "board" }, this.comparison.root, this.places.groups, folds);
    this.observer = new ResizeObserver(() => this.resize());
    for (const part of [this.top, this.root]) {
      part.onmouseleave = () => this.#hover(null);
      this.observer.observe(part);
    }
  }

  /**
   * Brings the board up to date with the model.
   * @param {Model} model
   * @param {{ x: string }} view one of AXES that was recorded
   * @param {number | null} step the chosen one
   */
  draw(model, { x }, step) {
    this.scale = typeScale(this.css);
    const shape = JSON.stringify([model.learners.map((l) => [l.name, l.algorithm]), x, this.scale]);
    this.model = model;
    this.step = step;
    if (shape !== this.shape) this.#build(model, x);
    this.shape = shape;
    this.points = align(model.rows, x);
    this.comparison.draw(model);
    const { xs, rowsAt } = this.points;
    const range = reach(xs, x, model);
    for (const chart of this.charts) chart.draw(xs, rowsAt, range);
    this.#restoreHover();
    this.#read();
  }

  /**
   * Moves only the chosen-step marker.
   * @param {number | null} step
   */
  select(step) {
    if (step === this.step) return;
    this.step = step;
    for (const chart of this.charts) chart.plot?.redraw(false, false);
    this.#read();
  }

  /**
   * Which charts come first.
   * @param {Model} model
   * @param {import("./chart_places.js").Chosen} chosen
   */
  lead(model, chosen) {
    if (this.places.draw(model, chosen)) this.resize();
  }

  recolour() {
    for (const chart of this.charts) chart.plot?.redraw(false, true);
  }

  resetZoom() {
    this.#zoomTo(null);
  }

  /**
   * From a chart: the pointer moved. All charts share the position, so only the one under the pointer speaks.
   * @param {import("./vendor/uPlot.js")} u
   */
  hovered(u) {
    if (this.quiet || !u.cursor.event) return;
    const step = stepUnder(this.points.stepAt, u.cursor);
    this.#hover(step, this.points.xs[u.cursor.idx ?? -1]);
  }

  /**
   * From a chart: a drag over it ended.
   * @param {import("./vendor/uPlot.js")} u
   */
  zoomed(u) {
    const zoom = zoomTo(u.select, (left) => u.posToVal(left, "x"));
    if (!zoom) return;
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.#zoomTo(zoom);
  }

  /** @param {number} idx */
  choose(idx) {
    const step = this.points.stepAt[idx];
    if (step !== undefined) this.onChoose(step);
  }

  /** Of a chart, in the window's pixels. On a projector a row of charts has the screen to itself. */
  get height() {
    if (this.scale > 1) return Math.round(HIGH * this.scale + Math.max(0, window.innerHeight - PROJECTED * this.scale));
    const rest = window.innerWidth < WIDE ? 0 : window.innerHeight - USUAL;
    return Math.round(Math.min(MOST, Math.max(LOW, LOW + SHARE * rest)));
  }

  get axisName() {
    return this.labels.axes[this.x];
  }

  /**
   * Where the chosen step is marked: at one place, of no learner in particular, or at each learner's own.
   * @returns {{ x: number, learner: string | null }[]}
   */
  markers() {
    const places = [...placesOf(this.model?.rows ?? new Map(), this.x, this.step)];
    const [first] = places;
    if (places.every(([, x]) => x === first[1])) return first ? [{ x: first[1], learner: null }] : [];
    return places.map(([learner, x]) => ({ x, learner }));
  }

  /** @param {Range | null} zoom */
  #zoomTo(zoom) {
    this.zoom = zoom;
    this.onZoom(zoom !== null);
    if (this.model) this.draw(this.model, this, this.step);
  }

  /**
   * @param {Model} model
   * @param {string} x
   */
  #build(model, x) {
    this.x = x;
    for (const chart of this.charts) chart.build(model.learners, this.sync);
    this.zoom = null;
    this.onZoom(false);
  }

  /**
   * @param {number | null} step
   * @param {number} [x] its place under the pointer
   */
  #hover(step, x = 0) {
    if (step === this.hoverStep && x === this.hoverX) return;
    this.hoverStep = step;
    this.hoverX = x;
    if (step === null) this.#cursors(null);
    this.#read();
  }

  /** New data may move pixels; the hovered step stays the hovered step. */
  #restoreHover() {
    if (this.hoverStep !== null) this.#cursors(placeOf(this.points, this.hoverStep, this.hoverX));
  }

  /** @param {number | null} x */
  #cursors(x) {
    this.quiet = true;
    for (const chart of this.charts) chart.mark(x);
    this.quiet = false;
  }

  #read() {
    const { model, hoverStep, zoom, labels } = this;
    if (!model) return;
    const step = hoverStep ?? this.step;
    const by = this.#readingBy(model);
    for (const chart of this.charts) chart.read(model, step, by);
    this.root.dataset.hoverStep = hoverStep === null ? "" : String(hoverStep + 1);
    this.root.dataset.zoom = zoom ? `${zoom.min.toFixed(2)}:${zoom.max.toFixed(2)}` : "";
    const words = hoverStep === null ? labels.values_at_chosen : by ? labels.values_by : labels.values_at_hovered;
    const places = { step: (step ?? 0) + 1, where: this.#where(model, step), place: by?.place, steps: this.#steps(by) };
    say(this.caption, step === null ? labels.no_step_yet : fill(words, places));
    this.table.draw(model, this.step);
  }

  /**
   * What is read under the pointer where learners come to a place at different steps; null where a step is read.
   * @param {Model} model
   * @returns {import("./chart.js").Reading | null}
   */
  #readingBy(model) {
    if (this.hoverStep === null) return null;
    const steps = stepsBy(model.rows, this.x, this.hoverX, this.hoverStep);
    return new Set(steps.values()).size > 1 ? { steps, place: this.#place(this.hoverX) } : null;
  }

  /** @param {import("./chart.js").Reading | null} by */
  #steps(by) {
    const { labels } = this;
    return [...(by?.steps ?? [])]
      .map(([name, step]) => [name, step === null ? labels.no_step : fill(labels.step_small, { step: step + 1 })])
      .map(([name, step]) => `${learnerTitle(labels, name)} ${step}`)
      .join(labels.comma);
  }

  /**
   * A place on the axis, with what the axis counts.
   * @param {number} x
   */
  #place(x) {
    return fill(this.labels.place_on[this.x], { n: this.x === "time" ? brief(x) : count(x) });
  }

  /**
   * Where a step stands, in words to follow its number; nothing where the axis is of steps.
   * @param {Model} model
   * @param {number | null} step
   */
  #where(model, step) {
    const places = [...placesOf(model.rows, this.x, step)];
    if (this.x === "step" || !places.length) return "";
    const alike = places.every(([, x]) => x === places[0][1]);
    const words = alike
      ? this.#place(places[0][1])
      : places.map(([name, x]) => `${learnerTitle(this.labels, name)} ${this.#place(x)}`).join(this.labels.comma);
    return fill(this.labels.in_brackets, { words });
  }

  /** The window, or a place of charts, has another size. */
  resize() {
    for (const part of [this.top, this.root]) part.style.setProperty("--chart-height", `${this.height / this.scale}px`);
    for (const chart of this.charts) chart.resize();
  }

  close() {
    this.observer.disconnect();
    for (const chart of this.charts) chart.destroy();
  }
}
