// Where an address names a part of its page, the part is brought into view. A browser does so with a document that is
// there; Streamlit does so once, as soon as the part's heading is there, and if what comes after it is not there yet,
// the page is too short to be scrolled that far. Stands before document.mjs (assets.py puts them together).

const ACTS = ["wheel", "pointerdown", "touchstart", "keydown"];

/**
 * Scrolls to the part whenever the page has grown or shrunk, until whoever reads it does anything: then the place is
 * theirs.
 */
export function keepAnchor() {
  const content = document.querySelector("[data-testid=stMainBlockContainer]");
  const { hash } = window.location;
  const id = named(hash);
  if (!content || !id) return;
  const sizes = new ResizeObserver(() => {
    if (window.location.hash === hash) document.getElementById(id)?.scrollIntoView({ block: "start" });
    else end();
  });
  function end() {
    sizes.disconnect();
    for (const act of ACTS) window.removeEventListener(act, end, true);
  }
  for (const act of ACTS) window.addEventListener(act, end, { capture: true, passive: true });
  sizes.observe(content);
}

/** @param {string} hash as the address has it, which anybody may have typed */
function named(hash) {
  try {
    return decodeURIComponent(hash.slice(1));
  } catch {
    return "";
  }
}
