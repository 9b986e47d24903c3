// One chart of the board: a uPlot drawing that keeps its zoom and its marked step while data arrive.

import { gaps, yRange } from "./axis.js";
import { ChartKeys } from "./chart_keys.js";
import { coming, reading } from "./chart_reading.js";
import { onClick } from "./clicks.js";
import { attr, el, say } from "./dom.js";
import { fill, isNumber, learnerTitle, ticks } from "./format.js";
import { DASH, pattern, sample } from "./line.js";
import uPlot from "./vendor/uPlot.js";

/** @import { Range, RowsAt } from "./axis.js" */
/** @import { Board } from "./board.js" */
/** @import { Model } from "./model.js" */
/** @import { ChartSpec, Series } from "./page_types.js" */
/** @import { LearnerState } from "./types.js" */

/** @typedef {Series & { learner: string, index: number }} Line */
/**
 * What is read where the pointer is on an axis on which learners come to a place at different steps: each one's step by
 * then, and the place in words.
 * @typedef {{ steps: Map<string, number | null>, place: string }} Reading
 */

export class Chart {
  /** @type {uPlot | null} */
  plot = null;
  /** @type {LearnerState[]} */
  learners = [];
  /** @type {Line[]} */
  lines = [];
  empty = true; // nothing to draw: an axis of made-up numbers would look like a measure

  /**
   * @param {ChartSpec} spec
   * @param {Board} board
   */
  constructor(spec, board) {
    this.spec = spec;
    this.board = board;
    this.values = el("span", { class: "values" });
    this.title = el("h3", { title: spec.help }, el("span", { text: spec.title }), this.values);
    this.keys = new ChartKeys(spec); // what its several numbers are, in the order in which they stand above
    this.area = el("div", { class: "area", role: "img" });
    this.note = el("p", { class: "note", hidden: true });
    const data = { chart: spec.key, key: spec.key };
    this.root = el("div", { class: "chart", data }, this.title, this.keys.root, this.area, this.note);
  }

  /**
   * Lines for each learner × column of the chart; called again when learners or x-axis change.
   * @param {LearnerState[]} learners
   * @param {string} sync what the charts of a board share
   */
  build(learners, sync) {
    this.plot?.destroy();
    this.learners = learners;
    this.lines = learners.flatMap(({ name }, index) =>
      this.spec.series.map((series) => ({ ...series, learner: name, index })),
    );
    this.plot = new uPlot(this.#options(sync), [[], ...this.lines.map(() => [])], this.area);
    this.plot.root.setAttribute("aria-hidden", "true");
    onClick(
      this.plot.over,
      () => this.plot?.cursor.idx,
      (idx) => this.board.choose(idx),
    );
  }

  /**
   * Draws `xs` (with the row of each learner at each x); keeps a zoom, else shows `range`.
   * @param {number[]} xs
   * @param {RowsAt[]} rowsAt
   * @param {Range} range
   */
  draw(xs, rowsAt, range) {
    const { plot } = this;
    if (!plot) return;
    const known = this.lines.map(({ learner, column }) => xs.map((_, i) => numeric(rowsAt[i][learner]?.[column])));
    const lines = this.keys.within(known, this.board.labels);
    this.empty = lines.flat().every((y) => y === undefined);
    // A chart of nothing would look like a chart of zeros: only its heading stays, which says that it is not recorded.
    this.root.classList.toggle("void", xs.length > 0 && this.empty);
    this.#noteOtherwise(rowsAt);
    plot.batch(() => {
      plot.setData([xs, ...lines], false);
      plot.setScale("x", this.board.zoom ?? range);
    });
  }

  /**
   * Says so where this run's numbers mean something else than the chart's title says.
   * @param {RowsAt[]} rowsAt
   */
  #noteOtherwise(rowsAt) {
    const { otherwise, series } = this.spec;
    if (!otherwise) return;
    const rows = rowsAt.flatMap((x) => Object.values(x));
    const meant = rows.some((x) => isNumber(x?.[series[0].column]) && !isNumber(x?.[otherwise.lacks]));
    say(this.note, this.board.model?.run?.source ? otherwise.imported : otherwise.says);
    this.note.hidden = !meant;
  }

  /**
   * Shows the values of one step in the header, beside pieces of the learners' lines, and says them to who cannot see.
   * @param {Model} model
   * @param {number | null} step
   * @param {Reading | null} [by] each learner's own step instead
   */
  read(model, step, by = null) {
    const { labels } = this.board;
    const parts = this.learners.map(({ name }) => {
      const own = by ? (by.steps.get(name) ?? null) : step;
      return { name, step: own, text: reading(this.spec, model, name, own, labels) };
    });
    const [{ text: one } = { text: "" }, ...others] = parts;
    const gone = one === labels.none || one === labels.not_recorded;
    const alike = gone && others.length > 0 && others.every((x) => x.text === one);
    const later = step === null && !by && coming(this.spec, model, labels);
    if (alike || later) this.values.replaceChildren(later || one);
    else {
      this.values.replaceChildren(
        ...parts.map(({ name, text }, i) => {
          const colour = this.board.colours[name];
          const piece = parts.length > 1 ? sample(colour, i) : null;
          return el("b", { title: learnerTitle(labels, name), style: { color: `var(--ink-${colour})` } }, piece, text);
        }),
      );
    }
    /** @type {(step: number | null) => string} */
    const counted = (x) => (x === null ? labels.no_step : fill(labels.step_small, { step: x + 1 })); // shown from 1
    const values = later
      ? later
      : parts
          .map(({ name, text, step: own }) => `${learnerTitle(labels, name)} ${text}${by ? ` (${counted(own)})` : ""}`)
          .join(labels.comma);
    const places = { title: this.spec.title, step: step === null ? "" : step + 1, values, place: by?.place };
    const words = fill(by ? labels.chart_summary_at : labels.chart_summary, { ...places, axis: this.board.axisName });
    attr(this.area, "aria-label", words);
  }

  /** @param {number | null} x */
  mark(x) {
    if (!this.plot) return;
    const left = x === null ? -10 : this.plot.valToPos(x, "x");
    this.plot.setCursor({ left, top: x === null ? -10 : 10 }, false);
  }

  resize() {
    const width = this.area.clientWidth;
    const { plot } = this;
    if (!plot || width <= 0) return;
    if (Math.abs(width - plot.width) > 1 || this.#height !== plot.height) plot.setSize({ width, height: this.#height });
  }

  /** Beside another chart it is as high, with what it says of its lines. */
  get #height() {
    return this.board.height - (this.keys.isPlain ? 0 : this.keys.height * this.board.scale);
  }

  /**
   * @param {string} sync
   * @returns {uPlot.Options}
   */
  #options(sync) {
    /** @type {(i: number) => string} */
    const colourAt = (i) => this.#colour(this.lines[i - 1]);
    const { scale } = this.board;
    const gap = this.board.x === "step" ? 44 : 56;
    return {
      width: Math.max(120, this.area.clientWidth),
      height: this.#height,
      padding: [8 * scale, 14 * scale, 0, 0],
      legend: { show: false },
      scales: { x: { time: false }, y: { range: (_, low, high) => yRange(this.spec, low, high) } },
      axes: [
        this.#axis({ size: 20 * scale, gap: 3 * scale, space: gap * scale, incrs: gaps(this.board.x) }),
        // A high chart has no more ticks: their numbers would have more digits than there is room for.
        this.#axis({ size: 44 * scale, gap: 4 * scale, space: Math.max(28 * scale, this.#height / 6) }),
      ],
      series: [{}, ...this.lines.map((line) => this.#series(line))],
      cursor: {
        y: false,
        points: { size: 7 * scale, fill: (_, i) => colourAt(i) },
        drag: { x: true, y: false, dist: 6 },
        sync: { key: sync, setSeries: false, scales: ["x", null] },
        bind: {
          dblclick: () => () => {
            this.board.resetZoom();
            return null;
          },
        },
      },
      hooks: {
        setCursor: [(u) => this.board.hovered(u)],
        setSelect: [(u) => this.board.zoomed(u)],
        draw: [(u) => this.#markers(u)],
      },
    };
  }

  /**
   * @param {uPlot.Axis} extra
   * @returns {uPlot.Axis}
   */
  #axis(extra) {
    return {
      stroke: () => this.board.css("--lab-mute"),
      font: `${11 * this.board.scale}px system-ui, sans-serif`,
      grid: { stroke: () => (this.empty ? "transparent" : this.board.css("--lab-grid")), width: 1 },
      ticks: { show: false },
      values: (_, x) => (this.empty ? x.map(() => "") : ticks(x)),
      ...extra,
    };
  }

  /** @param {Line} line */
  #colour(line) {
    return this.board.css(`--learner-${this.board.colours[line.learner]}`);
  }

  /**
   * @param {Line} line
   * @returns {uPlot.Series}
   */
  #series(line) {
    const stroke = () => this.#colour(line);
    const { scale } = this.board;
    const dash = line.dash ? DASH[line.dash] : pattern(line.index);
    if (line.points) {
      const points = { show: true, size: 7 * scale, stroke, fill: stroke, width: 1 };
      return { stroke, width: 0, dash, spanGaps: true, paths: () => null, points };
    }
    /** @type {(u: uPlot, i: number) => boolean} a single point is no line yet */
    const alone = (u, i) => [...u.data[i]].filter((y) => y !== undefined && y !== null).length < 2;
    const width = (line.thin ? 0.9 : 1.75) * scale;
    return { stroke, width, dash, spanGaps: true, points: { show: alone, size: 5 * scale, fill: stroke } };
  }

  /** @param {uPlot} u */
  #markers(u) {
    this.keys.mark(u, (line) => this.#colour(this.lines[line]));
    for (const { x, learner } of this.board.markers()) {
      this.#marker(
        u,
        x,
        this.board.css(learner === null ? "--lab-marker" : `--learner-${this.board.colours[learner]}`),
      );
    }
  }

  /**
   * Where the chosen step stands.
   * @param {uPlot} u
   * @param {number} x
   * @param {string} colour
   */
  #marker(u, x, colour) {
    const left = Math.round(u.valToPos(x, "x", true));
    const { left: from, top, width, height } = u.bbox;
    if (left < from || left > from + width) return;
    const { ctx } = u;
    ctx.save();
    ctx.strokeStyle = colour;
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(left + 0.5, top);
    ctx.lineTo(left + 0.5, top + height);
    ctx.stroke();
    ctx.restore();
  }

  destroy() {
    this.plot?.destroy();
  }
}

/**
 * uPlot draws across what is undefined; words ("nan") and null are nothing to draw.
 * @param {unknown} x
 */
const numeric = (x) => (isNumber(x) ? x : undefined);
