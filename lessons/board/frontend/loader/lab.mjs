// The lab's loader; what every loader needs stands in common.mjs.

/** @typedef {import("../page_types.js").LabEnv} LabEnv */

/** @param {import("../page_types.js").Component} component */
export default function (component) {
  return load(component, { served, inline, draw: (main, options, env) => main.default(component, options, env) });
}

/** @type {(options: { base: string, version: string }) => LabEnv} */
function served(options) {
  const base = appRoot() ?? window.location.origin + options.base;
  const folder = `${base}/assets/live/${options.version}`;
  const sheet = (/** @type {string} */ name) =>
    Object.assign(document.createElement("link"), { rel: "stylesheet", href: `${folder}/${name}` });
  const styles = () => [sheet("vendor/uPlot.css"), sheet("lab.css"), sheet("strip.css")];
  return { main: `${folder}/main.js`, base, inline: false, styles };
}

/** @type {(files: Record<string, string>) => LabEnv} */
function inline(files) {
  const sheet = (/** @type {string} */ name) =>
    Object.assign(document.createElement("style"), { textContent: files[name] });
  const styles = () => [sheet("vendor/uPlot.css"), sheet("lab.css"), sheet("strip.css")];
  return { main: blob("main.js", files), base: "", inline: true, styles };
}
