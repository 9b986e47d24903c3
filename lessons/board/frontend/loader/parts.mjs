// How a page is cut into the parts that present mode turns, and where in them this tab was left. Stands before
// present.mjs (assets.py puts them together).

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

/** What stands in a part that has nothing to look at yet (lessons/kit/lesson/to_come.py). */
const NO_SCREEN = "[class*=_no_screen]";

/**
 * Which part each element belongs to: a part begins with one that holds a heading of the page, or that names the part
 * (data-part). A hidden one begins none. -1: of a part without a screen, to which nobody turns.
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
  const without = new Set(of.filter((_, i) => elements[i].matches(NO_SCREEN) || elements[i].querySelector(NO_SCREEN)));
  const there = [...titles.keys()].filter((x) => !without.has(x));
  return { of: of.map((x) => there.indexOf(x)), titles: there.map((x) => titles[x]) };
}

/** @param {string} path */
const kept = (path) => `credit-lab-part:${path}`;

/** The part and its screen at which this page was left in this tab. */
export function recall() {
  try {
    const [, part, screen] = /^(\d+)(?:\.(\d+))?$/.exec(sessionStorage.getItem(kept(location.pathname)) ?? "") ?? [];
    return { part: Number(part ?? 0), screen: Number(screen ?? 0) };
  } catch {
    return { part: 0, screen: 0 }; // may not be used
  }
}

/** @param {{ part: number, screen: number }} at */
export function keep({ part, screen }) {
  try {
    sessionStorage.setItem(kept(location.pathname), screen ? `${part}.${screen}` : String(part));
  } catch {
    // The place is lost with the next reload, no more.
  }
}
