// Opens a run that was exported as a web page (lessons/elsewhere): all of it stands in the page, packed. The lab asks as
// it asks where no server can be reached (fallback.js), and is answered from what the page holds. No network is used,
// and none could be: the page's Content-Security-Policy forbids it.

/** @typedef {import("../page_types.js").Component} Component */
/** @typedef {import("../types.js").GroupAnswer} GroupAnswer */
/** @typedef {import("../types.js").StepAnswer} StepAnswer */
/** @typedef {{ prompt: string, rewards: (number | string | null)[] }} Asked what a learner was asked, and its responses' rewards */
/** @typedef {{ step: StepAnswer, group: GroupAnswer | null, others: Record<string, Record<string, Asked>> }} Piece a step */
/** @typedef {import("../page_types.js").LabOptions} LabOptions */
/** @typedef {{ live: import("../types.js").Live, languages: Record<string, { title: string, lab: LabOptions, pipeline: unknown }> }} Head */
/** @typedef {{ follow?: boolean, group?: number, step?: number }} Wanted */

/**
 * A group whose tokens are not in this page, with what is known of it: its question, and its responses' rewards.
 * @param {GroupAnswer} sample a group of the same step
 * @param {number} group
 * @param {Piece} piece
 * @returns {GroupAnswer}
 */
export function withoutTokens(sample, group, { step, others }) {
  const { prompt, answer } = step.groups.find((x) => x.group === group) ?? { prompt: null, answer: null };
  const about = Object.entries(sample.learners).map(([name, learner]) => {
    const asked = others[group]?.[name] ?? { prompt: null, rewards: [] };
    return [name, { ...learner, ...asked, responses: [] }];
  });
  return { ...sample, group, prompt, answer, learners: Object.fromEntries(about) };
}

/**
 * What a window of data brings: the group and the step that are wanted, and the run's rows.
 * @param {Wanted} wanted
 * @param {Head["live"]} live
 * @param {(step: number) => Promise<Piece | null>} pieceOf
 */
export async function answered(wanted, live, pieceOf) {
  /** @type {{ kind: string, body: unknown }[]} */
  const parts = [{ kind: "live", body: live }];
  const newest = Math.max(-1, ...live.rows.map((row) => row.step));
  const piece = await pieceOf(wanted.step ?? newest);
  if (!piece) return parts;
  parts.unshift({ kind: "step", body: piece.step });
  const { group } = piece;
  const number = wanted.group ?? group?.group;
  if (group && number !== undefined) {
    parts.unshift({ kind: "group", body: number === group.group ? group : withoutTokens(group, number, piece) });
  }
  return parts;
}

/** @param {string} name of a packed part of this page */
async function part(name) {
  const text = document.querySelector(`script[data-part="${name}"]`)?.textContent;
  return text ? unzipped(Uint8Array.from(atob(text), (x) => x.charCodeAt(0))) : null;
}

/**
 * The choices stand behind the page's "#": a file has no query of its own.
 * @returns {import("../url.js").Place}
 */
const behindHash = () => ({
  read: () => `file:///${window.location.hash.replace("#", "?")}`,
  write: (href) => window.history.replaceState(window.history.state, "", `#${new URL(href).search.slice(1)}`),
});

/** The component that a part of the board is drawn in: a shadow root, as Streamlit's. @param {string} id @returns {Component} */
function component(id) {
  const host = /** @type {HTMLElement} */ (document.getElementById(id));
  const parentElement = host.shadowRoot ?? host.attachShadow({ mode: "open" });
  return { parentElement, setStateValue() {}, setTriggerValue() {} };
}

export async function openPage() {
  const [files, /** @type {Head} */ head] = await Promise.all([part("files"), part("head")]);
  const sheet = (/** @type {string} */ name) =>
    Object.assign(document.createElement("style"), { textContent: files[name] });
  const styles = () => ["vendor/uPlot.css", "lab.css", "strip.css"].map(sheet);
  const labEnv = { main: "", base: "", inline: true, styles };
  const lessonEnv = { main: "", module: (/** @type {string} */ name) => blob(name, files), sheet };
  const [{ keepIn }, lab, lesson] = await Promise.all(
    ["url.js", "main.js", "lesson.js"].map((name) => import(blob(name, files))),
  );
  const address = behindHash();
  keepIn(address);
  listen(head);

  const draw = async () => {
    const tag = languageOf(new URL(address.read()).searchParams.get("lang"), Object.keys(head.languages));
    const { title, lab: options, pipeline } = head.languages[tag];
    document.documentElement.lang = tag;
    document.title = title;
    for (const node of document.querySelectorAll("[data-lang]")) {
      if (node instanceof HTMLElement) node.hidden = node.dataset.lang !== tag;
    }
    for (const button of document.querySelectorAll("[data-choose]")) {
      button.setAttribute("aria-pressed", String(button.getAttribute("data-choose") === tag));
    }
    await lab.default(component("board"), options, labEnv);
    if (pipeline)
      await lesson.mount(component("pipeline"), { module: "lesson_pipeline.js", data: pipeline }, lessonEnv);
    document.documentElement.dataset.drawn = tag;
  };
  for (const button of document.querySelectorAll("[data-choose]")) {
    button.addEventListener("click", () => {
      const url = new URL(address.read());
      url.searchParams.set("lang", button.getAttribute("data-choose") ?? "");
      address.write(url.href);
      draw();
    });
  }
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  await draw();
}

/**
 * The language that the address names, else the browser's: any traditional Chinese reads zh-TW, all else English.
 * @param {string | null} chosen
 * @param {string[]} tags
 */
export function languageOf(chosen, tags, browser = window.navigator.language) {
  if (chosen && tags.includes(chosen)) return chosen;
  return /^zh\b.*-(tw|hk|mo|hant)\b/i.test(browser) ? "zh-TW" : "en";
}

/** Answers the lab from what the page holds. @param {Head} head */
function listen({ live, languages }) {
  /** @type {Map<number, Promise<Piece | null>>} the last steps that were unpacked */
  const unpacked = new Map();
  const pieceOf = (/** @type {number} */ step) => {
    const piece = unpacked.get(step) ?? part(`step-${step}`);
    unpacked.delete(step); // the last one asked for goes last
    unpacked.set(step, piece);
    for (const key of unpacked.keys()) if (unpacked.size > 12) unpacked.delete(key);
    return piece;
  };
  const { channel } = Object.values(languages)[0].lab;
  window.addEventListener(`${channel}:want`, async (event) => {
    const detail = await answered(/** @type {CustomEvent<Wanted>} */ (event).detail, live, pieceOf);
    window.dispatchEvent(new CustomEvent(`${channel}:window`, { detail }));
  });
}
