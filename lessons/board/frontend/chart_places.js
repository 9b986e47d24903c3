// Where charts stand: two of them first, each chosen from a menu in its heading, all others below in groups.

import { attr, el } from "./dom.js";
import { isNumber } from "./format.js";
import { nobodyHas } from "./tokens.js";

/** @import { Chart } from "./chart.js" */
/** @import { Model } from "./model.js" */
/** @import { Labels } from "./labels.js" */

/** @typedef {"left" | "right"} Side */
/** @typedef {Record<Side, string | null>} Chosen the key of the chart that a person chose; null: nobody chose */

/** What is offered on the left, what a run is about; the first that was recorded is shown. */
const LEFT = ["success", "reward", "pair_accuracy"];
/** What is shown on the right until a person chooses: the first of these that was recorded. */
const RIGHT = ["value_explained", "tests", "kl", "pair_loss"];
const USUAL = "kl"; // where nothing was recorded yet
const GROUPS = /** @type {const} */ (["learning", "moved", "critic", "more"]);

/**
 * Those of the charts whose numbers some learner of the run may have: of the others nothing is shown.
 * @template {{ spec: { series: { column: string }[] } }} C
 * @param {C[]} charts
 * @param {Model | null} model
 */
export const present = (charts, model) =>
  charts.filter(
    ({ spec }) =>
      !nobodyHas(
        model?.learners ?? [],
        spec.series.map((x) => x.column),
      ),
  );

/**
 * Which two charts come first: the chosen ones, or those that this run has numbers for.
 * @param {{ spec: { key: string, series: { column: string }[] } }[]} charts those that the run may have
 * @param {Model | null} model
 * @param {Chosen} chosen
 * @returns {Record<Side, string>}
 */
export function leading(charts, model, { left, right }) {
  const keys = charts.map((x) => x.spec.key);
  const rest = keys.filter((x) => !LEFT.includes(x));
  const rows = [...(model?.rows.values() ?? [])].flatMap((own) => [...own.values()]);
  const known = (/** @type {string} */ key) =>
    charts.some((x) => x.spec.key === key && x.spec.series.some((s) => rows.some((row) => isNumber(row[s.column]))));
  const offered = LEFT.filter((x) => keys.includes(x));
  const first = (/** @type {string[]} */ list, /** @type {string[]} */ usual) =>
    list.find(known) ?? usual.find((x) => keys.includes(x)) ?? usual[0];
  return {
    left: offered.find((x) => x === left) ?? first(LEFT, LEFT),
    right: rest.find((x) => x === right) ?? first([...RIGHT, ...rest], [USUAL, ...RIGHT]),
  };
}

export class ChartPlaces {
  #shown = "";

  /**
   * @param {object} options
   * @param {Chart[]} options.charts
   * @param {Labels} options.labels
   * @param {(changes: Partial<Chosen>) => void} options.onLead a person chose which charts come first
   */
  constructor({ charts, labels, onLead }) {
    this.charts = charts;
    this.labels = labels;
    this.menus = {
      left: this.#menu("left", labels.chart_left, onLead),
      right: this.#menu("right", labels.chart_right, onLead),
    };
    this.#offer(charts);
    this.lead = el("div", { class: "lead" });
    this.places = Object.fromEntries(
      GROUPS.map((group) => [group, el("div", { class: "charts", data: { deal: "" } })]),
    );
    this.groups = GROUPS.slice(0, -1).map((group) =>
      el(
        "section",
        { class: "group", data: { deal: "" } },
        el("h2", { text: labels.chart_groups[group] }),
        this.places[group],
      ),
    );
    this.more = this.places.more;
  }

  /**
   * What can be chosen to come first.
   * @param {Chart[]} charts
   */
  #offer(charts) {
    const option = (/** @type {Chart} */ { spec }) => el("option", { value: spec.key, text: spec.title });
    const first = (/** @type {Chart} */ { spec }) => LEFT.includes(spec.key);
    this.menus.left.replaceChildren(...charts.filter(first).map(option));
    const groups = GROUPS.map((group) => ({
      group,
      own: charts.filter((x) => x.spec.group === group && !first(x)),
    })).filter(({ own }) => own.length);
    this.menus.right.replaceChildren(
      ...groups.map(({ group, own }) => el("optgroup", { label: this.labels.chart_groups[group] }, own.map(option))),
    );
  }

  /**
   * @param {Side} side
   * @param {string} label
   * @param {(changes: Partial<Chosen>) => void} onLead
   */
  #menu(side, label, onLead) {
    const menu = el("select", { "aria-label": label, data: { testid: `chart-${side}` } });
    menu.onchange = () => onLead({ [side]: menu.value });
    return menu;
  }

  /**
   * Puts charts where they belong; says whether any moved, which may have another width there.
   * @param {Model | null} model
   * @param {Chosen} chosen
   */
  draw(model, chosen) {
    const there = present(this.charts, model);
    const { left, right } = leading(there, model, chosen);
    const offered = there.map((x) => x.spec.key).join();
    const shown = `${left} ${right} ${offered}`;
    if (shown === this.#shown) return false;
    this.#shown = shown;
    this.#offer(there);
    for (const group of GROUPS) {
      const own = there.filter((x) => x.spec.group === group && x.spec.key !== left && x.spec.key !== right);
      this.places[group].replaceChildren(...own.map((x) => x.root));
    }
    for (const part of this.groups) part.hidden = !part.querySelector(".chart");
    const first = [left, right].flatMap((key) => there.filter((x) => x.spec.key === key));
    this.lead.replaceChildren(...first.map((x) => x.root));
    for (const chart of this.charts) chart.root.classList.toggle("leading", first.includes(chart));
    for (const [i, side] of /** @type {Side[]} */ (["left", "right"]).entries()) {
      first[i]?.title.prepend(this.menus[side]);
      this.menus[side].value = side === "left" ? left : right;
      attr(this.menus[side], "title", first[i]?.spec.help ?? "");
    }
    return true;
  }
}
