// The loader of what a lesson draws; what every loader needs stands in common.mjs.

/** @typedef {import("../page_types.js").LessonEnv} LessonEnv */

/** @param {import("../page_types.js").Component} component */
export default function (component) {
  return load(component, { served, inline, draw: (main, options, env) => main.mount(component, options, env) });
}

/** @type {(options: { base: string, version: string }) => LessonEnv} */
function served(options) {
  const folder = `${appRoot() ?? window.location.origin + options.base}/assets/live/${options.version}`;
  const sheet = (/** @type {string} */ name) =>
    Object.assign(document.createElement("link"), { rel: "stylesheet", href: `${folder}/${name}` });
  return { main: `${folder}/lesson.js`, module: (name) => `${folder}/${name}`, sheet };
}

/** @type {(files: Record<string, string>) => LessonEnv} */
function inline(files) {
  const sheet = (/** @type {string} */ name) =>
    Object.assign(document.createElement("style"), { textContent: files[name] });
  return { main: blob("lesson.js", files), module: (name) => blob(name, files), sheet };
}
