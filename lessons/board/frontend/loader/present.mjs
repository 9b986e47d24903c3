// Present mode: the page cut at its headings, one part a screen, turned with the arrow keys or a presenter's remote. What
// is not shown keeps its width and goes on working (charts need one), but nobody sees, hears or reaches it. A picture that
// is higher than the screen is enlarged less than the type beside it.

/** @typedef {import("../page_types.js").Component} Component */
/** @typedef {{ words: Record<"before" | "after" | "leave" | "bar" | "place" | "help", string> }} Options */

const AWAY = "present-away";
/** Elements that have their own use for the arrow keys. */
const TAKES_ARROWS =
  "input, textarea, select, [contenteditable], summary, [role=slider], [role=tab], [role=radio], [role=listbox], " +
  "[role=option], [role=menu], [role=menuitem], [role=grid], [role=spinbutton], [role=combobox], [data-arrows]";
/** @type {Record<string, number>} key → by how many parts it turns */
const TURNS = { ArrowRight: 1, PageDown: 1, ArrowLeft: -1, PageUp: -1 };
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
 * What a component marks as made of parts (data-parts), however deep.
 * @param {Element | ShadowRoot} root
 * @returns {Element | null}
 */
function marked(root) {
  const own = root instanceof Element ? [root] : [];
  for (const element of [...own, ...root.querySelectorAll("*")]) {
    if (element.matches("[data-parts]")) return element;
    const inner = element.shadowRoot && marked(element.shadowRoot);
    if (inner) return inner;
  }
  return null;
}

/**
 * A block of the page's own elements with a heading after its first: what comes before that there belongs to the part
 * before, or is one.
 * @param {Element} element
 * @returns {Element | null}
 */
function headed(element) {
  const block = element.querySelector(":scope > [data-testid=stVerticalBlock]");
  const heading = "h2:not(.unseen)";
  return block && [...block.children].slice(1).some((x) => x.querySelector(heading)) ? block : null;
}

/**
 * An element as what is turned: whole, or as the pieces of the block or the component that it holds.
 * @param {Element} element
 * @returns {Element[]}
 */
export function pieces(element) {
  const cut = headed(element) ?? marked(element);
  return cut ? [...cut.children].flatMap(pieces) : [element];
}

/**
 * Which part each element belongs to: a part begins with one that holds a heading of the page, or that names the part
 * (data-part). A hidden one begins none.
 * @param {Element[]} elements the page's, in order
 */
export function parts(elements) {
  let part = 0;
  let content = false; // whether the part under way holds anything that can be seen
  const titles = [""];
  const of = elements.map((element) => {
    if (element.hasAttribute("hidden")) return part;
    const name = element.getAttribute("data-part");
    const heading = element.querySelector("h1, h2:not(.unseen)");
    if ((name || heading?.tagName === "H2") && content) {
      part += 1;
      titles.push("");
    }
    if (!titles[part]) titles[part] = (name ?? heading?.textContent ?? "").trim();
    content ||= Boolean(name || heading);
    return part;
  });
  return { of, titles };
}

/**
 * By how many parts a key turns; 0 where it is not for this.
 * @param {Pick<KeyboardEvent, "key" | "altKey" | "ctrlKey" | "metaKey" | "shiftKey" | "defaultPrevented" | "composedPath">} event
 */
export function turnOf(event) {
  if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return 0;
  const by = TURNS[event.key] ?? 0;
  const taken = event.composedPath().some((node) => node instanceof Element && node.matches(TAKES_ARROWS));
  return taken ? 0 : by;
}

// A picture that has to fit the screen

const SMALLEST = 0.64; // of the page's own scale
const FINER = 0.94; // by how much less a picture is enlarged at a time: it may rearrange itself meanwhile
const DEEP = 0.45; // of the screen: what begins further down is scrolled to
const EDGE = 6; // pixels that stay free above the bar

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
 * @param {() => Element[]} shown what is on show
 * @param {() => number} end where the screen ends
 */
function fitting(shown, end) {
  let turn = 0;
  const later = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const page = () => Number(getComputedStyle(document.documentElement).getPropertyValue("--type-scale")) || 1;
  async function fit() {
    turn += 1;
    const mine = turn;
    for (let again = true; again; ) {
      await later();
      if (mine !== turn) return;
      again = false;
      for (const { host, picture } of shown().flatMap(pictures)) {
        const boxes = [host, ...picture].map((x) => x.getBoundingClientRect());
        const [{ top }] = boxes;
        const above = top + (host.closest("[data-testid=stMain]")?.scrollTop ?? 0);
        const room = end() - EDGE - (above < DEEP * end() ? above : EDGE);
        const height = Math.max(...boxes.slice(1).map((x) => x.bottom)) - top;
        const scale = Number(host.style.getPropertyValue("--type-scale")) || page();
        const next = smaller({ scale, height, room, least: SMALLEST * page() });
        if (next === null) continue;
        host.style.setProperty("--type-scale", next.toFixed(3));
        again = true;
      }
    }
  }
  function anew() {
    for (const { host } of pictures(document.body)) host.style.removeProperty("--type-scale");
    fit();
  }
  return { fit, anew };
}

/** @param {string} path */
const kept = (path) => `credit-lab-part:${path}`;

/** Hides an element, or shows it; one that is as it should be is left alone. @type {(x: Element, is: boolean) => void} */
const away = (x, is) => {
  if (x.classList.contains(AWAY) !== is) x.classList.toggle(AWAY, is);
};

/** The part at which this page was left in this tab. */
function recall() {
  try {
    const part = Number(sessionStorage.getItem(kept(location.pathname)));
    return Number.isInteger(part) ? Math.max(0, part) : 0;
  } catch {
    return 0; // may not be used
  }
}

/** @param {number} part */
function keep(part) {
  try {
    sessionStorage.setItem(kept(location.pathname), String(part));
  } catch {
    // The place is lost with the next reload, no more.
  }
}

/** @param {Component} component */
export default function (component) {
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

  const sizes = new ResizeObserver(() => fit()); // what is drawn late, or grows
  let at = recall();
  let count = 1;
  /** @type {Map<Element, number>} each piece's part */
  let places = new Map();

  function show() {
    const elements = [...(main?.children ?? [])].filter((x) => !x.contains(own));
    const cut = elements.map(pieces);
    const { of, titles } = parts(cut.flat());
    count = titles.length;
    const shown = Math.min(at, count - 1);
    places = new Map(cut.flat().map((x, i) => [x, of[i]]));
    for (const [piece, part] of places) away(piece, part !== shown);
    elements.forEach((x, i) => {
      if (!places.has(x)) away(x, !cut[i].some((piece) => places.get(piece) === shown));
    });
    const text = words.place
      .replace("{part}", String(shown + 1))
      .replace("{parts}", String(count))
      .replace("{title}", titles[shown]);
    if (place.textContent !== text) place.textContent = text;
    before.disabled = shown === 0;
    after.disabled = shown === count - 1;
    sizes.disconnect();
    for (const [piece, part] of places) if (part === shown) sizes.observe(piece);
  }

  const onShow = () => [...places].filter(([piece]) => !piece.classList.contains(AWAY)).map(([piece]) => piece);
  const { fit, anew } = fitting(onShow, () => bar.getBoundingClientRect().top);

  /** @param {number} by */
  function turn(by) {
    const to = Math.min(Math.max(Math.min(at, count - 1) + by, 0), count - 1);
    if (to === at) return;
    at = to;
    keep(at);
    show();
    main?.closest("[data-testid=stMain]")?.scrollTo({ top: 0 });
  }

  /** Something on the page asks to be seen. @param {Event} event */
  function wanted(event) {
    const part = event.composedPath().map((x) => (x instanceof Element ? places.get(x) : undefined));
    const to = part.find((x) => x !== undefined);
    if (to !== undefined) turn(to - Math.min(at, count - 1));
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
  const isOwn = (/** @type {Node} */ x) => x.parentNode === main || (x instanceof Element && places.has(x));
  const watch = new MutationObserver((changes) => {
    if (changes.some((x) => x.type === "childList" || isOwn(x.target))) show();
  });
  watch.observe(main, { childList: true, subtree: true, attributeFilter: ["class"] });
  document.addEventListener("keydown", pressed);
  main.addEventListener("partschange", show);
  main.addEventListener("partwanted", wanted);
  window.addEventListener("resize", anew);
  show();
  return () => {
    watch.disconnect();
    sizes.disconnect();
    window.removeEventListener("resize", anew);
    for (const { host } of pictures(main)) host.style.removeProperty("--type-scale");
    document.removeEventListener("keydown", pressed);
    main.removeEventListener("partschange", show);
    main.removeEventListener("partwanted", wanted);
    for (const x of [...places.keys(), ...main.querySelectorAll(`.${AWAY}`)]) x.classList.remove(AWAY);
  };
}
