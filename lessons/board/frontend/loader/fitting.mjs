// Pictures in present mode: each enlarged only so far that it fits its screen. Stands before screens.mjs and present.mjs
// (assets.py puts them together).

/** @typedef {import("./screens.mjs").Piece} Piece */

export const SMALLEST = 0.64; // of the page's own scale
export const FINER = 0.94; // by how much less a picture is enlarged at a time: it may rearrange itself meanwhile
export const EDGE = 6; // pixels that stay free above the bar
export const MOVED = 0.4; // of the screen: as much may go on with what it introduces, and leave its place empty

/** @param {HTMLElement} host */
export const scaleOf = (host) => Number(host.style.getPropertyValue("--type-scale")) || pageScale();

/** How much larger type is than without a projector. */
export function pageScale() {
  return Number(getComputedStyle(document.documentElement).getPropertyValue("--type-scale")) || 1;
}

/**
 * The scale for a picture that now is `height` pixels high, in `room` pixels; null where it is well as it is.
 * @param {{ scale: number, height: number, room: number, least: number }} now
 */
export function smaller({ scale, height, room, least }) {
  if (height <= room || scale <= least) return null;
  return Math.max(least, scale * Math.max(FINER, room / height));
}

/**
 * The components in an element, and of each what has to be seen at once (data-fit), or all of it.
 * @param {Element} element
 * @returns {{ host: HTMLElement, picture: Element[] }[]}
 */
export function pictures(element) {
  return [element, ...element.querySelectorAll("*")].flatMap((host) => {
    const all = host.shadowRoot?.querySelector(".lesson");
    if (!all || !(host instanceof HTMLElement)) return [];
    const own = [...all.querySelectorAll("[data-fit]")];
    return [{ host, picture: own.length ? own : [all] }];
  });
}

/**
 * Enlarges each picture on show only so far that it fits, once it has laid itself out anew.
 * @param {() => Piece[]} shown what is on show
 * @param {() => number} end where the screen ends
 */
export function fitting(shown, end) {
  let turn = 0;
  const later = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  async function fit() {
    turn += 1;
    const mine = turn;
    for (let again = true; again; ) {
      await later();
      if (mine !== turn) return;
      again = false;
      const all = shown();
      for (const { host, picture } of all.flatMap(({ element }) => pictures(element))) {
        const boxes = [host, ...picture].map((x) => x.getBoundingClientRect());
        const [{ top }] = boxes;
        const above = top + (host.closest("[data-testid=stMain]")?.scrollTop ?? 0);
        const bottom = Math.max(...(isShort(host) ? boxes.slice(0, 1) : boxes.slice(1)).map((x) => x.bottom));
        const room = end() - EDGE - frameBelow(all, bottom, end()) - above;
        const next = smaller({ scale: scaleOf(host), height: bottom - top, room, least: SMALLEST * pageScale() });
        const high = next !== null || host.getBoundingClientRect().bottom > end();
        if (high && !isShort(host)) short(host, true);
        else if (next !== null) host.style.setProperty("--type-scale", next.toFixed(3));
        else continue;
        again = true;
      }
    }
  }
  function anew() {
    for (const { host } of pictures(document.body)) full(host);
    fit();
  }
  /** For good: where there is no bar any more, every picture would be too high. */
  function stop() {
    turn += 1;
    for (const { host } of pictures(document.body)) full(host);
  }
  return { fit, anew, stop };
}

// What stands below the part of a picture that has to be seen at once (data-fit) is left out where it has no room.

/** @param {HTMLElement} host */
export const lessonOf = (host) => host.shadowRoot?.querySelector(".lesson");
/** @param {HTMLElement} host */
export const isShort = (host) =>
  !lessonOf(host)?.querySelector("[data-fit]") || lessonOf(host)?.hasAttribute("data-short");

/** @param {HTMLElement} host @param {boolean} is */
function short(host, is) {
  lessonOf(host)?.toggleAttribute("data-short", is);
}

/** A picture as large as it is without a projector. @param {HTMLElement} host */
export function full(host) {
  host.style.removeProperty("--type-scale");
  short(host, false);
}

/** How much stands below a picture that it has to leave room for. @type {(shown: Piece[], bottom: number, end: number) => number} */
function frameBelow(shown, bottom, end) {
  const below = Math.max(...shown.map((x) => (x.inside[0] ?? x.element).getBoundingClientRect().bottom)) - bottom;
  return below < MOVED * end ? Math.max(0, below) : 0;
}
