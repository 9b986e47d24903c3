// The files in this folder are copies from npm packages, whose versions package.json pins: browsers load them from the
// app's own server, and who runs the app needs no npm. `npm run vendor` copies them anew; with `-- --check` it only says
// which of them differ from their package.
//
// uPlot draws the lab's charts. Plotly's basic build (scatter, bar, pie) draws the lessons' figures, in the version that
// is the one of Plotly for Python in requirements.txt: tests/lessons/test_figures.py compares the two.

import { copyFileSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** @type {Record<string, Record<string, string>>} package → its copies → what they are copies of */
const COPIES = {
  uplot: {
    "uPlot.js": "dist/uPlot.esm.js",
    "uPlot.css": "dist/uPlot.min.css",
    "uPlot.d.ts": "dist/uPlot.d.ts",
    "uPlot.LICENSE": "LICENSE",
  },
  "plotly.js-basic-dist-min": {
    "plotly-basic.js": "plotly-basic.min.js",
    "plotly-basic.LICENSE": "LICENSE",
  },
};

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);
const all = Object.entries(COPIES).flatMap(([name, copies]) => {
  const from = dirname(require.resolve(`${name}/package.json`));
  return Object.entries(copies).map(([copy, original]) => ({
    copy: join(here, copy),
    original: join(from, original),
    says: `vendor/${copy} is not ${name}/${original}`,
  }));
});

if (process.argv.includes("--check")) {
  const differ = all.filter((x) => !same(x.copy, x.original));
  for (const { says } of differ) console.error(`${says} of the pinned package; run: npm run vendor`);
  process.exitCode = differ.length ? 1 : 0;
} else {
  for (const { copy, original } of all) copyFileSync(original, copy);
}

/** @type {(copy: string, original: string) => boolean} */
function same(copy, original) {
  try {
    return readFileSync(copy).equals(readFileSync(original));
  } catch {
    return false; // a copy that is missing
  }
}
