// Hands windows of data that came through Streamlit to the lab, and the lab's wishes back.

/** @typedef {import("../page_types.js").Component} Component */
/** @typedef {{ kind: string, bytes?: number, body?: unknown, error?: string }} Part a piece of a window */
/** @typedef {Component["setStateValue"]} Tell */
/** @typedef {{ name: string, tell: Tell, last: string, parts: Part[], handler: (event: Event) => void }} Handler */

/** @type {WeakMap<Node, Handler>} the component's root → who listens for it */
const handlers = new WeakMap();
/** @type {WeakMap<Node, Promise<unknown>>} the component's root → what its newest window unpacks to */
const unpacking = new WeakMap();

/** @param {Component} component */
export default async function (component) {
  const { data, parentElement, setStateValue } = component;
  if (!data) return undefined;
  const isNewest = turn(parentElement);
  const arrived = after(unpacking.get(parentElement), unpack(data));
  unpacking.set(parentElement, arrived);
  const { channel, parts } = await arrived;
  listen(parentElement, channel, setStateValue).parts = parts;
  window.dispatchEvent(new CustomEvent(`${channel}:window`, { detail: parts }));
  if (isNewest()) ready(component);
  // As in common.mjs: what is still on the page is about to be called again, and hears what is wished for until then.
  return () => {
    if (!isNewest() || parentElement.isConnected) return;
    const held = handlers.get(parentElement);
    if (held) window.removeEventListener(held.name, held.handler);
    handlers.delete(parentElement);
  };
}

/**
 * What was unpacked, once what came before it has been, too: a small window would overtake a large one, and the older
 * rows would be the last that the lab is handed.
 * @template T
 * @param {Promise<unknown> | undefined} before
 * @param {Promise<T>} unpacked
 * @returns {Promise<T>}
 */
async function after(before, unpacked) {
  await Promise.allSettled([before, unpacked]);
  return unpacked;
}

/**
 * @param {Node} parent
 * @param {string} channel
 * @param {Tell} tell
 */
function listen(parent, channel, tell) {
  const held = handlers.get(parent);
  if (held) {
    held.tell = tell;
    return held;
  }
  /** @type {Handler} */
  const fresh = { name: `${channel}:want`, tell, last: "{}", parts: [], handler };
  /** @param {Event} event */
  function handler(event) {
    const { detail } = /** @type {CustomEvent} */ (event);
    const text = JSON.stringify(detail);
    if (text !== fresh.last) fresh.tell("wanted", detail);
    // Streamlit hands nothing over twice, so who comes later gets the last window from here.
    else window.dispatchEvent(new CustomEvent(`${channel}:window`, { detail: fresh.parts }));
    fresh.last = text;
  }
  handlers.set(parent, fresh);
  window.addEventListener(fresh.name, fresh.handler);
  return fresh;
}
