// Stands where a figure will be, and says once that it comes into view: what nobody scrolls to need not be drawn
// (lessons/kit/lesson/figure.py).

/** @typedef {import("../types.js").Component} Component */

const EARLY = "400px"; // below the window, so that it is there when it is reached
const AGAIN = 1500; // milliseconds: what is said while the page is being made anew may not be heard

/** @type {WeakMap<Node, () => void>} the component's root → what ends the watch of its last drawing */
const watched = new WeakMap();

/** @param {Component} component */
export default function (component) {
  if (!component.data) return undefined;
  const { parentElement: parent, setTriggerValue } = component;
  const { height, alt } = JSON.parse(new TextDecoder().decode(component.data));
  const place = parent.querySelector("div") ?? parent.appendChild(document.createElement("div"));
  place.style.height = `${height}px`;
  place.setAttribute("role", "img");
  place.setAttribute("aria-label", alt);
  watched.get(parent)?.();
  // The page scrolls inside an element of Streamlit's; around the window alone nothing would be early.
  const host = /** @type {ShadowRoot | Document} */ (place.getRootNode());
  const root = host instanceof ShadowRoot ? host.host.closest('[data-testid="stMain"]') : null;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let telling;
  const tell = () => {
    if (place.isConnected) setTriggerValue("seen", true);
    else clearInterval(telling); // the figure has taken its place
  };
  const observer = new IntersectionObserver(
    (entries) => {
      if (!entries.some((x) => x.isIntersecting)) return;
      observer.disconnect();
      tell();
      telling = setInterval(tell, AGAIN);
    },
    { root, rootMargin: `0px 0px ${EARLY} 0px` },
  );
  observer.observe(place);
  const end = () => {
    observer.disconnect();
    clearInterval(telling);
  };
  watched.set(parent, end);
  return end;
}
