// The lab's loader; what every loader needs stands in common.mjs.

export default function (component) {
  return load(component, { served, inline, draw: (main, options, env) => main.default(component, options, env) });
}

function served(options) {
  const base = appRoot() ?? window.location.origin + options.base;
  const folder = `${base}/assets/live/${options.version}`;
  const sheet = (name) => Object.assign(document.createElement("link"), { rel: "stylesheet", href: `${folder}/${name}` });
  return { main: `${folder}/main.js`, base, inline: false, styles: () => [sheet("vendor/uPlot.css"), sheet("lab.css")] };
}

function inline(files) {
  const sheet = (name) => Object.assign(document.createElement("style"), { textContent: files[name] });
  return { main: blob("main.js", files), base: "", inline: true, styles: () => [sheet("vendor/uPlot.css"), sheet("lab.css")] };
}
