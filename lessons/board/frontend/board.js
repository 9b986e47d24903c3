// The live board: charts of both learners over one x-axis, with one zoom, one hovered and one chosen step.

import { Chart } from "./chart.js";
import { el, say } from "./dom.js";
import { brief, fill, isNumber } from "./format.js";

let boards = 0;

export class Board {
  zoom = null;
  hoverStep = null;
  height = 112;
  xs = [];
  rowsAt = [];
  stepAt = [];

  constructor({ charts, labels, css, onChoose, onZoom }) {
    Object.assign(this, { labels, css, onChoose, onZoom });
    this.sync = `credit-lab-${boards++}`;
    this.charts = charts.map((spec) => new Chart(spec, this));
    const main = this.charts.filter((x) => !x.spec.more).map((x) => x.root);
    const more = this.charts.filter((x) => x.spec.more).map((x) => x.root);
    this.caption = el("p", { class: "caption", data: { testid: "board-caption" } });
    this.moreGrid = el("div", { class: "charts" }, more);
    this.fold = el("details", { class: "fold" }, el("summary", { text: labels.more_charts }), this.moreGrid);
    this.fold.ontoggle = () => this.#resize();
    this.table = el("tbody");
    this.tableHead = el("tr");
    const table = el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": labels.as_table },
      el("table", {}, el("thead", {}, this.tableHead), this.table));
    this.asTable = el("details", { class: "fold", data: { testid: "as-table" } }, el("summary", { text: labels.as_table }), table);
    this.asTable.ontoggle = () => this.#fillTable();
    this.root = el("div", { class: "board" }, el("div", { class: "charts" }, main), this.caption,
      el("div", { class: "folds" }, this.fold, this.asTable));
    this.root.onmouseleave = () => this.#hover(null);
    this.observer = new ResizeObserver(() => this.#resize());
    this.observer.observe(this.root);
  }

  /** Brings the board up to date with the model; `x` is "step", "samples" or "time", `step` the chosen one. */
  draw(model, view, step) {
    const shape = JSON.stringify([model.learners.map((l) => [l.name, l.algorithm]), view.x]);
    this.model = model;
    this.step = step;
    if (shape !== this.shape) this.#build(model, view);
    this.shape = shape;
    this.#align(model, view.x);
    const range = this.#range(model, view.x);
    for (const chart of this.charts) chart.draw(this.xs, this.rowsAt, range);
    this.#restoreHover();
    this.#read();
  }

  /** Moves only the chosen-step marker. */
  select(step) {
    if (step === this.step) return;
    this.step = step;
    for (const chart of this.charts) chart.plot?.redraw(false, false);
    this.#read();
  }

  recolour() {
    for (const chart of this.charts) chart.plot?.redraw(false, true);
  }

  resetZoom() {
    this.zoom = null;
    this.onZoom(false);
    if (this.model) this.draw(this.model, { x: this.x }, this.step);
  }

  /** From a chart: the pointer moved. All charts share the position, so only the one under the pointer speaks. */
  hovered(chart, u) {
    if (this.quiet || u.cursor.event == null) return;
    const { idx, left } = u.cursor;
    this.#hover(left >= 0 && isNumber(idx) ? this.stepAt[idx] : null);
  }

  zoomed(u) {
    if (u.select.width < 6) return;
    const [min, max] = [u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x")];
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.zoom = { min, max };
    this.onZoom(true);
    this.draw(this.model, { x: this.x }, this.step);
  }

  choose(idx) {
    if (this.stepAt[idx] !== undefined) this.onChoose(this.stepAt[idx]);
  }

  markerX() {
    return this.#xOf(this.step);
  }

  #build(model, view) {
    this.x = view.x;
    this.colours = this.colourOf(model.learners);
    for (const chart of this.charts) chart.build(model.learners, this.sync);
    this.zoom = null;
    this.onZoom(false);
  }

  #align(model, x) {
    const column = { samples: "samples_seen", time: "wall_time_s" }[x];
    const points = new Map(); // x → { step, rows by learner }
    for (const [learner, rows] of model.rows) {
      for (const row of rows.values()) {
        const at = column ? row[column] : row.step + 1;
        if (!isNumber(at)) continue;
        if (!points.has(at)) points.set(at, { step: row.step, rows: {} });
        points.get(at).rows[learner] = row;
      }
    }
    this.xs = [...points.keys()].sort((a, b) => a - b);
    this.rowsAt = this.xs.map((at) => points.get(at).rows);
    this.stepAt = this.xs.map((at) => points.get(at).step);
  }

  /** While a run goes on its axis grows by doubling, so that lines grow and the picture stands still. */
  #range(model, x) {
    const last = this.xs.at(-1) ?? 1;
    const first = Math.min(this.xs[0] ?? 0, x === "step" ? 1 : 0);
    if (!model.active || this.xs.length < 2) return { min: first, max: Math.max(last, first + 1) };
    const target = { step: 1, samples: model.run.prompts * model.run.group_size, time: null }[x];
    const end = target === null ? Infinity : target * Math.max(...model.learners.map((l) => l.steps));
    let max = { step: 20, samples: 20 * (target ?? 1), time: 10 }[x];
    while (max < last) max *= 2;
    return { min: first, max: Math.max(Math.min(max, end), last) };
  }

  #xOf(step) {
    if (step === null || step === undefined) return null;
    const at = this.stepAt.indexOf(step);
    return at < 0 ? null : this.xs[at];
  }

  #hover(step) {
    if (step === this.hoverStep) return;
    this.hoverStep = step;
    if (step === null) this.#cursors(null);
    this.#read();
  }

  /** New data may move pixels; the hovered step stays the hovered step. */
  #restoreHover() {
    if (this.hoverStep !== null) this.#cursors(this.#xOf(this.hoverStep));
  }

  #cursors(x) {
    this.quiet = true;
    for (const chart of this.charts) chart.mark(x === null ? null : chart.plot.valToPos(x, "x"));
    this.quiet = false;
  }

  #read() {
    const step = this.hoverStep ?? this.step;
    for (const chart of this.charts) chart.read(this.model, step, this.model.newest());
    this.root.dataset.hoverStep = this.hoverStep === null ? "" : this.hoverStep + 1;
    this.root.dataset.zoom = this.zoom ? `${this.zoom.min.toFixed(2)}:${this.zoom.max.toFixed(2)}` : "";
    const words = this.hoverStep === null ? this.labels.values_at_chosen : this.labels.values_at_hovered;
    say(this.caption, step === null ? this.labels.no_step_yet : fill(words, { step: step + 1 }));
    if (this.asTable.open) this.#fillTable();
  }

  #fillTable() {
    if (!this.asTable.open || !this.model) return;
    const { labels, model } = this;
    const names = model.learners.map((x) => x.name);
    const moments = [[labels.first, model.steps[0]], [fill(labels.step_n, { step: (this.step ?? 0) + 1 }), this.step], [labels.latest, model.steps.at(-1)]];
    this.tableHead.replaceChildren(el("th", { text: labels.measure, scope: "col" }),
      ...names.flatMap((name) => moments.map(([word]) => el("th", { text: `${name.toUpperCase()}, ${word}`, scope: "col" }))));
    this.table.replaceChildren(
      ...this.charts.flatMap(({ spec }) => spec.series.map((series) =>
        el("tr", {}, el("th", { text: series.title ?? spec.title, scope: "row" }),
          ...names.flatMap((name) => moments.map(([, step]) => el("td", { text: brief(model.row(name, step)?.[series.column], labels[model.absence(name, series.column, step)]) })))))),
    );
  }

  #resize() {
    for (const chart of this.charts) if (chart.plot) chart.resize();
  }

  close() {
    this.observer.disconnect();
    for (const chart of this.charts) chart.destroy();
  }
}
