// One chart of the board: a uPlot drawing that keeps its zoom and its marked step while data arrive.

import uPlot from "./vendor/uPlot.js";
import { attr, el, say } from "./dom.js";
import { brief, fill, isNumber, ticks } from "./format.js";

const DASH = { solid: [], dashed: [5, 4] };

export class Chart {
  constructor(spec, board) {
    this.spec = spec;
    this.board = board;
    this.values = el("span", { class: "values" });
    this.title = el("h3", { title: spec.help }, el("span", { text: spec.title }), this.values);
    this.area = el("div", { class: "area", role: "img" });
    this.root = el("div", { class: "chart", data: { chart: spec.key } }, this.title, this.area);
    this.root.dataset.key = spec.key;
  }

  /** Lines for each learner × column of the chart; called again when learners or x-axis change. */
  build(learners, sync) {
    this.plot?.destroy();
    this.learners = learners;
    this.lines = learners.flatMap((learner) =>
      this.spec.series.map((series) => ({ learner: learner.name, ...series })),
    );
    this.plot = new uPlot(this.#options(sync), [[], ...this.lines.map(() => [])], this.area);
    this.area.firstChild.setAttribute("aria-hidden", "true");
    this.#clicks();
  }

  /** Draws `xs` (with the row of each learner at each x); keeps a zoom, else shows `range`. */
  draw(xs, rowsAt, range) {
    const data = [xs, ...this.lines.map(({ learner, column }) => xs.map((_, i) => numeric(rowsAt[i][learner]?.[column])))];
    // A chart of nothing would look like a chart of zeros: only its heading stays, which says that it is not recorded.
    this.root.classList.toggle("void", xs.length > 0 && data.slice(1).every((line) => line.every((y) => y === undefined)));
    const { min, max } = this.board.zoom ?? range;
    this.plot.batch(() => {
      this.plot.setData(data, false);
      this.plot.setScale("x", { min, max });
    });
  }

  /** Shows the values of one step in the header, in the learners' colours, and says them to who cannot see. */
  read(model, step, newest) {
    const { labels } = this.board;
    const parts = this.learners.map(({ name }) => {
      const row = model.row(name, step);
      const values = this.spec.series.filter((x) => !x.points).map((x) => brief(row?.[x.column], labels[model.absence(name, x.column, step)]));
      return { name, text: [...new Set(values)].length > 1 || isNumber(row?.[this.spec.series[0].column]) ? values.join(" / ") : values[0] };
    });
    const alike = parts.length > 1 && parts.every((x) => x.text === labels.not_recorded);
    if (alike) this.values.replaceChildren(labels.not_recorded);
    else this.values.replaceChildren(
      ...parts.flatMap(({ name, text }, i) => [
        ...(i ? [" · "] : []),
        el("b", { text, style: { color: `var(--ink-${this.board.colours[name]})` } }),
      ]),
    );
    const told = parts.map(({ name, text }) => `${name.toUpperCase()} ${text}`).join(", ");
    attr(this.area, "aria-label", fill(labels.chart_summary, { title: this.spec.title, step: step ?? "", values: told, last: newest ?? "" }));
  }

  mark(left) {
    this.plot.setCursor({ left: left ?? -10, top: left === null ? -10 : 10 }, false);
  }

  resize() {
    const width = this.area.clientWidth;
    if (width > 0 && Math.abs(width - this.plot.width) > 1) this.plot.setSize({ width, height: this.board.height });
  }

  #options(sync) {
    const colour = (name) => () => this.board.css(name);
    const axis = (extra) => ({
      stroke: colour("--lab-mute"), font: "11px system-ui, sans-serif", grid: { stroke: colour("--lab-grid"), width: 1 },
      ticks: { show: false }, values: (_, x) => ticks(x), ...extra,
    });
    return {
      width: Math.max(120, this.area.clientWidth), height: this.board.height,
      padding: [8, 14, 0, 0], legend: { show: false },
      scales: { x: { time: false }, y: { range: (_, low, high) => this.#range(low, high) } },
      axes: [axis({ size: 20, gap: 3, space: 44 }), axis({ size: 40, gap: 4, space: 28 })],
      series: [{}, ...this.lines.map((line) => this.#series(line))],
      cursor: {
        y: false, points: { size: 7, fill: (u, i) => this.board.css(`--learner-${this.board.colours[this.lines[i - 1].learner]}`) },
        drag: { x: true, y: false, dist: 6 }, sync: { key: sync, setSeries: false, scales: ["x", null] },
        bind: { dblclick: () => () => this.board.resetZoom() },
      },
      hooks: {
        setCursor: [(u) => this.board.hovered(this, u)],
        setSelect: [(u) => this.board.zoomed(u)],
        draw: [(u) => this.#marker(u)],
      },
    };
  }

  #series(line) {
    const stroke = () => this.board.css(`--learner-${this.board.colours[line.learner]}`);
    const points = line.points;
    return {
      stroke, width: points ? 0 : 1.75, dash: DASH[line.dash ?? "solid"], spanGaps: true,
      paths: points ? () => null : undefined,
      points: points
        ? { show: true, size: 7, stroke, fill: stroke, width: 1 }
        : { show: (u, i) => (u.data[i].filter((y) => y !== undefined && y !== null).length < 2), size: 5, fill: stroke },
    };
  }

  #range(low, high) {
    if (!isNumber(low) || !isNumber(high)) return this.spec.range ?? [0, 1];
    const { at_least: wide, at_most: narrow } = this.spec;
    if (narrow) [low, high] = [Math.max(low, narrow[0]), Math.min(high, narrow[1])]; // what lies beyond is read, not drawn
    if (wide) [low, high] = [Math.min(low, wide[0]), Math.max(high, wide[1])];
    const pad = (high - low || Math.abs(high) * 0.1 || 0.1) * 0.06;
    return [wide && low === wide[0] ? low : low - pad, wide && high === wide[1] ? high + pad / 2 : high + pad];
  }

  #marker(u) {
    const x = this.board.markerX();
    if (x === null) return;
    const left = Math.round(u.valToPos(x, "x", true));
    const { left: from, top, width, height } = u.bbox;
    if (left < from || left > from + width) return;
    const { ctx } = u;
    ctx.save();
    ctx.strokeStyle = this.board.css("--lab-marker");
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(left + 0.5, top);
    ctx.lineTo(left + 0.5, top + height);
    ctx.stroke();
    ctx.restore();
  }

  /** A click (not the end of a drag) chooses the step under the pointer. */
  #clicks() {
    let [from, timer] = [null, null];
    const { over } = this.plot;
    const later = (idx) => (timer = setTimeout(() => this.board.choose(idx), 230)); // unless a second click follows
    over.addEventListener("dblclick", () => clearTimeout(timer));
    over.addEventListener("mousedown", (event) => (from = event.clientX));
    over.addEventListener("click", (event) => {
      const { idx } = this.plot.cursor;
      clearTimeout(timer);
      if (event.detail < 2 && from !== null && Math.abs(event.clientX - from) < 5 && isNumber(idx)) later(idx);
    });
  }

  destroy() {
    this.plot?.destroy();
  }
}

/** uPlot draws across what is undefined; words ("nan") and null are nothing to draw. */
const numeric = (x) => (isNumber(x) ? x : undefined);
