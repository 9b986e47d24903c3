// Present mode: the page cut at its headings (parts.mjs), a part that is higher than the screen dealt onto several
// (part_on_show.mjs; they stand before this), turned with the arrow keys or a presenter's remote. What is not shown keeps
// its width and goes on working (charts need one), but nobody sees, hears or reaches it.

/** @typedef {import("../page_types.js").Component} Component */
/** @typedef {import("./bar.mjs").Bar} Bar */
/** @typedef {import("./bar.mjs").Words} Words */

/** Elements that have their own use for the arrow keys. */
const TAKES_ARROWS =
  "input, textarea, select, [contenteditable], summary, [role=slider], [role=tab], [role=radio], [role=listbox], " +
  "[role=option], [role=menu], [role=menuitem], [role=grid], [role=spinbutton], [role=combobox], [data-arrows]";
/** Of these, elements that have no use for the other keys: a remote turns on while a choice has the focus. */
const TAKES_ARROWS_ONLY = "input[type=radio], input[type=checkbox], summary, [role=radio]";
/** @type {Record<string, number>} key → by how many screens it turns; Home and End lead to the first and the last */
const TURNS = { ArrowRight: 1, PageDown: 1, ArrowLeft: -1, PageUp: -1, Home: -Infinity, End: Infinity };
const TOUCHES = ["pointerdown", "change"];

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

/** A page and the screen of it that is on show. */
class Presentation {
  #main;
  #own;
  #bar;
  #fitting;
  #watch;
  #at = recall();
  /** @type {string[]} of parts */
  #titles = [""];
  /** @type {Map<Element, number>} each piece's part */
  #places = new Map();
  #part = new PartOnShow();
  /** @type {EventTarget[]} where somebody last did something */
  #touched = [];
  #waiting = 0;
  #sizes = new ResizeObserver(() => this.later()); // what is drawn late, or grows
  /** @type {Set<Element>} */
  #sized = new Set();

  /**
   * @param {Element} main what the page's elements are in
   * @param {Element} own of these the one that is none of the page
   * @param {Bar} bar
   */
  constructor(main, own, bar) {
    this.#main = main;
    this.#own = own;
    this.#bar = bar;
    this.#fitting = fitting(
      () => this.#part.onShow(),
      () => bar.element.getBoundingClientRect().top,
    );
    // A rerun takes elements out and puts others in: they are sorted into their parts before they are painted.
    // While it runs, React writes the classes of what is stale anew, and ours with them.
    this.#watch = new MutationObserver((changes) => {
      if (changes.some((x) => x.type === "childList" || this.#isOurs(x.target))) this.show();
    });
    this.#watch.observe(main, { childList: true, subtree: true, attributeFilter: ["class"] });
  }

  /** Whether its class says where it belongs. @param {Node} x */
  #isOurs(x) {
    return x.parentNode === this.#main || (x instanceof Element && (this.#places.has(x) || this.#part.waits.has(x)));
  }

  /** Cuts the page anew, and shows of it the screen that is wanted. */
  show = () => {
    const from = { ...this.#at };
    const cut = this.#cut();
    this.#at.part = this.#partOf(this.#touched) ?? this.#at.part;
    const shown = this.#shown;
    this.#part.undo();
    const isShown = (/** @type {Element} */ piece) => this.#places.get(piece) === shown;
    for (const piece of this.#places.keys()) away(piece, !isShown(piece));
    for (const [x, own] of cut) if (!this.#places.has(x)) away(x, !own.some(isShown));
    this.#deal([...this.#places.keys()].filter(isShown));
    for (const [x, own] of cut) if (!this.#places.has(x)) this.#part.closeUp(x, own.filter(isShown));
    if (this.#at.part !== from.part || this.#at.screen !== from.screen) keep(this.#at);
    const { screen, screens } = this.#part;
    this.#bar.say({ title: this.#titles[shown], part: shown, parts: this.#titles.length, screen, screens });
    this.#watchSizes();
    this.#watch.takeRecords(); // what was only looked at, or is our own doing
  };

  /** Cuts the page into parts; answers what its elements are cut into. */
  #cut() {
    const elements = [...this.#main.children].filter((x) => !x.contains(this.#own));
    const cut = new Map(elements.map((x) => [x, pieces(x)]));
    const all = [...cut.values()].flat();
    const { of, titles } = parts(all);
    this.#titles = titles;
    this.#places = new Map(all.map((x, i) => [x, of[i]]));
    return cut;
  }

  /** Shows that screen of a part which is wanted. @param {Element[]} part */
  #deal(part) {
    const room = roomOf(this.#main, this.#bar.element);
    this.#at.screen = this.#part.deal(part, room, this.#at.screen, this.#touched);
    if (closer(this.#part.onShow(), room)) this.later();
  }

  #watchSizes() {
    const { elements } = this.#part;
    if (elements.length === this.#sized.size && elements.every((x) => this.#sized.has(x))) return;
    this.#sizes.disconnect();
    this.#sized = new Set(elements);
    for (const x of this.#sized) this.#sizes.observe(x);
  }

  later() {
    cancelAnimationFrame(this.#waiting);
    this.#waiting = requestAnimationFrame(() => {
      this.show();
      this.#fitting.fit();
    });
  }

  resized = () => {
    untried();
    this.#fitting.anew();
    this.later();
  };

  /** The part on show: the one that is wanted may be gone. */
  get #shown() {
    return Math.min(this.#at.part, this.#titles.length - 1);
  }

  /** The part in which somebody is. @param {EventTarget[]} path */
  #partOf(path) {
    return path.map((x) => this.#places.get(/** @type {Element} */ (x))).find((x) => x !== undefined && x >= 0);
  }

  /** By one screen, over the end of a part into the next; or to the page's first or last. @param {number} by */
  turn(by) {
    const end = this.#titles.length - 1;
    if (!Number.isFinite(by)) return by < 0 ? this.#go(0, 0) : this.#go(end, LAST);
    const part = this.#shown;
    const screen = this.#part.screen + by;
    if (screen >= 0 && screen < this.#part.screens) this.#go(part, screen);
    else if (part + by >= 0 && part + by <= end) this.#go(part + by, by < 0 ? LAST : 0);
  }

  /** @param {number} part @param {number} screen */
  #go(part, screen) {
    this.#touched = [];
    this.#part.forget();
    Object.assign(this.#at, { part, screen });
    this.show();
    keep(this.#at);
    this.#fitting.fit();
    this.#main.closest("[data-testid=stMain]")?.scrollTo({ top: 0 });
  }

  /** Something on the page asks to be seen. @param {Event} event */
  wanted = (event) => {
    const path = event.composedPath();
    const part = this.#partOf(path);
    if (part === undefined) return;
    event.preventDefault(); // says that it is seen to
    if (part !== this.#shown) this.#go(part, 0);
    const screen = this.#part.screenOf(path);
    if (screen >= 0 && screen !== this.#part.screen) this.#go(part, screen);
  };

  /** @param {Event} event */
  touches = (event) => {
    this.#touched = event.composedPath();
  };

  /** The page is whole again. */
  close() {
    this.#watch.disconnect();
    this.#sizes.disconnect();
    this.#fitting.stop();
    cancelAnimationFrame(this.#waiting);
    this.#part.undo();
    untried();
    for (const x of [...this.#places.keys(), ...this.#main.querySelectorAll(`.${AWAY}`)]) away(x, false);
  }
}

/** @param {Component} component */
export default function (component) {
  takeBack(component.parentElement);
  if (!component.data) return undefined;
  /** @type {{ words: Words }} */
  const { words } = JSON.parse(new TextDecoder().decode(component.data));
  const root = component.parentElement;
  const main = document.querySelector("[data-testid=stMainBlockContainer] > [data-testid=stVerticalBlock]");
  if (!main) return undefined;
  const own = root instanceof ShadowRoot ? root.host : /** @type {Element} */ (root);
  const leave = () => component.setTriggerValue("left", true);
  const bar = new Bar(root, words, { turn: (by) => presentation.turn(by), leave });
  const presentation = new Presentation(main, own, bar);
  const stop = listen(main, presentation);
  presentation.show();
  ready(component);
  return untilGone(root, () => {
    stop();
    presentation.close();
  });
}

/**
 * Turns by keys, and follows what happens on the page; what it answers stops that.
 * @param {Element} main
 * @param {Presentation} presentation
 */
function listen(main, presentation) {
  const ended = new AbortController();
  const { signal } = ended;
  const pressed = (/** @type {KeyboardEvent} */ event) => {
    const by = turnOf(event);
    if (!by) return;
    event.preventDefault();
    presentation.turn(by);
  };
  document.addEventListener("keydown", pressed, { signal });
  main.addEventListener("partschange", presentation.show, { signal });
  main.addEventListener("partwanted", presentation.wanted, { signal });
  for (const name of TOUCHES) main.addEventListener(name, presentation.touches, { signal, capture: true });
  window.addEventListener("resize", presentation.resized, { signal });
  return () => ended.abort();
}
