// Writes every term of cases from standard input with every token's numbers in it, for test_filled.py.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { evaluate } = await import(pathToFileURL(`${process.argv[2]}/terms.js`).href);
const { filled } = await import(pathToFileURL(`${process.argv[2]}/filled.js`).href);

const text = (parts) => parts.map((x) => x.text ?? x).join("");

const answers = JSON.parse(readFileSync(0, "utf8")).flatMap(({ terms, data }) => {
  const env = evaluate(terms.terms, data);
  const places = env.written.flatMap((own, response) => own.map((token) => ({ response, token })));
  return terms.terms.flatMap((term) => places.map((place) => filled(term, env, place)).filter(Boolean).map((x) => ({ term: term.name, tree: term.tree, text: text(x) })));
});
process.stdout.write(JSON.stringify(answers));
