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
