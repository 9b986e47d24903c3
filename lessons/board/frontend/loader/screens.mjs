// A part of a page in present mode, dealt onto screens: as many of its pieces at a time as the projector holds. Stands
// after fitting.mjs, before part_on_show.mjs and present.mjs (assets.py puts them together).

const DEEP = 0.45; // of the screen: a picture that begins further down has a screen of its own
const FRAME = 0.24; // of the screen: what is below a picture and higher is more than its choice
const LITTLE = 0.14; // of the screen: as much has no screen of its own at a part's end, where a picture can spare it
const SPARED = 0.25; // of a picture: by as much it is smaller for what is below it
const CLOSER = 0.8; // of its size: a screen's text, where it would otherwise be torn from what it introduces
const CLOSEST = 0.7; // of its size: what cannot be cut any further

/**
 * What is dealt: where it lies while the whole part is shown, in pixels; `least` is its height with its pictures smaller,
 * as far as is known (`elastic`: they may be made smaller still); `apart` is a picture that was tried below others in vain,
 * `closes` is a choice, or little, at a part's end; `around` is what its frame adds to any piece of it, `column` the column
 * that it is in; `fold` is nothing but a closed fold. Who `keeps` introduces what comes next; a `title` stands in the bar, too; `picture` is where its pictures are, if more is in it.
 * @typedef {{ top: number, bottom: number, least: number, picture?: { top: number, bottom: number } | null, around?: number, column?: Element, keeps?: boolean, title?: boolean, elastic?: boolean, apart?: boolean, closes?: boolean, chooses?: boolean, fold?: boolean }} Extent
 * @typedef {Extent & { element: Element, inside: Element[] }} Piece
 */

/**
 * The screen of each piece, counted from 0; -1: a heading for which there is no room beside what it is about, or a closed
 * fold for which there is none beside anything.
 * @param {Extent[]} all
 * @param {number} room
 */
export function dealt(all, room) {
  /** @type {number[]} */
  const of = [];
  const end = Math.max(0, ...all.map((x) => x.bottom));
  const isLittle = (/** @type {Extent} */ x) => x.chooses || isEmpty(x) || end - x.top < LITTLE * room;
  for (let i = all.length - 1; i >= 0 && isLittle(all[i]); i -= 1) all[i].closes = true;
  let first = -1; // of the screen under way
  let screen = 0;
  for (const [i, { column, apart }] of all.entries()) {
    of.push(screen);
    if (isEmpty(all[i])) continue;
    if (first < 0) first = i;
    const besides = column !== all[first].column;
    const group = all.slice(first, i + 1);
    if (!besides && !apart && fits(group, room)) continue;
    const introduced = group.slice(0, -1).every((x) => x.keeps || x.title || isEmpty(x));
    if (!besides && introduced && fits(group, room, CLOSER)) continue;
    const from = besides ? i : begun(all, first, i, room);
    if (all.slice(first, from).every((x) => x.title || isEmpty(x))) of.fill(-1, first, from);
    else screen += 1;
    of.fill(screen, from, i + 1);
    first = from;
  }
  return accompanied(all, of, room);
}

/**
 * No screen is nothing but closed folds: they have a place on the screen before, where what is there is made smaller for
 * them, or take along what stands above them.
 * @param {Extent[]} all
 * @param {number[]} of
 * @param {number} room
 */
function accompanied(all, of, room) {
  const seen = (/** @type {number} */ screen) =>
    [...all.keys()].filter((i) => of[i] === screen && !isEmpty(all[i]) && !all[i].title);
  for (let screen = Math.max(0, ...of); screen > 0; screen -= 1) {
    const [before, own] = [seen(screen - 1), seen(screen)];
    const from = before[before.length - 1];
    if (!before.length || !own.length || own.some((i) => !all[i].fold || all[i].column !== all[from].column)) continue;
    const group = (/** @type {number} */ first) => all.slice(first, own[own.length - 1] + 1);
    if (before.length > 1 && !fits(group(of.indexOf(screen - 1)), room, CLOSER) && fits(group(from), room, CLOSER)) {
      of.fill(screen, from, own[0]);
      continue;
    }
    const place = fits(group(of.indexOf(screen - 1)), room, CLOSER) ? screen - 1 : -1;
    for (const [i, x] of of.entries()) if (x >= screen) of[i] = x === screen ? place : x - 1;
  }
  return of;
}

/** @param {Extent} piece */
const isEmpty = ({ top, bottom }) => bottom <= top;

/**
 * Whether they fit one screen: the last may be a picture that is enlarged less for it, or close a part with a choice that
 * changes such a picture. Made smaller by `zoom`, what is between them and around them is as high as before.
 * @param {Extent[]} group
 * @param {number} room
 */
function fits(group, room, zoom = 1) {
  const seen = group.filter((x) => !isEmpty(x));
  const [start, last] = [seen[0].top, seen[seen.length - 1]];
  const around = Math.max(...seen.map((x) => x.around ?? 0));
  const height = Math.max(...seen.map((x) => x.bottom)) - start + around;
  const own = seen.reduce((sum, x) => sum + x.bottom - x.top, 0);
  if (height - (1 - zoom) * Math.min(own, height - around) <= room) return true;
  const picture = seen.findLast((x) => x.least < x.bottom - x.top);
  if (!picture || picture.top - start >= DEEP * room) return false;
  if (picture === last) return zoom * (picture.top - start) + picture.least + around <= room;
  const { top, bottom } = picture.picture ?? picture;
  const closes = last.closes && picture.elastic && last.bottom - bottom < FRAME * room;
  return Boolean(closes) && height - SPARED * (bottom - top) <= room;
}

/**
 * Where the screen has to begin that shows piece `i`, for which the one under way has no room: what introduces it comes
 * along.
 * @param {Extent[]} all
 * @param {number} first
 * @param {number} i
 * @param {number} room
 */
function begun(all, first, i, room) {
  let from = i;
  while (from - 1 > first && (all[from - 1].keeps || isEmpty(all[from - 1]))) from -= 1;
  const moved = all.slice(from, i).find((x) => !isEmpty(x));
  if (!moved) return i;
  return all[i].top - moved.top <= MOVED * room && fits(all.slice(from, i + 1), room) ? from : i;
}

/** @typedef {Pick<Piece, "element" | "inside">} Place a piece, and what it is in */

/** @type {WeakSet<Element>} what has pictures that were tried below others, as small as they may be, in vain */
let alone = new WeakSet();
/** @type {WeakSet<Element>} what has a picture that is too high by itself, as small as it may be: it is dealt row by row */
let torn = new WeakSet();
/** @type {Set<HTMLElement>} columns that stand one below the other, as their row is too high: each is as wide as the page */
const stacked = new Set();

const WIDTH = "--width-on-show"; // lessons/kit/present.py, lab.css
/** @type {Set<HTMLElement>} what keeps its width while it is away */
const wide = new Set();

const BLOCK = "[data-testid=stVerticalBlock]";
const ROW = "[data-testid=stHorizontalBlock]";
const CHOICES =
  "[data-testid=stSelectbox], [data-testid=stButtonGroup], [data-testid=stSlider], [data-testid=stRadio], " +
  "[data-testid=stNumberInput], [data-testid=stCheckbox], [data-testid=stTextInput]";

/** What is said of itself: that what comes next is about it (a container's key). */
const INTRODUCES = "[class*=_introduces]";

/** Whether it stands beside another one, and is not above it, as on a phone. @param {Element} x */
function isColumn(x) {
  const next = x.nextElementSibling ?? x.previousElementSibling;
  if (!next || !x.matches("[data-testid=stColumn]")) return false;
  const [mine, other] = [x, next].map((y) => y.getBoundingClientRect());
  return mine.top < other.bottom && other.top < mine.bottom;
}

/** Puts a column below the one before it. @param {Element} column */
function stack(column) {
  if (!(column instanceof HTMLElement)) return;
  column.style.flexBasis = "100%";
  stacked.add(column);
}

/** Columns stand side by side again. */
export function unstack() {
  for (const x of stacked) x.style.removeProperty("flex-basis");
  stacked.clear();
}

/** What an element of the page consists of, and whether side by side. @param {Element} element */
function contents(element) {
  if (torn.has(element)) return { row: false, own: [...(lessonOf(pictures(element)[0].host)?.children ?? [])] };
  if (element.matches("[data-deal]")) return { row: false, own: [...element.children] };
  const block = element.matches(`${BLOCK}, ${ROW}`) ? element : element.querySelector(`${BLOCK}, ${ROW}`);
  if (block) {
    const own = [...block.children];
    if (block.matches(ROW)) for (const x of own.filter(isColumn)) stack(x);
    return { row: block.matches(ROW), own };
  }
  const text = element.querySelector(":scope > [data-testid=stMarkdown] [data-testid=stMarkdownContainer]");
  return { row: false, own: text ? [...text.children] : [] };
}

/**
 * An element as the pieces that it is dealt in: whole where it fits a screen.
 * @param {Element} element
 * @param {number} room
 * @returns {Piece[]}
 */
export function piecesOf(element, room) {
  const { top, bottom, height } = element.getBoundingClientRect();
  const elastic = isElastic(element);
  const picture = elastic || isWhole(element) ? pictured(element) : null;
  const least = height - (picture ? picture.bottom - picture.top : 0);
  const { row, own } = height > room ? contents(element) : { row: false, own: [] };
  const boxes = own.map((x) => x.getBoundingClientRect()).filter((x) => x.height > 0);
  if (boxes.length) {
    const around = height - (Math.max(...boxes.map((x) => x.bottom)) - Math.min(...boxes.map((x) => x.top)));
    return own.flatMap((x) =>
      piecesOf(x, room - around).map((piece) => ({
        ...piece,
        inside: [element, ...piece.inside],
        around: (piece.around ?? 0) + around,
        column: piece.column ?? (row && isColumn(x) ? x : undefined),
      })),
    );
  }
  const has = (/** @type {string} */ selector) => Boolean(element.querySelector(selector));
  const title = has(":scope > [data-testid=stHeading]") || element.matches("h2, h3, h4");
  const chooses = height < MOVED * room && (has(CHOICES) || element.matches("[data-keeps]"));
  const text =
    height < (MOVED * room) / 2 && has(":scope > [data-testid=stMarkdown] [data-testid=stMarkdownContainer]");
  const apart = alone.has(element);
  const fold = isFold(element);
  const keeps = title || chooses || text || (height < MOVED * room && has(INTRODUCES));
  return [{ element, inside: [], top, bottom, least, picture, elastic, apart, title, keeps, chooses, fold }];
}

/** Whether an element has no text but that of closed folds. @param {Element} element */
function isFold(element) {
  const folds = [...element.querySelectorAll("details:not([open])")];
  const text = (/** @type {Element} */ x) => x.textContent?.trim().length ?? 0;
  return folds.length > 0 && text(element) === folds.reduce((sum, x) => sum + text(x), 0);
}

/** Whether a picture in an element may still be made smaller: how high it is then shows only when it is. @param {Element} element */
function isElastic(element) {
  return pictures(element).some(({ host }) => scaleOf(host) > SMALLEST * pageScale() + 1e-3);
}

/** From where to where an element's pictures are. @param {Element} element */
function pictured(element) {
  const boxes = pictures(element).map(({ host }) => host.getBoundingClientRect());
  return { top: Math.min(...boxes.map((x) => x.top)), bottom: Math.max(...boxes.map((x) => x.bottom)) };
}

/** Whether a picture in an element that is too high may still be cut short. @param {Element} element */
function isWhole(element) {
  return pictures(element).some(({ host }) => !isShort(host));
}

/**
 * What is on a screen that is still too high is made smaller, all alike, but for pictures, which `fitting` does. Where that
 * is not enough, a picture below others is put apart, and one that has nothing above it is torn.
 * @param {Piece[]} shown
 * @param {number} room
 * @returns {boolean} whether one was, and the part is to be dealt anew
 */
export function closer(shown, room) {
  const seen = shown.filter(({ element }) => element.getBoundingClientRect().height > 0);
  if (!seen.length || seen.some(({ element }) => isElastic(element))) return false;
  const outer = (/** @type {Piece} */ x) => (x.inside[0] ?? x.element).getBoundingClientRect();
  // What is empty stands apart from what is above it, too.
  const height = () => Math.max(...shown.map((x) => outer(x).bottom)) - Math.min(...seen.map((x) => outer(x).top));
  if (height() > room && seen.some(({ element }) => isWhole(element))) return false;
  let zoom = 1;
  for (let over = height(); over > room && zoom > CLOSEST; over = height()) {
    zoom = Math.max(CLOSEST, zoom * Math.max(FINER, room / over));
    for (const { element } of seen) if (!pictures(element).length) enlarge(element, zoom);
  }
  if (height() <= room) return false;
  const below = seen.slice(1).find(({ element }) => pictures(element).length);
  if (below && alone.has(below.element)) return false; // it would come out the same, for ever
  const high = below ?? seen.find(({ element }) => pictures(element).length === 1 && !torn.has(element));
  if (!high) return false;
  (below ? alone : torn).add(high.element);
  for (const { host } of pictures(high.element)) full(host);
  return true;
}

/** Forgets what was put apart or torn, and how wide anything was: the screen has another size. */
export function untried() {
  alone = new WeakSet();
  torn = new WeakSet();
  for (const x of wide) x.style.removeProperty(WIDTH);
  wide.clear();
}

/**
 * What is dealt stays as wide while it waits as it is on show: a picture that has another width draws itself otherwise,
 * and its height then deals the part otherwise, at every frame.
 * @param {Place[]} all
 */
export function keepWidths(all) {
  const own = [...new Set(all.flatMap(({ element, inside }) => [element, ...inside]))];
  const widths = own.map((x) => getComputedStyle(x).getPropertyValue("width")); // all are read, then all are written
  for (const [i, x] of own.entries()) {
    if (!(x instanceof HTMLElement) || !widths[i].endsWith("px")) continue;
    if (x.style.getPropertyValue(WIDTH) !== widths[i]) x.style.setProperty(WIDTH, widths[i]);
    wide.add(x);
  }
}

/** @param {Element} element @param {number} [zoom] none: as large as it is */
export function enlarge(element, zoom) {
  if (!(element instanceof HTMLElement)) return;
  if (zoom) element.style.zoom = zoom.toFixed(3);
  else element.style.removeProperty("zoom");
}

/** How high a screen is between the page's upper edge and the bar. @param {Element} page @param {Element} bar */
export function roomOf(page, bar) {
  const scrolled = page.closest("[data-testid=stMain]")?.scrollTop ?? 0;
  return bar.getBoundingClientRect().top - EDGE - page.getBoundingClientRect().top - scrolled;
}
