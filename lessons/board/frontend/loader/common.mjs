// What every loader needs. A loader is handed over as text and can import nothing, so this stands before each of them.

/** @typedef {import("../page_types.js").Component} Component */
/** @typedef {Record<string, string>} Files a file's text by its name */

/** @type {Map<string, string>} module name → blob address, for modules that came with the data */
const known = new Map();
/** @type {WeakMap<Node, object>} the component's root → its newest call */
const newest = new WeakMap();
/** @type {WeakMap<Node, () => void>} the component's root → takes back what its newest call did to the whole page */
const undoing = new WeakMap();

/**
 * Streamlit calls a component again while an earlier call still waits for its files, and clears the earlier one up when
 * that is done. To be called first in every call; the answer says whether no other has come since. Who is not the newest
 * any more draws nothing, and clears nothing up that a later call has drawn.
 * @param {Node} parent
 */
export function turn(parent) {
  const mine = {};
  newest.set(parent, mine);
  mark(parent, false);
  return () => newest.get(parent) === mine;
}

/**
 * Takes back what a component's call before did to the whole page. To be called first, as Streamlit does not clear a call
 * up before the next one: it clears up after the last one, and after one that was overtaken, when the next has come.
 * @param {Node} parent
 */
export function takeBack(parent) {
  const undo = undoing.get(parent);
  undoing.delete(parent);
  undo?.();
}

/**
 * What clears up after a call that did something to the whole page: it stays until the next call takes it back, or the
 * component is taken out of the page.
 * @param {Node} parent
 * @param {() => void} undo
 */
export function untilGone(parent, undo) {
  undoing.set(parent, undo);
  return () => {
    if (undoing.get(parent) === undo && !parent.isConnected) takeBack(parent);
  };
}

/**
 * Says on the page that a component has done what it was last called for: until then something is still to come, also of
 * one that draws nothing. Whoever has to wait for a page (a test, a program that takes pictures of it) reads it there.
 * @param {Component} component
 */
export function ready({ parentElement }) {
  mark(parentElement, true);
}

/** @param {Node} root @param {boolean} is */
function mark(root, is) {
  /** @type {Partial<ShadowRoot>} */ (root).host?.setAttribute("data-ready", String(is));
}

/**
 * Finds the modules at an address of this server, or, where that cannot be reached, in the data itself, and lets `draw`
 * use them; what `draw` answers clears up.
 * @template {{ main: string }} Env
 * @param {Component} component
 * @param {{ served: (options: any) => Env, inline: (files: Files) => Env,
 *   draw: (main: any, options: any, env: Env) => Promise<() => void> }} ways
 */
export async function load(component, { served, inline, draw }) {
  if (!component.data) return undefined;
  const isNewest = turn(component.parentElement);
  const { files, ...options } = JSON.parse(new TextDecoder().decode(component.data));
  const env = files ? inline(files) : served(options);
  let main;
  try {
    main = await import(env.main);
  } catch (error) {
    if (files) throw error;
    askForFiles(component, isNewest);
    return undefined;
  }
  if (!isNewest()) return undefined;
  const clear = await draw(main, options, env);
  if (isNewest()) ready(component);
  // On a slow machine Streamlit also asks for this while the next call is on its way but has not come here yet: what is
  // drawn would go, and be drawn from its beginning. Only of what was taken out of the page nothing more comes.
  return () => {
    if (isNewest() && !component.parentElement.isConnected) clear();
  };
}

/**
 * Asks for the files in the data, again while they do not come: of two components that ask at the same time, one of them
 * in a fragment, Streamlit may hear one alone.
 * @param {Component} component
 * @param {() => boolean} isNewest
 * @param {number} [times] how often it was asked
 */
function askForFiles(component, isNewest, times = 0) {
  if (!isNewest() || times > 5) return;
  component.setStateValue("fallback", times || true);
  setTimeout(() => askForFiles(component, isNewest, times + 1), 3000);
}

/** Streamlit's own scripts say under which path this app is served, behind whatever proxy. */
export function appRoot() {
  const script = document.querySelector('script[src*="static/js/"]');
  return script instanceof HTMLScriptElement ? script.src.slice(0, script.src.indexOf("/static/js/")) : null;
}

/**
 * A module from a blob cannot say "./other.js" or "../other.js": its imports are replaced by the addresses of other blobs, depth first.
 * Only import statements are; types that a comment imports may go in circles, and are none of the browser's business.
 * @param {string} name
 * @param {Files} files
 * @returns {string}
 */
export function blob(name, files) {
  const made = known.get(name);
  if (made) return made;
  const imports = /^(import\s+(?:[^"]*?\sfrom\s+)?)"(\.{1,2}\/[^"]+)"/gm;
  const from = (/** @type {string} */ other) => new URL(other, `file:///${name}`).pathname.slice(1);
  const text = files[name].replace(imports, (_all, words, other) => `${words}"${blob(from(other), files)}"`);
  const address = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  known.set(name, address);
  return address;
}

/**
 * The value that gzipped JSON says.
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @returns {Promise<any>}
 */
export const unzipped = (bytes) =>
  new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();

/**
 * One line of JSON that says what follows, then each part gzipped.
 * @param {ArrayBuffer | Uint8Array<ArrayBuffer>} data
 * @returns {Promise<{ channel: string, parts: { kind: string, bytes?: number, body?: any, error?: string }[] }>}
 */
export async function unpack(data) {
  const bytes = new Uint8Array(data);
  const end = bytes.indexOf(10);
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(0, end)));
  let at = end + 1;
  const parts = [];
  for (const part of head.parts) {
    if (part.bytes) {
      part.body = await unzipped(bytes.subarray(at, at + part.bytes));
      at += part.bytes;
    }
    parts.push(part);
  }
  return { channel: head.channel, parts };
}
