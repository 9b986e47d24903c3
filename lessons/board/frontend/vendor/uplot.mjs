// uPlot's files in this folder are copies from its npm package, whose version package.json pins: browsers load them from
// the app's own server, and who runs the app needs no npm. `npm run vendor` copies them anew; with `-- --check` it only
// says which of them differ from the package.

import { copyFileSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const COPIES = {
  "uPlot.js": "dist/uPlot.esm.js",
  "uPlot.css": "dist/uPlot.min.css",
  "uPlot.d.ts": "dist/uPlot.d.ts",
  "uPlot.LICENSE": "LICENSE",
};

const here = dirname(fileURLToPath(import.meta.url));
const from = dirname(createRequire(import.meta.url).resolve("uplot/package.json"));

if (process.argv.includes("--check")) {
  const differ = Object.entries(COPIES).filter(([copy, original]) => !same(join(here, copy), join(from, original)));
  for (const [copy, original] of differ) {
    console.error(`vendor/${copy} is not uplot/${original} of the pinned package; run: npm run vendor`);
  }
  process.exitCode = differ.length ? 1 : 0;
} else {
  for (const [copy, original] of Object.entries(COPIES)) copyFileSync(join(from, original), join(here, copy));
}

/** @type {(copy: string, original: string) => boolean} */
function same(copy, original) {
  try {
    return readFileSync(copy).equals(readFileSync(original));
  } catch {
    return false; // a copy that is missing
  }
}
