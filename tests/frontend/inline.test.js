// Where the browser cannot reach the server's files, modules come with the data and import each other as blobs.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { blob } from "#frontend/loader/common.mjs";

const folder = fileURLToPath(new URL(".", import.meta.resolve("#frontend/main.js")));
const files = Object.fromEntries(
  readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith(".js"))
    .map((name) => [name, readFileSync(`${folder}${name}`, "utf8")]),
);

for (const entry of ["main.js", "lesson.js", ...Object.keys(files).filter((x) => x.startsWith("lesson_"))]) {
  test(`${entry} finds all its modules as blobs`, async (t) => {
    const made = [];
    t.mock.method(URL, "createObjectURL", (piece) => `blob:${made.push(piece)}`);
    blob(entry, files);
    for (const piece of made) {
      const statements = (await piece.text()).match(/^(import|export)[^;]*from\s+"[^"]*"/gm) ?? [];
      for (const statement of statements) assert.match(statement, /"blob:\d+"$/);
    }
  });
}
