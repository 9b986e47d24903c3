// What core says, in the viewer's language. The feed is the same for all viewers, so a message comes as data (see
// core/errors.py), and this page's labels hold the translated templates by key.

/** @typedef {{ key: string, template: string, values: Record<string, Value> }} Message `template` is English */
/** @typedef {string | Message | (string | Message)[]} Value numbers come as text, formatted */
/** @typedef {Readonly<Record<string, string>>} Templates key → translated template; none in English */

const PLACE = /\{\{|\}\}|\{([A-Za-z_]\w*)[^{}]*\}/g;
const MOST = 10_000; // characters for one place: whoever wrote the store, showing it must not cost much

/**
 * A message as text: in the viewer's language where `templates` has one for it whose places it can fill. Bare text is
 * another program's words.
 * @param {string | Message} message
 * @param {Templates} templates
 * @returns {string}
 */
export function tell(message, templates) {
  if (typeof message === "string") return message;
  const { key, template, values } = message;
  const texts = new Map(Object.entries(values).map(([name, value]) => [name, shown(value, templates)]));
  const translated = Object.hasOwn(templates, key) ? templates[key] : template;
  const fits = [...translated.matchAll(PLACE)].every(([, name]) => name === undefined || texts.has(name));
  return (fits ? translated : template).replace(PLACE, (place, name) =>
    name === undefined ? place[0] : (texts.get(name) ?? place),
  );
}

/** @param {string | Message} message the same for messages that differ in their values only */
export const kindOf = (message) => (typeof message === "string" ? message : message.key);

/** @type {(value: Value, templates: Templates) => string} */
function shown(value, templates) {
  if (!Array.isArray(value)) return tell(value, templates).slice(0, MOST);
  const between = value.some((x) => typeof x !== "string") ? "\n" : ", ";
  return value
    .map((x) => shown(x, templates))
    .join(between)
    .slice(0, MOST);
}
