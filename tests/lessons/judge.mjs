// What the clip picture's judge makes of tokens, for test_ratio_and_clip.py: {declared, names, changed, ratio, advantage}.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { Judge } = await import(pathToFileURL(`${process.argv[2]}/clip/judge.js`).href);
const { declared, names, changed, ratio, advantage } = JSON.parse(readFileSync(0, "utf8"));
const judge = new Judge(declared, names, changed);
const looks = ratio.map((x, i) => judge.look(x, advantage[i]));
const counts = judge.counts(ratio, advantage);
process.stdout.write(JSON.stringify({ looks, counts, curve: judge.curve(1, 2).objective, sentences: judge.sentences() }));
