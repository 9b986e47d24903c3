// Colours with meaning. Learners have one each, which the server sends; signed quantities have another pair (PRGn), never a learner's.

/** @typedef {number[]} Rgb */
/** @typedef {{ background: string, ink: string }} Paint */
/**
 * What colour a number has: from `low` to `high`, `stops` for a legend's ramp; not `known` where there is no number.
 * @typedef {{ known: boolean, low: number, high: number, centre: number | null, stops: string[],
 *   colour: (x: number) => Paint | null }} Scale
 */
/** @typedef {{ centre?: number | null, reversed?: boolean }} ScaleKind */

const LIGHT = { neutral: [255, 255, 255], negative: [118, 42, 131], positive: [27, 120, 55], deep: [58, 74, 98] };
const DARK = { neutral: [42, 47, 56], negative: [190, 116, 205], positive: [104, 190, 120], deep: [176, 196, 226] };

/** @type {(sorted: number[], q: number) => number} */
function quantile(sorted, q) {
  const at = (sorted.length - 1) * q;
  const low = Math.floor(at);
  return sorted[low] + (sorted[Math.min(low + 1, sorted.length - 1)] - sorted[low]) * (at - low);
}

/**
 * What values map to what colours: symmetric around `centre` if there is one, else from low to high; cut at 2–98 %.
 * @param {unknown[]} values
 * @param {ScaleKind} kind
 * @returns {Scale}
 */
export function scale(values, { centre = null, reversed = false } = {}, dark = false) {
  const palette = dark ? DARK : LIGHT;
  const known = values.filter((x) => typeof x === "number").sort((a, b) => a - b);
  if (!known.length) return { known: false, low: 0, high: 1, centre, colour: () => null, stops: [] };
  let low = quantile(known, 0.02);
  let high = quantile(known, 0.98);
  if (centre !== null) {
    const reach = Math.max(Math.abs(low - centre), Math.abs(high - centre)) || 1e-9;
    [low, high] = [centre - reach, centre + reach];
  }
  /** @param {number} x */
  const at = (x) => {
    const share = high > low ? Math.min(1, Math.max(0, (x - low) / (high - low))) : 0;
    if (centre === null) return mix(palette.neutral, palette.deep, 0.06 + 0.88 * (reversed ? 1 - share : share));
    const t = share * 2 - 1;
    return mix(palette.neutral, t < 0 ? palette.negative : palette.positive, Math.abs(t) * 0.9);
  };
  const stops = [0, 0.25, 0.5, 0.75, 1].map((s) => css(at(low + s * (high - low))));
  return { known: true, low, high, centre, colour: (x) => ({ background: css(at(x)), ink: ink(at(x)) }), stops };
}

/** @type {(a: Rgb, b: Rgb, t: number) => Rgb} */
const mix = (a, b, t) => a.map((x, i) => Math.round(x + (b[i] - x) * t));

/** @type {(rgb: Rgb) => string} */
const css = ([r, g, b]) => `rgb(${r},${g},${b})`;

/**
 * WCAG's relative luminance.
 * @param {Rgb} rgb
 */
export function luminance(rgb) {
  const [r, g, b] = rgb.map((x) => (x / 255 <= 0.03928 ? x / 255 / 12.92 : ((x / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/**
 * Black or white, whichever is easier to read on the colour.
 * @param {Rgb} rgb
 */
function ink(rgb) {
  const light = luminance(rgb);
  return (light + 0.05) / 0.05 > 1.05 / (light + 0.05) ? "#000" : "#fff";
}
