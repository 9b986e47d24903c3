// The page's theme, as its colours tell it.

/**
 * Whether a CSS colour is a dark ground; a canvas knows every way of writing one.
 * @param {string} colour
 */
export function isDark(colour) {
  const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  if (!pen) return false;
  pen.fillStyle = colour || "#fff";
  pen.fillRect(0, 0, 1, 1);
  const [r, g, b] = pen.getImageData(0, 0, 1, 1).data;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b < 110;
}

/**
 * The colour of the page's ground around an element.
 * @param {Element} root
 */
export const ground = (root) => getComputedStyle(root).getPropertyValue("--st-background-color").trim();

/**
 * How much larger the page wants type than it is written here: more than 1 on a projector.
 * @param {(variable: string) => string} css a CSS variable's value
 */
export const typeScale = (css) => Number(css("--type-scale")) || 1;

/**
 * Pixels of the window to a pixel of the element's own, in which its style is written.
 * @param {HTMLElement} element
 */
export const zoomOf = (element) => element.getBoundingClientRect().width / element.offsetWidth || 1;

/** The theme in which an element stands: `data-theme` says it, and values of CSS variables are read once. */
export class Theme {
  /** @type {Map<string, string>} CSS variable → its value */
  #css = new Map();
  #ground = "";

  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
  }

  get isDark() {
    return this.root.dataset.theme === "dark";
  }

  /**
   * A CSS variable's value.
   * @param {string} name
   */
  value(name) {
    const known = this.#css.get(name) ?? getComputedStyle(this.root).getPropertyValue(name).trim();
    this.#css.set(name, known);
    return known;
  }

  /** Looks again: whether it is another theme than before. */
  changed() {
    this.#css.clear();
    const probe = ground(this.root);
    const theme = isDark(probe) ? "dark" : "light";
    if (this.root.dataset.theme === theme && this.#ground === probe) return false;
    this.#ground = probe;
    this.root.dataset.theme = theme;
    return true;
  }
}
