// Numbers and sentences as people read them: a true minus sign, sensible digits, "none" for what does not exist.

/** @typedef {import("./types.js").Value | undefined} Value */
/** @typedef {import("./types.js").Forms} Forms */

/**
 * @param {unknown} x
 * @returns {x is number}
 */
export const isNumber = (x) => typeof x === "number" && Number.isFinite(x);

/**
 * "step {step} of {steps}" with its places filled in; whole numbers are written as `count` writes them.
 * @param {string | Forms} template of two forms, the one that fits the value of {n}
 * @param {Record<string, string | number | null | undefined>} values
 */
export function fill(template, values) {
  const form = typeof template === "string" ? template : Number(values.n) === 1 ? template.one : template.other;
  /** @param {string | number | null | undefined} x */
  const written = (x) => (Number.isInteger(x) ? count(Number(x)) : String(x));
  return form.replace(/\{(\w+)\}/g, (place, name) => (name in values ? written(values[name]) : place));
}

/**
 * What core declares (a title, a sentence, with its places) in the viewer's language; as it is where nobody translated it.
 * @param {{ templates: Record<string, string> }} labels
 * @param {string} template
 */
export const inWords = (labels, template) => labels.templates[template] ?? template;

/**
 * What a learner is called: its kind's or its variant's title and what its name adds (core/learners/titles.py, title_of).
 * @param {{ learner_titles?: Record<string, string> }} labels
 * @param {string} name
 */
export function learnerTitle({ learner_titles: titles = {} }, name) {
  const begun = Object.keys(titles).filter((x) => name === x || name.startsWith(`${x}-`));
  if (!begun.length) return name;
  const base = begun.reduce((one, x) => (x.length > one.length ? x : one));
  return [titles[base], ...name.slice(base.length).split("-").filter(Boolean)].join(" ");
}

/**
 * Sentences one after another, those that are there: a space between two, none after a full-width sign.
 * @param {(string | false | null | undefined)[]} texts
 */
export const sentences = (texts) =>
  texts.reduce((/** @type {string} */ all, x) => {
    if (!x) return all;
    return all === "" || /[。！？；：]$/.test(all) ? all + x : `${all} ${x}`;
  }, "");

/**
 * @param {Value} x
 * @param {number} digits behind the point
 * @param {string} none what to say where there is no number
 */
export function fixed(x, digits, none = "") {
  if (x === null || x === undefined) return none;
  if (!isNumber(x)) return String(x); // "nan", "inf": computed, but no number
  const text = Math.abs(x).toFixed(digits);
  return x < 0 && Number(text) !== 0 ? `−${text}` : text;
}

/**
 * A reward where there is little room: whole ones without digits, others with two.
 * @param {Value} x
 * @param {string} none
 */
export const rewardText = (x, none = "") => fixed(x, Number.isInteger(x) ? 0 : 2, none);

/**
 * The same with a sign in front, unless it is printed as 0.
 * @param {Value} x
 * @param {number} digits
 * @param {string} none
 */
export function signed(x, digits, none = "") {
  const text = fixed(x, digits, none);
  return isNumber(x) && x > 0 && Number(x.toFixed(digits)) !== 0 ? `+${text}` : text;
}

/**
 * About three significant digits, as on an axis or in a card's header.
 * @param {Value} x
 * @param {string} none
 */
export function brief(x, none = "") {
  if (!isNumber(x)) return fixed(x, 0, none);
  const size = Math.abs(x);
  if (size >= 1000) return inThrees(fixed(x, 0));
  return fixed(x, briefDigits(size), none);
}

/**
 * A whole number of many digits, as the pages write it (lessons/kit/numbers.py, whole): 1,408.
 * @param {string} text
 */
const inThrees = (text) => text.replace(/\B(?=(\d{3})+$)/g, ",");

/**
 * How many there are of something.
 * @param {Value} x
 * @param {string} none
 */
export const count = (x, none = "") => (isNumber(x) ? inThrees(fixed(x, 0)) : fixed(x, 0, none));

/** @param {number} size */
function briefDigits(size) {
  if (size >= 100) return 0;
  if (size >= 10) return 1;
  if (size >= 0.0995 || size === 0) return 2;
  if (size >= 0.00095) return 3;
  return size >= 0.0001 ? 4 : 5;
}

/**
 * The beginning of a long text, on one line.
 * @param {string} text
 * @param {number} most characters
 */
export function shortened(text, most) {
  const line = text.replace(/[␍␊␉\s]+/g, " ").trim();
  const letters = [...line]; // no half of a surrogate pair is left over
  return letters.length > most ? `${letters.slice(0, most - 1).join("")}…` : line;
}

/**
 * Axis labels: as few digits as tell the ticks apart and give each its place (0.25 is not 0.3).
 * @param {(number | null)[]} values
 */
export function ticks(values) {
  const [first, second] = values;
  const gap = values.length > 1 ? Math.abs((second ?? 0) - (first ?? 0)) : Math.abs(first || 1);
  const fewest = Math.max(0, Math.min(5, -Math.floor(Math.log10(gap) + 1e-9)));
  const off = (/** @type {number} */ digits) =>
    values.some((x) => Math.abs(round(x ?? 0, digits) - (x ?? 0)) > gap / 50);
  const digits = fewest < 5 && off(fewest) ? fewest + 1 : fewest;
  const long = values.some((x) => Math.abs(x ?? 0) >= 10_000);
  return values.map((x) => (x === null ? "" : long || digits === 0 ? inThrees(fixed(x, 0)) : fixed(x, digits)));
}

/**
 * @param {Value} seconds
 * @param {{ none: string, seconds: string, minutes: string, hours: string }} words
 */
export function duration(seconds, words) {
  if (!isNumber(seconds)) return words.none;
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return fill(words.seconds, { s });
  if (s < 3600) return fill(words.minutes, { m: Math.floor(s / 60), s: s % 60 });
  return fill(words.hours, { h: Math.floor(s / 3600), m: Math.floor((s % 3600) / 60) });
}

/** @type {(x: number, digits: number) => number} */
function round(x, digits) {
  const y = Number(x.toFixed(digits));
  return y === 0 ? 0 : y; // no −0
}

/**
 * For "a + b" where b may be negative: "+ 0.5" or "− 0.5".
 * @param {string} text
 */
export const plus = (text) => (text.startsWith("−") ? `− ${text.slice(1)}` : `+ ${text}`);

/** @param {string} text */
export const minus = (text) => (text.startsWith("−") ? `+ ${text.slice(1)}` : `− ${text}`);

/**
 * A setting as it is written, with a true minus sign.
 * @param {unknown} x
 */
export const plain = (x) => String(x).replace("-", "−");

/** @param {string} text */
export const signedText = (text) => (/^[−0]/.test(text) && !/^0\.0*[1-9]/.test(text) ? text : `+${text}`);

/**
 * A part of a formula line that stands out; the tone says what it means.
 * @typedef {{ text: string, tone: string }} Strong
 * @type {(text: string, tone?: string) => Strong}
 */
export const strong = (text, tone = "strong") => ({ text, tone });

/** @type {(x: number) => "negative" | "positive" | "strong"} */
export const tone = (x) => (x < 0 ? "negative" : x > 0 ? "positive" : "strong");
