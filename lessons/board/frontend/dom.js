// Making elements. Text goes in as text only: whatever a model wrote is shown letter by letter.

const SVG = "http://www.w3.org/2000/svg";

/** @typedef {Node | string | null | undefined} Child */
/** @typedef {string | number | boolean | null | undefined} Attribute */
/**
 * Attributes by name, but for `text` (the text inside), `data` (data-…), `style` (CSS properties) and what begins with
 * "on" (event handlers).
 * @typedef {{ text?: string | number, data?: Record<string, string | number>, style?: Record<string, string> }
 *   & { [name: `on${string}`]: (event: Event) => unknown }
 *   & { [name: string]: unknown }} Props
 */

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Props} [props]
 * @param {...(Child | Child[])} children
 */
export function el(tag, props = {}, ...children) {
  return furnish(document.createElement(tag), props, children);
}

/**
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} tag
 * @param {Props} [props]
 * @param {...(Child | Child[])} children
 */
export function svg(tag, props = {}, ...children) {
  return furnish(document.createElementNS(SVG, tag), props, children);
}

/**
 * @template {HTMLElement | SVGElement} T
 * @param {T} node
 * @param {Props} props
 * @param {(Child | Child[])[]} children
 */
function furnish(node, { text, data, style, ...props }, children) {
  if (text !== undefined) node.textContent = String(text);
  Object.assign(node.dataset, data);
  for (const [key, x] of Object.entries(style ?? {})) node.style.setProperty(key, x);
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith("on")) Reflect.set(node, name, value);
    // An empty aria-… says nothing: what was to be hidden would be read out.
    else if (value === true) node.setAttribute(name, name.startsWith("aria-") ? "true" : "");
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, String(value));
  }
  for (const child of children.flat()) if (child !== null && child !== undefined) node.append(child);
  return node;
}

/**
 * Sets text only when it differs, so that nothing is repainted and no screen reader is told twice; a text that is there
 * becomes the other one, so what plays makes no nodes.
 * @param {Node} node
 * @param {string} text
 */
export function say(node, text) {
  if (node.textContent === text) return;
  const only = node.childNodes.length === 1 ? node.firstChild : null;
  if (only?.nodeType === 3 && text) only.nodeValue = text;
  else node.textContent = text;
}

/** An index of a Greek letter, as in π_θ; an exponent, as in e^−ε, which may have an index of its own. */
const RAISED_OR_SUNK = /(?<=\p{Script=Greek})_(\p{L}+)|(?<=[\p{L}\p{N})])\^([−+-]?[\p{L}\p{N}]+)/gu;

/** How far below its line a piece of a drawing's text stands, in pixels, by what it is. */
const SHIFT = { line: 0, sub: 3, sup: -5, supsub: -2 };

/**
 * A text, cut where a sign has an index or an exponent.
 * @param {string} text
 * @returns {{ text: string, at: keyof typeof SHIFT }[]} supsub: an exponent's index
 */
export function symbols(text) {
  /** @type {ReturnType<typeof symbols>} */
  const pieces = [];
  let end = 0;
  for (const { 0: all, 1: index, 2: exponent, index: start } of text.matchAll(RAISED_OR_SUNK)) {
    const isExponents = start === end && pieces.at(-1)?.at === "sup";
    pieces.push({ text: text.slice(end, start), at: "line" });
    pieces.push({ text: exponent ?? index, at: exponent ? "sup" : isExponents ? "supsub" : "sub" });
    end = start + all.length;
  }
  return [...pieces, { text: text.slice(end), at: /** @type {const} */ ("line") }].filter((x) => x.text);
}

/** The same as text alone, to be read out: an exponent is said to be one. @param {string} text */
export const spoken = (text) =>
  symbols(text)
    .map((x) => (x.at === "sup" ? `^${x.text}` : x.text))
    .join("");

/**
 * The same, with what follows a sign and "_" below the line, as in π_θ, and what follows "^" above it.
 * @param {Node & ParentNode} node
 * @param {string} text
 */
export function sayWithSymbols(node, text) {
  const pieces = symbols(text);
  if (node.textContent === pieces.map((x) => x.text).join("")) return;
  const shown = (/** @type {(typeof pieces)[number]} */ { text, at }) => {
    if (at === "line") return text;
    return at === "supsub" ? el("sup", {}, el("sub", { text })) : el(at, { text });
  };
  node.replaceChildren(...pieces.map(shown));
}

/**
 * The same in a drawing: what is not on the line is smaller, and what follows it is on the line again.
 * @param {string} text
 */
export function symbolSpans(text) {
  let from = 0;
  return symbols(text).map(({ text, at }) => {
    const dy = SHIFT[at] - from;
    from = SHIFT[at];
    return svg("tspan", { text, dy, "font-size": at === "line" ? null : 9 });
  });
}

/**
 * @param {Element} node
 * @param {string} name
 * @param {string | number | boolean} value
 */
export function attr(node, name, value) {
  if (node.getAttribute(name) !== String(value)) node.setAttribute(name, String(value));
}

/**
 * The element inside of `node` that has the keyboard; within a component, the document itself names only the component.
 * @param {Node} node
 */
export function focusedIn(node) {
  const root = /** @type {Partial<DocumentOrShadowRoot>} */ (node.getRootNode()); // an element, while it is on no page
  return root.activeElement && node.contains(root.activeElement) ? root.activeElement : null;
}

/**
 * A style sheet's `load` or `error`: either way it will change nothing any more.
 * @param {import("./page_types.js").Sheet[]} sheets
 */
export function settled(sheets) {
  const links = sheets.filter((x) => x instanceof HTMLLinkElement);
  return Promise.all(
    links.map(
      (x) =>
        new Promise((done) => {
          x.onload = done;
          x.onerror = done;
        }),
    ),
  );
}
