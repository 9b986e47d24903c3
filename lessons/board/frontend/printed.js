// Numbers and operations as text: signs, brackets where precedence needs them, digits, and what the printed digits give.

import { fill, fixed, minus, plus, strong } from "./format.js";
import { FUNCTIONS, LAZY } from "./terms.js";
import { reduce } from "./terms_over.js";

/** @typedef {string | { text: string, tone: string }} Part plain text, or text that stands out */
/**
 * What is printed of a tree: a number (`exact`: its text, if it is written as it is), or an operation on several.
 * @typedef {{ number: number, exact: string | null }} Leaf
 * @typedef {{ op: string, parts: Shown[], over?: true, ddof?: number }} Operation
 * @typedef {Leaf | Operation} Shown
 */

export const MANY = 12; // so many numbers of a group fit on a line
const MORE = "… (+{n})"; // in no language: how many others there are

/**
 * As many digits behind the point as are printed.
 * @param {number} x
 * @param {number} digits
 */
export function rounded(x, digits) {
  const y = Number(x.toFixed(digits));
  return y === 0 ? 0 : y; // no −0
}

/**
 * The value of the numbers as they are printed.
 * @param {Shown} shown
 * @param {number | null} digits null: as they are
 * @returns {number}
 */
export function computed(shown, digits) {
  if ("number" in shown) return shown.exact !== null || digits === null ? shown.number : rounded(shown.number, digits);
  const numbers = shown.parts.map((x) => computed(x, digits));
  if (shown.over) return reduce(shown.op, numbers, shown.ddof ?? 0) ?? NaN;
  return Number((LAZY[shown.op] ?? FUNCTIONS[shown.op])(...numbers));
}

/** @param {Leaf} shown @param {number} digits */
export const written = ({ number, exact }, digits) => exact ?? fixed(number, digits, "");

const [OR, AND, NOT, COMPARED, SUM, PRODUCT, POWER, ATOM] = [1, 2, 3, 4, 5, 6, 7, 8];
/** @type {Record<string, [string, number]>} each sign as printed, and how strongly it binds */
const SIGNS = {
  or: ["∨", OR],
  and: ["∧", AND],
  "<": ["<", COMPARED],
  "<=": ["≤", COMPARED],
  ">": [">", COMPARED],
  ">=": ["≥", COMPARED],
  "==": ["=", COMPARED],
  "!=": ["≠", COMPARED],
};
/** @type {Record<number, string>} */
const RAISED = { 2: "²", 3: "³" };

/** @typedef {{ parts: Part[], binds: number }} Printed */

/**
 * @param {Shown} shown
 * @param {number} digits
 * @param {string} [more] the template for how many numbers of a long list are left out: {n}
 * @returns {Printed}
 */
export function print(shown, digits, more = MORE) {
  if ("number" in shown) return { parts: [written(shown, digits)], binds: ATOM };
  const { op } = shown;
  if (shown.over) return { parts: [`${op}(${listed(shown.parts, digits, more)})`], binds: ATOM };
  const [a, b] = shown.parts.map((x) => print(x, digits, more));
  if (op === "+") return { parts: [...within(a, SUM), " ", ...signed(within(b, SUM), plus)], binds: SUM };
  if (op === "-") return { parts: [...within(a, SUM), " ", ...signed(within(b, PRODUCT), minus)], binds: SUM };
  if (op === "*") return { parts: [...within(a, PRODUCT), " × ", ...within(b, PRODUCT, true)], binds: PRODUCT };
  if (op === "/") return { parts: [...within(a, PRODUCT), " / ", ...within(b, POWER, true)], binds: PRODUCT };
  if (op === "neg") return { parts: ["−", ...within(a, PRODUCT, true)], binds: PRODUCT };
  if (op === "**")
    return { parts: [...within(a, ATOM, true), ...power(shown.parts[1], within(b, ATOM, true))], binds: POWER };
  if (op === "not") return { parts: ["¬", ...within(a, ATOM)], binds: NOT };
  if (op in SIGNS) return infix(shown, digits, more);
  return call(shown, digits, more);
}

/**
 * In brackets, if it binds less than what stands around it, or if it is negative and must not be.
 * @param {Printed} printed
 * @param {number} least
 * @param {boolean} [positive]
 * @returns {Part[]}
 */
const within = ({ parts, binds }, least, positive) =>
  binds < least || (positive && startOf(parts).startsWith("−")) ? ["(", ...parts, ")"] : parts;

/** @param {Part[]} parts */
const startOf = ([first]) => (typeof first === "string" ? first : first.text);

/** "a + −b" as "a − b". @param {Part[]} parts @param {(text: string) => string} sign @returns {Part[]} */
const signed = ([first, ...rest], sign) => [
  typeof first === "string" ? sign(first) : { ...first, text: sign(first.text) },
  ...rest,
];

/** @param {Shown} exponent @param {Part[]} parts @returns {Part[]} */
const power = (exponent, parts) =>
  "exact" in exponent && exponent.exact !== null && RAISED[exponent.number]
    ? [RAISED[exponent.number]]
    : ["^", ...parts];

/** @param {Operation} shown @param {number} digits @param {string} more @returns {Printed} */
function infix({ op, parts }, digits, more) {
  const [sign, binds] = SIGNS[op];
  return {
    parts: parts.flatMap((x, i) => [...(i ? [` ${sign} `] : []), ...within(print(x, digits, more), binds + 1)]),
    binds,
  };
}

/**
 * A function's name and arguments; of min and max, those that won stand out.
 * @param {Operation} shown
 * @param {number} digits
 * @param {string} more
 * @returns {Printed}
 */
function call({ op, parts }, digits, more) {
  const numbers = parts.map((x) => computed(x, null));
  const best = op === "min" ? Math.min(...numbers) : op === "max" ? Math.max(...numbers) : NaN;
  const texts = parts.map((x, i) => {
    const { parts: own } = print(x, digits, more);
    return numbers[i] === best ? [strong(own.map((y) => (typeof y === "string" ? y : y.text)).join(""), "won")] : own;
  });
  const name = op === "clamp" ? "clip" : op; // the papers' word
  return { parts: [`${name}(`, ...texts.flatMap((own, i) => (i ? [", ", ...own] : own)), ")"], binds: ATOM };
}

/** @param {Shown[]} leaves @param {number} digits @param {string} more */
const listed = (leaves, digits, more) =>
  leaves
    .slice(0, MANY)
    .map((x) => written(/** @type {Leaf} */ (x), digits))
    .concat(leaves.length > MANY ? [fill(more, { n: leaves.length - MANY })] : [])
    .join(", ");

/** Neighbouring texts as one. @param {Part[]} parts @returns {Part[]} */
export function joined(parts) {
  /** @type {Part[]} */
  const whole = [];
  for (const part of parts) {
    const before = whole[whole.length - 1];
    if (typeof part === "string" && typeof before === "string") whole[whole.length - 1] = before + part;
    else whole.push(part);
  }
  return whole;
}
