// What a person chose, kept in the page's address so that the link shows the same. Only our own keys are touched.

/** @import { Choices, TokenId, View } from "./page_types.js" */

/** @param {string | null} text */
const whole = (text) => (text !== null && /^\d{1,9}$/.test(text) ? Number(text) : null);

/** @typedef {{ read: () => string, write: (href: string) => void }} Place where the choices' address stands */

/** @type {Place} */
let place = {
  read: () => window.location.href,
  write: (href) => window.history.replaceState(window.history.state, "", href),
};

/**
 * Keeps the choices elsewhere than in this page's query: a file has none of its own, and a notebook's is not ours.
 * @param {Place} other
 */
export function keepIn(other) {
  place = other;
}

/**
 * The choices that the address holds; null where it holds none, or nonsense.
 * @param {Choices} choices
 * @returns {View}
 */
export function readUrl(choices) {
  return readQuery(new URL(place.read()).search, choices);
}

/**
 * @param {string} search as "?step=3"
 * @param {Choices} choices
 * @returns {View}
 */
export function readQuery(search, choices) {
  const query = new URLSearchParams(search);
  /** @type {(key: string, allowed: string[]) => string} */
  const oneOf = (key, allowed) => allowed.find((x) => x === query.get(key)) ?? allowed[0];
  return {
    step: whole(query.get("step")),
    group: whole(query.get("group")),
    token: readToken(query.get("token")),
    color: columnOf(query.get("color")) ?? choices.color[0],
    x: oneOf("x", choices.x),
    pass: whole(query.get("pass")),
    left: columnOf(query.get("left")),
    right: columnOf(query.get("right")),
  };
}

/**
 * A colouring's name, or a chart's: which there are, only the run's learners and the page say.
 * @param {string | null} text
 */
const columnOf = (text) => (text !== null && /^[A-Za-z]\w{0,39}$/.test(text) ? text : null);

/**
 * @param {string | null} text
 * @returns {TokenId | null}
 */
function readToken(text) {
  const parts = /^([a-z][a-z0-9-]{0,23})\.(\d{1,6})\.(\d{1,6})$/.exec(text ?? "");
  return parts && { learner: parts[1], sample: Number(parts[2]), position: Number(parts[3]) };
}

/**
 * Writes the choices that differ from the default into the address, without a page load or a rerun.
 * @param {View} view
 * @param {Choices} choices
 */
export function writeUrl(view, choices) {
  const before = place.read();
  const href = withQuery(before, view, choices);
  if (href !== before) place.write(href);
}

/**
 * The address with the choices in it; whatever else it says stays.
 * @param {string} href
 * @param {View} view
 * @param {Choices} choices
 */
export function withQuery(href, view, choices) {
  const url = new URL(href);
  const values = {
    step: view.step,
    group: view.group,
    token: keyOf(view.token),
    color: view.color === choices.color[0] ? null : view.color,
    x: view.x === choices.x[0] ? null : view.x,
    pass: view.pass,
    left: view.left,
    right: view.right,
  };
  for (const [key, value] of Object.entries(values)) {
    if (value === null) url.searchParams.delete(key);
    else url.searchParams.set(key, String(value));
  }
  return url.href;
}

/**
 * A token's name in the address and among the chips.
 * @param {TokenId | null} token
 */
export const keyOf = (token) => token && `${token.learner}.${token.sample}.${token.position}`;
