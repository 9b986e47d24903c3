// Writes into what the browser remembers (loader/memory.mjs keeps it, Python hands it over) what no answer of the server's
// will bring there any more: the page is being left.

/** As in loader/memory.mjs, which no module can import. */
const KEY = "credit-lab";
const VERSION = 1;
const NOT_YET = "-";

/**
 * Puts letters over those that are remembered under a name; "-" leaves what is there. What was forgotten after they were
 * given stays so, and of what another version of the app wrote nothing is known.
 * @param {() => Storage} storage throws where that may not be used
 * @param {string} name
 * @param {string} letters
 * @param {number} given when the last of them was, in milliseconds since 1970
 */
export function keepLetters(storage, name, letters, given) {
  try {
    const stored = JSON.parse(storage().getItem(KEY) ?? "null") ?? { version: VERSION, cleared: 0 };
    if (stored.version !== VERSION || given <= (Number(stored.cleared) || 0)) return;
    const [before, time] = stored.entries?.[name] ?? ["", 0];
    const isAlike = typeof before === "string" && before.length === letters.length;
    const text = [...letters].map((x, i) => (x === NOT_YET && isAlike ? before[i] : x)).join("");
    const entries = { ...stored.entries, [name]: [text, Math.max(given, Number(time) || 0)] };
    storage().setItem(KEY, JSON.stringify({ ...stored, entries }));
  } catch {
    // It may not be used, is full, or holds something else: what was told to the server is known there.
  }
}
