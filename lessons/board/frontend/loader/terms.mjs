// The box that explains a term (lessons/kit/glossary.py), on hover and on focus; Escape, leaving and going elsewhere
// close it. Terms are links whose title holds the explanation: while the box shows it, the title is taken away, so that
// nobody is told twice. Where there is no hover, the first tap opens the box and the second follows the link.

/** @typedef {import("../page_types.js").Component} Component */

const TERM = '[data-testid="stMain"] a[href*="glossary"][href*="#"]';
const ID = "credit-lab-term";
const STAY = 200; // milliseconds in which the pointer may come from the term to its box
const GAP = 6; // pixels between the two

/** @type {HTMLElement | null} */
let box = null;
/** @type {HTMLAnchorElement | null} */
let term = null;
let title = "";
let wasOpen = false; // when the finger came down
let next = 0; // the frame in which the box is placed anew
/** @type {ReturnType<typeof setTimeout> | undefined} */
let leaving;

/** @param {EventTarget | null} target */
const termAt = (target) =>
  target instanceof Element ? /** @type {HTMLAnchorElement | null} */ (target.closest(TERM)) : null;

function made() {
  box ??= Object.assign(document.createElement("div"), { id: ID, role: "tooltip", hidden: true });
  if (!box.isConnected) document.body.append(box);
  return box;
}

/** @param {HTMLAnchorElement} link */
function open(link) {
  clearTimeout(leaving);
  if (link === term) return;
  close();
  if (!link.title) return;
  term = link;
  title = link.title;
  link.removeAttribute("title");
  link.setAttribute("aria-describedby", ID);
  const shown = made();
  shown.textContent = title;
  shown.hidden = false;
  follow();
}

function close() {
  clearTimeout(leaving);
  cancelAnimationFrame(next);
  if (term) {
    term.title = title;
    term.removeAttribute("aria-describedby");
  }
  term = null;
  if (box) box.hidden = true;
}

/**
 * Below the term, or above it where there is no room; always inside the window.
 * @param {Element} link
 * @param {HTMLElement} shown
 */
function place(link, shown) {
  const at = link.getClientRects()[0];
  const { clientWidth: width, clientHeight: height } = document.documentElement;
  const left = Math.max(8, Math.min(at.left, width - shown.offsetWidth - 8));
  const below = at.bottom + GAP;
  const top = below + shown.offsetHeight > height ? Math.max(8, at.top - GAP - shown.offsetHeight) : below;
  shown.style.left = `${left}px`;
  shown.style.top = `${top}px`;
}

/**
 * The box goes with its term, frame by frame: the page may be scrolled, and what stands before the term may come late, or
 * be folded away. A term that is no longer on the page takes its box along.
 */
function follow() {
  if (!term || !box) return;
  if (!term.getClientRects().length) return close();
  place(term, box);
  next = requestAnimationFrame(follow);
}

/** @param {PointerEvent} event */
function over(event) {
  if (event.pointerType === "touch") return;
  const link = termAt(event.target);
  if (link) open(link);
  else if (term && box?.contains(/** @type {Node} */ (event.target))) clearTimeout(leaving);
  else if (term && document.activeElement !== term) {
    clearTimeout(leaving);
    leaving = setTimeout(close, STAY);
  }
}

/** @param {FocusEvent} event */
function focused(event) {
  const link = termAt(event.target);
  if (link) open(link);
  else close();
}

/** @param {KeyboardEvent} event */
function pressed(event) {
  if (event.key === "Escape") close();
}

/** @param {PointerEvent} event */
function down(event) {
  const link = termAt(event.target);
  wasOpen = event.pointerType !== "touch" || link === term;
  if (!link && !box?.contains(/** @type {Node} */ (event.target))) close();
}

/** @param {MouseEvent} event */
function clicked(event) {
  const link = termAt(event.target);
  if (!link || wasOpen || event.detail === 0) return; // detail 0: pressed on the keyboard
  event.preventDefault();
  open(link);
}

/** @param {Component} component */
export default function (component) {
  takeBack(component.parentElement);
  document.addEventListener("pointerover", over);
  document.addEventListener("focusin", focused);
  document.addEventListener("focusout", close);
  document.addEventListener("keydown", pressed);
  document.addEventListener("pointerdown", down);
  document.addEventListener("click", clicked, true);
  const focus = termAt(document.activeElement); // it came before this script, or the page was drawn anew
  if (focus) open(focus);
  ready(component);
  return untilGone(component.parentElement, () => {
    close();
    box?.remove();
    for (const [name, done] of Object.entries({
      pointerover: over,
      focusin: focused,
      focusout: close,
      keydown: pressed,
      pointerdown: down,
    })) {
      document.removeEventListener(name, /** @type {EventListener} */ (done));
    }
    document.removeEventListener("click", clicked, true);
  });
}
