// The charts' numbers as a table: of the first step, the chosen one and the last.

import { el } from "./dom.js";
import { brief, fill, learnerTitle } from "./format.js";
import { nobodyHas } from "./tokens.js";

/** @import { Model } from "./model.js" */
/** @import { Labels } from "./labels.js" */
/** @import { ChartSpec } from "./page_types.js" */

export class ChartTable {
  /** @type {Model | null} */
  model = null;
  /** @type {number | null} the chosen step */
  step = null;

  /** @param {{ charts: ChartSpec[], labels: Labels }} options */
  constructor({ charts, labels }) {
    this.charts = charts;
    this.labels = labels;
    this.body = el("tbody");
    this.head = el("tr");
    const { as_table: name } = labels;
    const table = el("table", {}, el("thead", {}, this.head), this.body);
    const scroll = el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": name }, table);
    const summary = el("summary", { text: name });
    this.root = el("details", { class: "fold", data: { testid: "as-table" } }, summary, scroll);
    this.root.ontoggle = () => this.#fill();
  }

  /**
   * @param {Model} model
   * @param {number | null} step the chosen one
   */
  draw(model, step) {
    Object.assign(this, { model, step });
    this.#fill();
  }

  #fill() {
    const { labels, model } = this;
    if (!this.root.open || !model) return;
    const names = model.learners.map((x) => x.name);
    /** @type {[string, number | null | undefined][]} */
    const moments = [
      [labels.first, model.steps[0]],
      [fill(labels.step_n, { step: (this.step ?? 0) + 1 }), this.step],
      [labels.latest, model.steps.at(-1)],
    ];
    const heads = names.flatMap((name) => moments.map(([word]) => `${learnerTitle(labels, name)}, ${word}`));
    this.head.replaceChildren(...[labels.measure, ...heads].map((text) => el("th", { text, scope: "col" })));
    /** @type {(column: string) => HTMLElement[]} */
    const cells = (column) =>
      names.flatMap((name) =>
        moments.map(([, step]) => {
          const missing = labels[model.absence(name, column, step)];
          return el("td", { text: brief(model.row(name, step)?.[column], missing) });
        }),
      );
    this.body.replaceChildren(
      ...this.charts.flatMap((spec) =>
        spec.series
          .filter(({ column }) => !nobodyHas(model.learners, [column]))
          .map(({ column, title }) =>
            el("tr", {}, el("th", { text: title ?? spec.title, scope: "row" }), cells(column)),
          ),
      ),
    );
  }
}
