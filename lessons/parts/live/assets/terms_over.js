// Numbers of a whole step, response by response and token by token, for terms.js: how levels are broadcast, what follows a
// token, and what is summed over a response, a group or the step.

/** @typedef {import("./terms.js").Cell} Cell */
/** @typedef {import("./terms.js").Env} Env */
/** @typedef {import("./terms.js").Num} Num */
/** @typedef {import("./terms.js").Place} Place */
/** @typedef {import("./terms.js").Value} Value */

/** @type {Record<string, number>} */
const COMPUTED = { nan: NaN, inf: Infinity, "-inf": -Infinity };

/**
 * A number as the server writes it; null where it is missing.
 * @param {Cell | undefined} cell
 * @returns {Num}
 */
export function number(cell) {
  if (cell === null || cell === undefined || Number.isNaN(cell)) return null;
  return typeof cell === "string" ? COMPUTED[cell] : Number(cell);
}

/** @param {Value} value @param {number} b @param {number} t @returns {Num} */
export function at(value, b, t) {
  return value.level === 0 ? value.numbers : value.level === 1 ? value.numbers[b] : value.numbers[b][t];
}

/**
 * A value from a function of response and token. A token that the policy did not write has no number.
 * @param {number} level
 * @param {Env} env
 * @param {(b: number, t: number) => Num} f
 * @returns {Value}
 */
export function made(level, { data: { lengths }, written }, f) {
  if (level === 0) return { level: 0, numbers: f(0, 0) };
  if (level === 1) return { level: 1, numbers: lengths.map((_, b) => f(b, 0)) };
  const numbers = missing(lengths);
  for (const [b, own] of written.entries()) {
    for (const t of own) numbers[b][t] = f(b, t);
  }
  return { level: 2, numbers };
}

/** No number yet for any token. @param {number[]} lengths @returns {Num[][]} */
const missing = (lengths) => lengths.map((n) => Array(n).fill(null));

/** @param {Value[]} values */
export const highest = (values) => Math.max(...values.map((x) => x.level));

/** @param {Value} value @param {number} level @param {Env} env */
export const raised = (value, level, env) =>
  value.level >= level ? value : made(level, env, (b, t) => at(value, b, t));

/**
 * The index of the next token that the policy wrote; null after the last one.
 * @param {Env} env
 * @param {Place} place
 * @returns {number | null}
 */
export function nextToken({ written }, { response, token }) {
  return written[response].find((t) => t > token) ?? null;
}

/**
 * x of the next token that the policy wrote; after the last one, `end`.
 * @param {Value} x
 * @param {Value} end
 * @param {Env} env
 * @returns {Value}
 */
export function following(x, end, env) {
  const numbers = missing(env.data.lengths);
  for (const [b, own] of env.written.entries()) {
    for (const [i, t] of own.entries()) numbers[b][t] = i + 1 < own.length ? at(x, b, own[i + 1]) : at(end, b, t);
  }
  return { level: 2, numbers };
}

/**
 * y = x + decay × the next token's y, from the last token backwards.
 * @param {Value} x
 * @param {Value} decay
 * @param {Env} env
 * @returns {Value}
 */
export function scan(x, decay, env) {
  const numbers = missing(env.data.lengths);
  for (const [b, own] of env.written.entries()) {
    for (let i = own.length - 1; i >= 0; i--) {
      const t = own[i];
      const [now, factor] = [at(x, b, t), at(decay, b, t)];
      const isLast = i === own.length - 1;
      const after = isLast ? 0 : numbers[b][own[i + 1]];
      const known = now !== null && factor !== null && after !== null;
      numbers[b][t] = !known ? null : isLast ? now : now + factor * after;
    }
  }
  return { level: 2, numbers };
}

/**
 * A sum, mean, spread or extreme over each response, its group, or the step.
 * @param {string} name
 * @param {string} over
 * @param {Value} x
 * @param {Value | undefined} ddof
 * @param {Env} env
 * @returns {Value}
 */
export function reduced(name, over, x, ddof, env) {
  const less = ddof ? at(ddof, 0, 0) : 0;
  if (over === "batch") return { level: 0, numbers: env.data.whole ? reduce(name, step(x, env), less) : null };
  if (over === "response")
    return made(1, env, (b) =>
      reduce(
        name,
        env.written[b].map((t) => at(x, b, t)),
        less,
      ),
    );
  /** @type {Map<Num, Num>} */
  const byGroup = new Map();
  const { group: groups } = env.data.responses;
  return made(1, env, (b) => {
    const group = number(groups?.[b]);
    if (group === null) return null;
    if (!byGroup.has(group))
      byGroup.set(
        group,
        reduce(
          name,
          groupOf(env, b).map((i) => at(x, i, 0)),
          less,
        ),
      );
    return byGroup.get(group) ?? null;
  });
}

/** The step's numbers. @param {Value} x @param {Env} env */
function step(x, { written }) {
  return x.level === 2
    ? written.flatMap((own, b) => own.map((t) => at(x, b, t)))
    : x.level === 1
      ? x.numbers
      : [x.numbers];
}

/**
 * The indices of the responses that a response is compared with, itself among them.
 * @param {Env} env
 * @param {number} response
 */
export function groupOf({ data: { lengths, responses } }, response) {
  const group = responses.group;
  return [...lengths.keys()].filter((i) => group[i] === group[response]);
}

/**
 * One number of many; a spread divides by N - ddof, or by 1 where that is less than 1.
 * @param {string} name
 * @param {Num[]} all
 * @param {Num} ddof
 * @returns {Num}
 */
export function reduce(name, all, ddof) {
  if (ddof === null || all.includes(null)) return null;
  const numbers = /** @type {number[]} */ (all);
  if (!numbers.length) return name === "sum" ? 0 : NaN;
  /** @param {(a: number, b: number) => number} f */
  const over = (f) => numbers.reduce((a, b) => f(a, b)); // not Math.max(...): too many arguments
  if (name === "min" || name === "max") return over(Math[name]);
  const total = over((a, b) => a + b);
  if (name === "sum") return total;
  const mean = total / numbers.length;
  if (name === "mean") return mean;
  return Math.sqrt(numbers.reduce((a, x) => a + (x - mean) ** 2, 0) / Math.max(1, numbers.length - ddof));
}
