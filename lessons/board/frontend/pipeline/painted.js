// Setting what moves: opacity and transform alone, and only where it changed, so that a frame lays nothing out. What is
// wholly there or wholly gone has neither: each element that has one costs every frame.

/** @type {WeakMap<HTMLElement | SVGElement, Map<string, string>>} */
const last = new WeakMap();

/** @param {HTMLElement | SVGElement} node @param {string} name @param {string} value */
function put(node, name, value) {
  const known = last.get(node) ?? new Map();
  if (known.get(name) === value) return;
  known.set(name, value);
  last.set(node, known);
  node.style.setProperty(name, value);
}

/**
 * Shows so much of it, 0 to 1.
 * @param {HTMLElement | SVGElement} node
 * @param {number} share
 */
export function fade(node, share) {
  const part = Math.round(share * 100) / 100;
  put(node, "visibility", part > 0 ? "" : "hidden");
  put(node, "opacity", part > 0 && part < 1 ? String(part) : "");
}

/**
 * Lets it grow to so much of its height, 0 to 1.
 * @param {HTMLElement} node
 * @param {number} share
 */
export function grow(node, share) {
  put(node, "visibility", share > 0 ? "" : "hidden");
  put(node, "transform", share > 0 && share < 1 ? `scaleY(${share.toFixed(3)})` : "");
}

/** @param {HTMLElement} node @param {number} x @param {number} y @param {number} size */
export const place = (node, x, y, size) =>
  put(node, "transform", `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px) scale(${size.toFixed(2)})`);

/** From 0 to 1 within the last part of an arrival: what flies is there, and then it shows. @param {number} arrived */
export const landed = (arrived) => Math.min(1, Math.max(0, 5 * arrived - 4));

const OVERLAP = 0.75; // so that at no moment two titles are read in one place

/**
 * How much is seen of what PPO alone has, on the way to GRPO (0 to 1); and of what GRPO alone has.
 * @param {number} morph
 */
export const leaving = (morph) => 1 - smooth(morph / OVERLAP);

/** @param {number} morph */
export const coming = (morph) => smooth((morph - 1 + OVERLAP) / OVERLAP);

/** @param {number} x */
function smooth(x) {
  const t = Math.min(1, Math.max(0, x));
  return t * t * (3 - 2 * t);
}
