// How figures look: Plotly's template with the lab's colours and the page's type, which is larger on a projector.

import { ground } from "./theme.js";

// Of the page's type, as Streamlit's own charts have them.
const [SMALL, TITLE] = [0.75, 0.875];
const [PAD, UNDER, BESIDE] = [0.5, 1.25, 1.5]; // between axis and ticks, to the title of the x axis, of the y axis

/**
 * @param {Element} figure where it stands
 */
export function template(figure) {
  const style = getComputedStyle(figure);
  const css = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
  const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
  const [mute, line, back] = [css("--lab-mute"), css("--lab-grid"), ground(figure)];
  const small = { color: mute, family: style.fontFamily, size: SMALL * rem };
  const axis = (/** @type {number} */ standoff) => ({
    automargin: true,
    gridcolor: line,
    zerolinecolor: css("--st-border-color") || line,
    tickcolor: line,
    tickfont: small,
    title: { font: { ...small, size: TITLE * rem }, standoff: standoff * rem },
  });
  return {
    data: { scatter: [{ marker: { line: { width: 0 } } }] },
    layout: {
      font: { ...small, weight: 400 },
      title: { xanchor: "left", x: 0, font: { ...small, color: css("--lab-ink"), size: rem } },
      legend: { bgcolor: "rgba(0, 0, 0, 0)", borderwidth: 0, font: { ...small, color: css("--lab-ink") } },
      paper_bgcolor: back,
      plot_bgcolor: back,
      xaxis: { ...axis(UNDER), showgrid: false, zeroline: false },
      yaxis: axis(BESIDE),
      margin: { pad: PAD * rem },
      hoverlabel: { bgcolor: back, bordercolor: css("--st-border-color"), font: { ...small, color: css("--lab-ink") } },
    },
  };
}
