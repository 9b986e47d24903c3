// Lines that grow: the points of a curve up to a place between two of them.

/**
 * @typedef {[number, number]} Point
 */

/**
 * The first points, and the one that lies between the last of them and the next.
 * @param {Point[]} points
 * @param {number} at how many steps have been made from the first point: between two, a part of the way
 * @returns {Point[]}
 */
export function upTo(points, at) {
  const whole = Math.floor(at);
  const there = points.slice(0, Math.max(0, whole + 1));
  const [from, to] = [points[whole], points[whole + 1]];
  if (at >= 0 && from && to && at > whole) {
    const share = at - whole;
    there.push([from[0] + share * (to[0] - from[0]), from[1] + share * (to[1] - from[1])]);
  }
  return there;
}

/** @param {Point[]} points */
export const path = (points) => (points.length ? `M${written(points)}` : "");

/**
 * What lies between two curves.
 * @param {Point[]} above
 * @param {Point[]} below as many
 */
export const between = (above, below) => (above.length ? `M${written([...above, ...below.toReversed()])}Z` : "");

/** @param {Point[]} points */
const written = (points) => points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L");
