// What the browser calls learners, for test_titles.py: {titles, names} → their titles.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { learnerTitle } = await import(pathToFileURL(`${process.argv[2]}/format.js`).href);
const { titles, names } = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(names.map((x) => learnerTitle({ learner_titles: titles }, x))));
