// Leads to a part of the page: a link may name one that is drawn for it, and that the page then scrolls to.

/** @typedef {{ to: string, count: number }} SentJump `to`: a class of the part; `count`: how often a link led there */

export default class Jump {
  #count = 0;

  /** @param {SentJump} sent */
  draw({ to, count }) {
    if (count <= this.#count) return;
    this.#count = count;
    requestAnimationFrame(() => lead(document.querySelector(`.${to}`))); // once the page is dealt out into its screens
  }
}

/** @param {Element | null} part */
function lead(part) {
  if (!(part instanceof HTMLElement)) return;
  const first = part.querySelector("h2") ?? part;
  first.dispatchEvent(new CustomEvent("partwanted", { bubbles: true, composed: true })); // loader/present.mjs
  part.tabIndex = -1; // who came by the keyboard goes on from there
  part.focus({ preventScroll: true });
  part.scrollIntoView({ block: "start" });
}
