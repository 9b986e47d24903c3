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
