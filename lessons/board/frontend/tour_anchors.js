// Where the lab's tour (lesson_tour.js) points: parts of the lab by their role, whatever they look like.

/** Role → what plays it, the first of those that are there. @type {Record<string, string>} */
const PLACES = { curves: ".lead, .charts", strips: ".strips", card: ".card", timeline: ".timeline" };

/**
 * Marks the parts with `data-tour`.
 * @param {ParentNode} root
 */
export function markAnchors(root) {
  for (const [role, selector] of Object.entries(PLACES)) root.querySelector(selector)?.setAttribute("data-tour", role);
}

/**
 * The element that plays a role, also inside components, if it is to be seen.
 * @param {string} role
 * @param {string | null} selector of the page's own parts, which carry no mark
 * @returns {Element | null}
 */
export function anchorOf(role, selector) {
  const all = selector ? [...document.querySelectorAll(selector)] : [];
  if (!selector) {
    for (const host of document.querySelectorAll("*")) {
      all.push(...(host.shadowRoot?.querySelectorAll(`[data-tour="${role}"]`) ?? []));
    }
  }
  return all.find((x) => x.getBoundingClientRect().width > 0 && x.getBoundingClientRect().height > 0) ?? null;
}
