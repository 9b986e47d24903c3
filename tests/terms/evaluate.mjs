// Evaluates cases from standard input with the browser's evaluator, for test_both_evaluators.py.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { evaluate } = await import(pathToFileURL(`${process.argv[2]}/terms.js`).href);
const { regionOf } = await import(pathToFileURL(`${process.argv[2]}/regions.js`).href);

const plain = (x) => (Array.isArray(x) ? x.map(plain) : typeof x === "number" && !Number.isFinite(x) ? { NaN: "nan", Infinity: "inf", "-Infinity": "-inf" }[x] : x);

function sides({ regions }, env) {
  const side = (ratio, advantage) => {
    const region = regionOf(regions, env, { ratio, advantage });
    return region === undefined ? null : (region?.side ?? 0);
  };
  const { ratio, advantage } = env.values;
  return ratio.numbers.map((row, b) => row.map((x, t) => side(x, advantage.numbers[b][t])));
}

const answers = JSON.parse(readFileSync(0, "utf8")).map(({ terms, data, recompute }) => {
  const env = evaluate(terms.terms, data, { recompute });
  const values = Object.fromEntries(Object.entries(env.values).map(([name, { level, numbers }]) => [name, { level, numbers: plain(numbers) }]));
  return { values, sides: terms.regions.length ? sides(terms, env) : null };
});
process.stdout.write(JSON.stringify(answers));
