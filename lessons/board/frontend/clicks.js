// A click on a chart: not the end of a drag, and not the first of two.

import { isNumber } from "./format.js";

const DOUBLE_CLICK = 230; // milliseconds within which a second click may follow

/**
 * A click (not the end of a drag) chooses the place under the pointer, unless a second click follows.
 * @param {HTMLElement} over
 * @param {() => number | null | undefined} place the index under the pointer, if any
 * @param {(idx: number) => void} choose
 */
export function onClick(over, place, choose) {
  /** @type {number | null} */
  let from = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  over.addEventListener("dblclick", () => clearTimeout(timer));
  over.addEventListener("mousedown", (event) => {
    from = event.clientX;
  });
  over.addEventListener("click", (event) => {
    const idx = place();
    clearTimeout(timer);
    if (event.detail < 2 && isClick(from, event.clientX) && isNumber(idx)) {
      timer = setTimeout(() => choose(idx), DOUBLE_CLICK);
    }
  });
}

/**
 * Whether a pointer that went down at `from` and up at `to` stood still enough.
 * @param {number | null} from
 * @param {number} to
 */
export const isClick = (from, to) => from !== null && Math.abs(to - from) < 5;
