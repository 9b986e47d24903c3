// Of a page in present mode the part on show, dealt onto screens (screens.mjs), and which of them is seen. Stands before
// present.mjs (assets.py puts them together).

/** @typedef {import("./screens.mjs").Place} Place */

export const AWAY = "present-away";
export const LAST = Number.MAX_SAFE_INTEGER; // of a part's screens, however many it has

/** Hides an element, or shows it; one that is as it should be is left alone. @type {(x: Element, is: boolean) => void} */
export const away = (x, is) => {
  if (x.classList.contains(AWAY) !== is) x.classList.toggle(AWAY, is);
};

/**
 * Deals a part onto screens, as it is laid out when all of it is shown: what it shows, piece by piece.
 * @param {Element[]} part
 * @param {number} room
 */
function screensOf(part, room) {
  const all = part.flatMap((x) => piecesOf(x, room)).sort((a, b) => a.top - b.top); // a style may have put some elsewhere
  const of = dealt(all, room);
  return { all, of, count: Math.max(0, ...of) + 1 };
}

/**
 * Which piece is nearest to where somebody is: of those that share the innermost element with it, the first, or, where it
 * is gone, one on the screen on show; -1: none is near.
 * @param {Place[]} all
 * @param {number[]} of each one's screen; -1: on none
 * @param {EventTarget[]} path the elements that somebody is in
 * @param {number} [at] the screen on show
 */
export function nearest(all, of, path, at = -1) {
  const depths = all.map(({ element, inside }, i) => {
    if (of[i] < 0) return 0;
    const holds = path.some((x) => x instanceof Node && element.contains(x));
    return [...inside, element].filter((x) => path.includes(x)).length + (holds ? 1 : 0);
  });
  const near = [...depths.keys()].filter((i) => depths[i] > 0 && depths[i] === Math.max(...depths));
  const isGone = !(path[0] instanceof Node && path[0].isConnected);
  return near.find((i) => isGone && of[i] === at) ?? near[0] ?? -1;
}

export class PartOnShow {
  /** @type {ReturnType<typeof screensOf>} */
  #now = { all: [], of: [], count: 1 };
  /** @type {Set<Element>} what waits for another screen */
  waits = new Set();
  /** @type {Element[]} what the screen begins with that was turned to: it stays in sight when the part is dealt anew */
  #turned = [];
  screen = 0; // on show, of `screens`

  get screens() {
    return this.#now.count;
  }

  /** What is dealt, whichever screen it is on. */
  get elements() {
    return this.#now.all.map(({ element }) => element);
  }

  /** The pieces on the screen on show. */
  onShow() {
    return this.#now.all.filter(({ element }) => !element.closest(`.${AWAY}`));
  }

  /** All of it is shown again, as large as it is: only so can it be dealt. */
  undo() {
    for (const x of this.waits) away(x, false);
    for (const element of this.elements) enlarge(element);
    unstack();
  }

  /**
   * Deals a part, and shows the screen that is wanted, or that has what somebody looks at: which is then wanted.
   * @param {Element[]} part
   * @param {number} room
   * @param {number} wanted
   * @param {EventTarget[]} touched where somebody last did something: that stays in sight when it grows
   */
  deal(part, room, wanted, touched) {
    const { all, of, count } = screensOf(part, room);
    this.#now = { all, of, count };
    const held = [nearest(all, of, touched, wanted), nearest(all, of, this.#turned)].find((i) => i >= 0);
    const screen = held !== undefined ? of[held] : wanted === LAST ? count - 1 : wanted;
    this.screen = Math.min(screen, count - 1); // what was left there may be still to come
    if (held === undefined && this.screen === screen) this.#turned = this.#begins();
    const seen = new Set(all.flatMap((x, i) => (of[i] === this.screen ? [x.element, ...x.inside] : [])));
    this.waits = new Set(all.flatMap((x) => [x.element, ...x.inside]).filter((x) => !seen.has(x)));
    keepWidths(all);
    for (const x of this.waits) away(x, true);
    return screen;
  }

  /** What the screen on show begins with, and what that is in. */
  #begins() {
    const { all, of } = this.#now;
    const first = all.find(({ top, bottom }, i) => of[i] === this.screen && bottom > top);
    return first ? [...first.inside, first.element] : [];
  }

  /**
   * An element that was cut into pieces takes no room where none of those of this part is on this screen: it would stand
   * apart from what is above it.
   * @param {Element} element
   * @param {Element[]} own its pieces of this part
   */
  closeUp(element, own) {
    const [waiting, others] = [own.filter((x) => this.waits.has(x)), own.filter((x) => !this.waits.has(x))];
    if (!waiting.length || others.some((x) => x.getBoundingClientRect().height > 0)) return;
    this.waits.add(element);
    away(element, true);
  }

  /** Somebody turns: what a screen began with does not matter any more. */
  forget() {
    this.#turned = [];
  }

  /** The screen of the piece in which somebody is; -1: none. @param {EventTarget[]} path */
  screenOf(path) {
    const piece = this.#now.all.findIndex(({ element }) => path.includes(element));
    return this.#now.of[piece] ?? -1;
  }
}
