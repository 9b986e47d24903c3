// Which token the lab shows to who chose none, for test_opening_token.py: a group as the server sends it → {token, why}.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const at = (file) => pathToFileURL(`${process.argv[2]}/${file}`).href;
const [{ proposed }, { responses }] = await Promise.all([import(at("proposed.js")), import(at("tokens.js"))]);
process.stdout.write(JSON.stringify(proposed(responses(JSON.parse(readFileSync(0, "utf8"))))));
