// Hands windows of data that came through Streamlit to the lab, and the lab's wishes back.

const handlers = new WeakMap();

export default async function (component) {
  const { data, parentElement, setStateValue } = component;
  if (!data) return undefined;
  const isNewest = turn(parentElement);
  const { channel, parts } = await unpack(data);
  listen(parentElement, channel, setStateValue).parts = parts;
  window.dispatchEvent(new CustomEvent(channel + ":window", { detail: parts }));
  return () => {
    if (!isNewest()) return;
    const held = handlers.get(parentElement);
    if (held) window.removeEventListener(held.name, held.handler);
    handlers.delete(parentElement);
  };
}

// One line of JSON that says what follows, then each part gzipped.
async function unpack(data) {
  const bytes = new Uint8Array(data);
  const end = bytes.indexOf(10);
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(0, end)));
  let at = end + 1;
  const parts = [];
  for (const part of head.parts) {
    if (part.bytes) {
      const stream = new Blob([bytes.subarray(at, at + part.bytes)]).stream().pipeThrough(new DecompressionStream("gzip"));
      part.body = await new Response(stream).json();
      at += part.bytes;
    }
    parts.push(part);
  }
  return { channel: head.channel, parts };
}

function listen(parent, channel, setStateValue) {
  const held = handlers.get(parent);
  if (held) {
    held.tell = setStateValue;
    return held;
  }
  const fresh = { name: channel + ":want", tell: setStateValue, last: "{}" };
  fresh.handler = (event) => {
    const text = JSON.stringify(event.detail);
    if (text !== fresh.last) fresh.tell("wanted", event.detail);
    // Streamlit hands nothing over twice, so who comes later gets the last window from here.
    else window.dispatchEvent(new CustomEvent(channel + ":window", { detail: fresh.parts }));
    fresh.last = text;
  };
  handlers.set(parent, fresh);
  window.addEventListener(fresh.name, fresh.handler);
  return fresh;
}
