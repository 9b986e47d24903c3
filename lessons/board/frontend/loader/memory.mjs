// What a person answered, kept by their own browser: one versioned document in localStorage, merged entry by entry, the
// newest wins. Python (lessons/kit/remembered.py) hands over what was answered in this session; what only the browser
// knows goes back once, and what another tab adds or has forgotten as soon as this one is seen. It draws nothing.

/** @typedef {import("../page_types.js").Component} Component */
/** @typedef {string | number | null} Value null: taken back */
/** @typedef {[Value, number]} Entry a value, and when it was given (milliseconds since 1970, by the server's clock) */
/** @typedef {{ cleared: number, entries: Record<string, Entry> }} Kept what was given up to `cleared` is forgotten */

export const KEY = "credit-lab";
/** Begins the names of texts that have a letter a thing; two tabs' are put together letter by letter. */
const LETTERS = "letters/";
const NOT_YET = "-"; // what was taken back is another sign (lessons/kit/remembered.py)
export const VERSION = 1;
const MOST = 500; // entries; of more, the oldest go
const LATER = 300; // milliseconds after another tab's last word until it is passed on
const AHEAD = 86_400_000; // milliseconds that the server's clock may be ahead of the browser's

/** @type {Map<string, Kept>} a document's key → what the session knows of it, by all that was mounted last */
const sessions = new Map();
/** @type {Map<string, Set<string>>} a document's key → all that was passed on, and to whom: what is refused is so once */
const passedOn = new Map();
/** @type {WeakMap<Node, () => void>} a component's root → ends its listening */
const listening = new WeakMap();

/** @returns {Kept} */
const nothing = () => ({ cleared: 0, entries: {} });

/**
 * What the browser has kept; nothing where it has nothing, or may keep nothing. null: a newer version of the app wrote
 * it, which is left alone.
 * @param {Storage} storage
 * @param {string} [key]
 * @returns {Kept | null}
 */
export function read(storage, key = KEY) {
  let text = null;
  try {
    text = storage.getItem(key);
    const stored = JSON.parse(text ?? "null");
    if (stored === null || typeof stored !== "object") return nothing();
    if (Number(stored.version) > VERSION) return null;
    const entries = Object.entries(stored.entries ?? {}).filter(([, entry]) => isEntry(entry));
    const cleared = Number(stored.cleared) || 0;
    return { cleared: wasBy(cleared) ? cleared : 0, entries: Object.fromEntries(entries) };
  } catch {
    return nothing();
  }
}

/** @param {unknown} entry */
const isEntry = (entry) =>
  Array.isArray(entry) &&
  entry.length === 2 &&
  Number.isFinite(entry[1]) &&
  wasBy(entry[1]) &&
  (entry[0] === null || ["string", "number"].includes(typeof entry[0]));

/** Whether that moment was: what claims to be of the future would be newer than anything that is said after it. */
const wasBy = (/** @type {number} */ when) => when <= Date.now() + AHEAD;

/**
 * Both together: of an entry that both have the newer one, and nothing that is older than what was cleared.
 * @param {Kept} mine
 * @param {Kept} other
 * @returns {Kept}
 */
export function merged(mine, other) {
  const cleared = Math.max(mine.cleared, other.cleared);
  const entries = { ...mine.entries };
  for (const [name, entry] of Object.entries(other.entries)) {
    entries[name] = Object.hasOwn(entries, name) ? newerOf(name, entries[name], entry) : entry;
  }
  const kept = Object.entries(entries).filter(([, [, time]]) => time > cleared);
  kept.sort(([, [, a]], [, [, b]]) => b - a);
  return { cleared, entries: Object.fromEntries(kept.slice(0, MOST)) };
}

/**
 * Of two entries of a name the newer one; of letters, which another tab may have given others of, both together.
 * @param {string} name
 * @param {Entry} mine
 * @param {Entry} other
 * @returns {Entry}
 */
function newerOf(name, mine, other) {
  const [newer, older] = other[1] >= mine[1] ? [other, mine] : [mine, other];
  return name.startsWith(LETTERS) ? [together(newer[0], older[0]), newer[1]] : newer;
}

/**
 * The newer letters, and where those say nothing yet the older ones. What was taken back says so.
 * @param {Value} newer
 * @param {Value} older
 */
export function together(newer, older) {
  if (typeof newer !== "string" || typeof older !== "string" || newer.length !== older.length) return newer;
  return [...newer].map((x, i) => (x === NOT_YET ? older[i] : x)).join("");
}

/**
 * What of the browser's a session does not know yet; null where it knows all. Where it knows what was forgotten, it is
 * told when that was.
 * @param {Kept} kept
 * @param {Kept} sent what the session knows
 * @returns {Kept | null}
 */
export function unknown(kept, sent) {
  const entries = Object.entries(kept.entries).filter(([name, [value, time]]) => {
    const [known, when] = sent.entries[name] ?? [null, 0];
    return time > when || (name.startsWith(LETTERS) && value !== known);
  });
  const isForgotten = Object.values(sent.entries).some(([, time]) => time <= kept.cleared);
  return entries.length || isForgotten ? { cleared: kept.cleared, entries: Object.fromEntries(entries) } : null;
}

/**
 * @param {Storage} storage
 * @param {Kept} kept
 * @param {string} [key]
 * @returns {boolean} whether it is kept now
 */
export function write(storage, kept, key = KEY) {
  try {
    if (!kept.cleared && !Object.keys(kept.entries).length) return true;
    const text = JSON.stringify({ version: VERSION, ...kept });
    if (storage.getItem(key) !== text) storage.setItem(key, text);
    return true;
  } catch {
    return false; // it is full, or may not be used: the session remembers by itself as long as it lasts
  }
}

/**
 * Hands over what is to be kept. Who says in the data whether it is `refused` hears when that has changed: of a browser
 * whose storage is full, or may not be used. Who asks hears what other tabs add from then on.
 * @param {Component} component
 */
export default function (component) {
  if (!component.data) return undefined;
  const { asks, refused, session = null, key = KEY, ...sent } = JSON.parse(new TextDecoder().decode(component.data));
  const isKept = keep(component, { asks, key, session, sent });
  if (refused !== undefined && refused === isKept) component.setStateValue("refused", !isKept);
  const before = sessions.get(key);
  sessions.set(key, asks || !before ? sent : merged(before, sent));
  ready(component);
  return asks ? listen(component, key, session) : undefined;
}

/**
 * @param {Component} component
 * @param {{ asks: boolean, key: string, session: string | null, sent: Kept }} what
 * @returns {boolean} whether the browser keeps it
 */
function keep(component, { asks, key, session, sent }) {
  const storage = stored();
  if (!storage) return !Object.keys(sent.entries).length; // forbidden
  const before = read(storage, key);
  if (before === null) return false;
  const now = merged(before, sent);
  const isKept = write(storage, now, key);
  if (key === KEY && now.cleared > before.cleared) clearShelves(storage, now.cleared);
  if (asks) passOn(component, key, session, unknown(now, sent));
  return isKept;
}

/**
 * What is forgotten is so in the other documents, too: the pages that have them may not be opened for long.
 * @param {Storage} storage
 * @param {number} cleared
 */
function clearShelves(storage, cleared) {
  for (const key of Object.keys(storage).filter((x) => x.startsWith(`${KEY}-`))) {
    const kept = read(storage, key);
    if (kept) write(storage, merged(kept, { cleared, entries: {} }), key);
  }
}

/** What the browser keeps things in; null where that may not be used. */
function stored() {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

/**
 * Passes on what another tab adds: at once in one that is seen, else when it is seen again; and not while the page's
 * script runs, which would be broken off.
 * @param {Component} component
 * @param {string} key
 * @param {string | null} session
 * @returns {() => void} ends it
 */
function listen(component, key, session) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let later;
  const wait = () => {
    clearTimeout(later);
    if (!document.hidden) later = setTimeout(() => (isBusy() ? wait() : tell(component, key, session)), LATER);
  };
  const onStorage = (/** @type {StorageEvent} */ event) => {
    if (event.key === key) wait();
  };
  const root = component.parentElement;
  listening.get(root)?.();
  window.addEventListener("storage", onStorage);
  document.addEventListener("visibilitychange", wait);
  const end = () => {
    clearTimeout(later);
    window.removeEventListener("storage", onStorage);
    document.removeEventListener("visibilitychange", wait);
  };
  listening.set(root, end);
  return end;
}

/** Whether Streamlit is running the page's script; false where it does not say so. */
const isBusy = () =>
  document.querySelector("[data-test-script-state=running], [data-test-script-state=rerunRequested]") !== null;

/** @param {Component} component @param {string} key @param {string | null} session */
function tell(component, key, session) {
  const storage = stored();
  const now = storage && read(storage, key);
  passOn(component, key, session, now && unknown(now, sessions.get(key) ?? nothing()));
}

/**
 * Passes on what a session does not know, once: one that refuses it would run again and again, whenever it is drawn. A
 * new one, after a server began anew, is told again, by a value that is another one for Streamlit, too.
 * @param {Component} component
 * @param {string} key
 * @param {string | null} session which one it is
 * @param {Kept | null} news
 */
function passOn(component, key, session, news) {
  if (!news) return;
  const before = passedOn.get(key) ?? new Set();
  const now = [["", news.cleared], ...Object.entries(news.entries)].map((x) => JSON.stringify([session, ...x]));
  if (now.every((x) => before.has(x))) return;
  passedOn.set(key, new Set([...before, ...now]));
  component.setStateValue("kept", { ...news, session });
}
