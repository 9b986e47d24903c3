// What core says, in the viewer's language. The feed is the same for all viewers, so a message comes as data
// ({key, template (English), values}; see core/errors.py), and this page's labels hold the translated templates by key.

const PLACE = /\{\{|\}\}|\{([A-Za-z_]\w*)[^{}]*\}/g;
const MOST = 10_000; // characters for one place: whoever wrote the store, showing it must not cost much

/** `message` as text: in the viewer's language where `templates` (key → translated template) has one for it. */
export function tell(message, templates) {
  if (typeof message === "string") return message; // another program's words
  const { key, template, values } = message;
  const texts = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, shown(value, templates)]));
  const translated = Object.hasOwn(templates, key) ? templates[key] : null;
  const fits = translated !== null && [...translated.matchAll(PLACE)].every(([, name]) => name === undefined || Object.hasOwn(texts, name));
  return (fits ? translated : template).replace(PLACE, (place, name) => (name === undefined ? place[0] : Object.hasOwn(texts, name) ? texts[name] : place));
}

/** The same for messages that differ in their values only. */
export const kindOf = (message) => (typeof message === "string" ? message : message.key);

function shown(value, templates) {
  const isMessage = (x) => typeof x === "object" && x !== null && !Array.isArray(x);
  if (Array.isArray(value)) return value.map((x) => shown(x, templates)).join(value.some(isMessage) ? "\n" : ", ").slice(0, MOST);
  return (isMessage(value) ? tell(value, templates) : String(value)).slice(0, MOST);
}
