// What a person chose, kept in the page's address so that the link shows the same. Only our own keys are touched.

const KEYS = ["step", "group", "token", "color", "x", "pass"];
const whole = (text) => (text !== null && /^\d{1,9}$/.test(text) ? Number(text) : null);

/** The choices that the address holds; null where it holds none, or nonsense. */
export function readUrl(choices) {
  const query = new URLSearchParams(window.location.search);
  const oneOf = (key, allowed) => (allowed.includes(query.get(key)) ? query.get(key) : allowed[0]);
  return {
    step: whole(query.get("step")),
    group: whole(query.get("group")),
    token: readToken(query.get("token")),
    color: oneOf("color", choices.color),
    x: oneOf("x", choices.x),
    pass: whole(query.get("pass")),
  };
}

function readToken(text) {
  const found = /^([a-z][a-z0-9-]{0,23})\.(\d{1,6})\.(\d{1,6})$/.exec(text ?? "");
  return found && { learner: found[1], sample: Number(found[2]), position: Number(found[3]) };
}

/** Writes the choices that differ from the default into the address, without a page load or a rerun. */
export function writeUrl(view, choices) {
  const url = new URL(window.location.href);
  const { token } = view;
  const values = {
    step: view.step,
    group: view.group,
    token: token && `${token.learner}.${token.sample}.${token.position}`,
    color: view.color === choices.color[0] ? null : view.color,
    x: view.x === choices.x[0] ? null : view.x,
    pass: view.pass,
  };
  for (const key of KEYS) {
    if (values[key] === null || values[key] === undefined) url.searchParams.delete(key);
    else url.searchParams.set(key, values[key]);
  }
  if (url.href !== window.location.href) window.history.replaceState(window.history.state, "", url);
}
