// Present mode's bar at the lower edge of the screen: back and on, where one is, and the way out. Stands before
// present.mjs (assets.py puts them together).

/** @typedef {Record<"before" | "after" | "leave" | "bar" | "place" | "help", string>} Words */

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

export class Bar {
  #words;
  #before;
  #after;
  #place = document.createElement("span");

  /**
   * @param {ParentNode} root all that it shows is the bar
   * @param {Words} words
   * @param {{ turn: (by: number) => void, leave: () => void }} acts what its buttons do
   */
  constructor(root, words, { turn, leave }) {
    this.#words = words;
    const style = document.createElement("style");
    style.textContent = STYLE;
    this.element = document.createElement("div");
    this.element.className = "bar";
    this.element.setAttribute("role", "toolbar");
    this.element.setAttribute("aria-label", words.bar);
    this.element.title = words.help;
    this.#before = button("◀", words.before, () => turn(-1));
    this.#after = button("▶", words.after, () => turn(1));
    this.#place.className = "place";
    this.#place.setAttribute("aria-live", "polite");
    this.element.append(this.#before, this.#place, this.#after, button("✕", words.leave, leave));
    root.replaceChildren(style, this.element);
  }

  /**
   * Says where one is, and turns no further than to the ends.
   * @param {{ title: string, part: number, parts: number, screen: number, screens: number }} at counted from 0
   */
  say({ title, part, parts, screen, screens }) {
    const which = screens > 1 ? ` (${screen + 1}/${screens})` : "";
    const text = this.#words.place
      .replace("{part}", String(part + 1))
      .replace("{parts}", String(parts))
      .replace("{title}", title + which);
    if (this.#place.textContent !== text) this.#place.textContent = text;
    this.#before.disabled = part === 0 && screen === 0;
    this.#after.disabled = part === parts - 1 && screen === screens - 1;
  }
}

/** @param {string} text @param {string} label @param {() => void} act */
function button(text, label, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.setAttribute("aria-label", label);
  made.addEventListener("click", act);
  return made;
}
