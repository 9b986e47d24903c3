// Leads to a part of the page: a link may name one that is drawn for it, and that the page then scrolls to.

/** @typedef {{ to: string, press: string }} SentJump `to`: a class of the part; `press`: a name of its own for each press of such a link, "" for none */

/** The press that was answered last: this component is built anew at each visit to its page, and the press is past then. */
let answered = "";

export default class Jump {
  #closed = false;

  /** @param {SentJump} sent */
  draw({ to, press }) {
    if (!press || press === answered) return;
    answered = press;
    const lead = () => {
      if (this.#closed || press !== answered) return;
      const part = document.querySelector(`.${to}`);
      if (part instanceof HTMLElement && isOnScreen(part)) goTo(part);
      else if (part) requestAnimationFrame(lead);
    };
    requestAnimationFrame(lead); // once the page is dealt out into its screens
  }

  close() {
    this.#closed = true;
  }
}

/**
 * Asks for the part's screen. In present mode what turns the screens (loader/present.mjs) may be there later than this,
 * or may not have dealt this part out yet: whoever presses a link to the page, comes with both of them at once.
 * @param {HTMLElement} part
 */
function isOnScreen(part) {
  const wanted = new CustomEvent("partwanted", { bubbles: true, composed: true, cancelable: true });
  const isTurned = !(part.querySelector("h2") ?? part).dispatchEvent(wanted);
  return isTurned || !document.querySelector(".st-key-present_bar");
}

/** @param {HTMLElement} part */
function goTo(part) {
  part.tabIndex = -1; // who came by the keyboard goes on from there
  part.focus({ preventScroll: true });
  part.scrollIntoView({ block: "start" });
}
