// Present mode: the page cut at its headings (parts.mjs), a part that is higher than the screen dealt onto several
// (screens.mjs; they stand before this), turned with the arrow keys or a presenter's remote. What is not shown keeps its
// width and goes on working (charts need one), but nobody sees, hears or reaches it.

/** @typedef {import("../page_types.js").Component} Component */
/** @typedef {{ words: Record<"before" | "after" | "leave" | "bar" | "place" | "help", string> }} Options */

const AWAY = "present-away";
/** Elements that have their own use for the arrow keys. */
const TAKES_ARROWS =
  "input, textarea, select, [contenteditable], summary, [role=slider], [role=tab], [role=radio], [role=listbox], " +
  "[role=option], [role=menu], [role=menuitem], [role=grid], [role=spinbutton], [role=combobox], [data-arrows]";
/** Of these, elements that have no use for the other keys: a remote turns on while a choice has the focus. */
const TAKES_ARROWS_ONLY = "input[type=radio], input[type=checkbox], summary, [role=radio]";
/** @type {Record<string, number>} key → by how many screens it turns; Home and End lead to the first and the last */
const TURNS = { ArrowRight: 1, PageDown: 1, ArrowLeft: -1, PageUp: -1, Home: -Infinity, End: Infinity };
const LAST = Number.MAX_SAFE_INTEGER; // of a part's screens, however many it has
const TOUCHES = ["pointerdown", "change"];
const STYLE = `
  .bar { position: fixed; inset: auto 0 0 0; z-index: 999990; display: flex; gap: 12px; align-items: center;
    justify-content: center; padding: 6px 12px; background: var(--st-background-color, #fff);
    color: var(--st-text-color, #1c2330); border-top: 1px solid var(--st-border-color, #ccd);
    font: 1rem/1.3 var(--st-font, system-ui, sans-serif); }
  button { font: inherit; color: inherit; background: none; border: 1px solid currentColor; border-radius: 8px;
    min-width: 2.4em; min-height: 2em; padding: 0 10px; cursor: pointer; }
  button:disabled { opacity: 0.35; cursor: default; }
  button:focus-visible { outline: 3px solid var(--st-primary-color, #2f5fd0); outline-offset: 2px; }
  .place { font-variant-numeric: tabular-nums; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; max-width: 50vw; }
`;

/**
 * By how many screens a key turns; 0 where it is not for this.
 * @param {Pick<KeyboardEvent, "key" | "altKey" | "ctrlKey" | "metaKey" | "shiftKey" | "defaultPrevented" | "composedPath">} event
 */
export function turnOf(event) {
  if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return 0;
  const by = TURNS[event.key] ?? 0;
  const free = event.key.startsWith("Arrow") ? ":not(*)" : TAKES_ARROWS_ONLY;
  const takes = (/** @type {Element} */ x) => x.matches(TAKES_ARROWS) && !x.matches(free);
  return event.composedPath().some((x) => x instanceof Element && takes(x)) ? 0 : by;
}

/** Hides an element, or shows it; one that is as it should be is left alone. @type {(x: Element, is: boolean) => void} */
const away = (x, is) => {
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

/** @typedef {import("./screens.mjs").Place} Place */

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

/** @param {Component} component */
export default function (component) {
  takeBack(component.parentElement);
  if (!component.data) return undefined;
  /** @type {Options} */
  const { words } = JSON.parse(new TextDecoder().decode(component.data));
  const root = component.parentElement;
  const main = document.querySelector("[data-testid=stMainBlockContainer] > [data-testid=stVerticalBlock]");
  if (!main) return undefined;
  const own = root instanceof ShadowRoot ? root.host : /** @type {Element} */ (root);

  const style = document.createElement("style");
  style.textContent = STYLE;
  const bar = document.createElement("div");
  bar.className = "bar";
  bar.setAttribute("role", "toolbar");
  bar.setAttribute("aria-label", words.bar);
  bar.title = words.help;
  const button = (/** @type {string} */ text, /** @type {string} */ label, /** @type {() => void} */ act) => {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    made.setAttribute("aria-label", label);
    made.addEventListener("click", act);
    return made;
  };
  const before = button("◀", words.before, () => turn(-1));
  const after = button("▶", words.after, () => turn(1));
  const place = document.createElement("span");
  place.className = "place";
  place.setAttribute("aria-live", "polite");
  const leave = button("✕", words.leave, () => component.setTriggerValue("left", true));
  bar.append(before, place, after, leave);
  root.replaceChildren(style, bar);

  const sizes = new ResizeObserver(() => later()); // what is drawn late, or grows
  /** @type {Set<Element>} */
  let sized = new Set();
  let waiting = 0;
  function later() {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(() => {
      show();
      fit();
    });
  }

  const at = recall();
  let count = 1; // of parts
  let screens = 1; // of the part on show
  let onScreen = 0; // of them
  /** @type {Map<Element, number>} each piece's part */
  let places = new Map();
  /** @type {ReturnType<typeof screensOf>} */
  let now = { all: [], of: [], count: 1 };
  /** @type {Set<Element>} what waits for another screen of the part on show */
  let waits = new Set();
  /** @type {EventTarget[]} where somebody last did something: that stays in sight when it grows */
  let touched = [];
  /** @type {Element[]} what the screen begins with that was turned to: it stays in sight when the part is dealt anew */
  let turned = [];

  function show() {
    const elements = [...(main?.children ?? [])].filter((x) => !x.contains(own));
    const cut = elements.map(pieces);
    const { of, titles } = parts(cut.flat());
    count = titles.length;
    places = new Map(cut.flat().map((x, i) => [x, of[i]]));
    const from = { ...at };
    at.part = partOf(touched) ?? at.part;
    const shown = Math.min(at.part, count - 1);
    for (const x of waits) away(x, false);
    for (const { element } of now.all) enlarge(element);
    unstack();
    for (const [piece, part] of places) away(piece, part !== shown);
    elements.forEach((x, i) => {
      if (!places.has(x)) away(x, !cut[i].some((piece) => places.get(piece) === shown));
    });
    deal([...places].filter(([, part]) => part === shown).map(([piece]) => piece));
    // Of what is cut, nothing may be on this screen: it would stand apart from what is above it, and take that room.
    elements.forEach((x, i) => {
      const own = cut[i].filter((piece) => places.get(piece) === shown);
      const [waiting, others] = [own.filter((y) => waits.has(y)), own.filter((y) => !waits.has(y))];
      if (places.has(x) || !waiting.length || others.some((y) => y.getBoundingClientRect().height > 0)) return;
      waits.add(x);
      away(x, true);
    });
    if (at.part !== from.part || at.screen !== from.screen) keep(at);
    const screen = screens > 1 ? ` (${onScreen + 1}/${screens})` : "";
    const text = words.place
      .replace("{part}", String(shown + 1))
      .replace("{parts}", String(count))
      .replace("{title}", titles[shown] + screen);
    if (place.textContent !== text) place.textContent = text;
    before.disabled = shown === 0 && onScreen === 0;
    after.disabled = shown === count - 1 && onScreen === screens - 1;
    if (now.all.length !== sized.size || now.all.some(({ element }) => !sized.has(element))) {
      sizes.disconnect();
      sized = new Set(now.all.map(({ element }) => element));
      for (const element of sized) sizes.observe(element);
    }
    watch.takeRecords(); // what was only looked at, or is our own doing
  }

  /** Shows that screen of a part which is wanted. @param {Element[]} part */
  function deal(part) {
    const room = roomOf(/** @type {Element} */ (main), bar);
    now = screensOf(part, room);
    screens = now.count;
    const held = [nearest(now.all, now.of, touched, at.screen), nearest(now.all, now.of, turned)].find((i) => i >= 0);
    if (held !== undefined) at.screen = now.of[held];
    else if (at.screen === LAST) at.screen = screens - 1;
    onScreen = Math.min(at.screen, screens - 1); // what was left there may be still to come
    if (held === undefined && onScreen === at.screen) turned = begins();
    const seen = new Set(now.all.flatMap((x, i) => (now.of[i] === onScreen ? [x.element, ...x.inside] : [])));
    waits = new Set(now.all.flatMap((x) => [x.element, ...x.inside]).filter((x) => !seen.has(x)));
    keepWidths(now.all);
    for (const x of waits) away(x, true);
    if (closer(onShow(), room)) later();
  }

  const onShow = () => now.all.filter(({ element }) => !element.closest(`.${AWAY}`));
  const { fit, anew, stop } = fitting(onShow, () => bar.getBoundingClientRect().top);

  function resized() {
    untried();
    anew();
    later();
  }

  /** What the screen on show begins with, and what that is in. */
  function begins() {
    const first = now.all.find(({ top, bottom }, i) => now.of[i] === onScreen && bottom > top);
    return first ? [...first.inside, first.element] : [];
  }

  /** The part in which somebody is. @param {EventTarget[]} path */
  const partOf = (path) =>
    path.map((x) => places.get(/** @type {Element} */ (x))).find((x) => x !== undefined && x >= 0);

  /** By one screen, over the end of a part into the next; or to the page's first or last. @param {number} by */
  function turn(by) {
    if (!Number.isFinite(by)) return by < 0 ? go(0, 0) : go(count - 1, LAST);
    const part = Math.min(at.part, count - 1);
    const screen = onScreen + by;
    if (screen >= 0 && screen < screens) go(part, screen);
    else if (part + by >= 0 && part + by < count) go(part + by, by < 0 ? LAST : 0);
  }

  /** @param {number} part @param {number} screen */
  function go(part, screen) {
    touched = [];
    turned = [];
    Object.assign(at, { part, screen });
    show();
    keep(at);
    fit();
    main?.closest("[data-testid=stMain]")?.scrollTo({ top: 0 });
  }

  /** Something on the page asks to be seen. @param {Event} event */
  function wanted(event) {
    const path = event.composedPath();
    const part = partOf(path);
    if (part === undefined) return;
    event.preventDefault(); // says that it is seen to
    if (part !== Math.min(at.part, count - 1)) go(part, 0);
    const piece = now.all.findIndex(({ element }) => path.includes(element));
    if (piece >= 0 && now.of[piece] >= 0 && now.of[piece] !== onScreen) go(part, now.of[piece]);
  }

  /** @param {Event} event */
  function touches(event) {
    touched = event.composedPath();
  }

  /** @param {KeyboardEvent} event */
  function pressed(event) {
    const by = turnOf(event);
    if (!by) return;
    event.preventDefault();
    turn(by);
  }

  // A rerun takes elements out and puts others in: they are sorted into their parts before they are painted.
  // While it runs, React writes the classes of what is stale anew, and ours with them.
  const isOwn = (/** @type {Node} */ x) =>
    x.parentNode === main || (x instanceof Element && (places.has(x) || waits.has(x)));
  const watch = new MutationObserver((changes) => {
    if (changes.some((x) => x.type === "childList" || isOwn(x.target))) show();
  });
  watch.observe(main, { childList: true, subtree: true, attributeFilter: ["class"] });
  document.addEventListener("keydown", pressed);
  main.addEventListener("partschange", show);
  main.addEventListener("partwanted", wanted);
  for (const name of TOUCHES) main.addEventListener(name, touches, { capture: true });
  window.addEventListener("resize", resized);
  show();
  ready(component);
  return untilGone(root, () => {
    watch.disconnect();
    sizes.disconnect();
    window.removeEventListener("resize", resized);
    stop();
    document.removeEventListener("keydown", pressed);
    main.removeEventListener("partschange", show);
    main.removeEventListener("partwanted", wanted);
    for (const name of TOUCHES) main.removeEventListener(name, touches, { capture: true });
    cancelAnimationFrame(waiting);
    for (const { element } of now.all) enlarge(element);
    unstack();
    untried();
    for (const x of [...places.keys(), ...waits, ...main.querySelectorAll(`.${AWAY}`)]) x.classList.remove(AWAY);
  });
}
