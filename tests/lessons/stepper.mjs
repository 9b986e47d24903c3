// What the stepper makes of what a page hands it, for test_stepper.py: its numbers and sentences after each of some changes.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const load = (name) => import(pathToFileURL(`${process.argv[2]}/stepper/${name}.js`).href);
const { Numbers } = await load("numbers");
const { lines, sentence } = await load("says");

const { sent, changes, names } = JSON.parse(readFileSync(0, "utf8"));
const answers = changes.map(({ set = {}, flips = [], drag = {} }) => {
  const numbers = new Numbers(sent);
  for (const slider of sent.sliders) if (slider.name in set) numbers.set(slider, set[slider.name]);
  for (const place of flips) numbers.flip(place);
  for (const [token, ratio] of Object.entries(drag)) numbers.drag(Number(token), ratio);
  const rows = Object.fromEntries(names.map((name) => [name, numbers.columnsOf((i) => numbers.at(name, i))]));
  const sentences = Object.fromEntries(sent.stations.map((x) => [x.key, sentence(x, numbers)]));
  const formulas = Object.fromEntries(sent.stations.map((x) => [x.key, lines(x, numbers, sent.spot).length]));
  const sides = sent.kind === "tokens" ? numbers.columnsOf((i) => numbers.side(i)) : null;
  return { rows, sentences, formulas, sides, cuts: numbers.cuts(), changed: numbers.isChanged };
});
process.stdout.write(JSON.stringify(answers));
