// A strip as a table, for whoever would rather read it.

import { below } from "./chip.js";
import { el } from "./dom.js";
import { chipText } from "./tokens.js";

/** @import { StripData, StripRow } from "./strip_types.js" */

/**
 * A token's number, or that the model did not write it.
 * @param {StripData} data
 * @param {StripRow} row
 * @param {number} at
 */
const inTable = (data, row, at) => (row.holes[at] ? data.words.hole : below(data, row, at));

/** @param {StripData} data */
export function stripTable(data) {
  const rows = data.groups.flatMap((group) => group.rows.map((row) => ({ group, row })));
  const longest = Math.max(0, ...rows.map(({ row }) => row.tokens.length));
  const places = Array.from({ length: longest }, (_, i) => el("th", { text: i + 1, scope: "col" }));
  const lines = rows.map(({ group, row }) => {
    const text = [group.title, row.label, row.note].filter(Boolean).join(data.words.comma);
    const cells = row.tokens.map((token, at) =>
      el("td", {}, el("span", { class: "mono", text: `${chipText(token).text} ` }), inTable(data, row, at)),
    );
    return el("tr", {}, el("th", { scope: "row", text }), cells);
  });
  const head = el("tr", {}, el("th", { text: data.quantity, scope: "col" }), places);
  return el("table", {}, el("thead", {}, head), el("tbody", {}, lines));
}
