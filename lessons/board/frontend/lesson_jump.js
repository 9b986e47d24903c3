// Leads to a part of the page: a link may name one that is drawn for it, and that the page then scrolls to.

/** @typedef {{ to: string, count: number }} SentJump `to`: a class of the part; `count`: how often a link led there */

export default class Jump {
  #count = 0;

  /** @param {SentJump} sent */
  draw({ to, count }) {
    if (count <= this.#count) return;
    this.#count = count;
    const part = document.querySelector(`.${to}`);
    if (!(part instanceof HTMLElement)) return;
    part.tabIndex = -1; // who came by the keyboard goes on from there
    part.focus({ preventScroll: true });
    part.scrollIntoView({ block: "start" });
  }
}
