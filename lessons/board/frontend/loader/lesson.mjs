// The loader of what a lesson draws; what every loader needs stands in common.mjs.

export default function (component) {
  return load(component, { served, inline, draw: (main, options, env) => main.mount(component, options, env) });
}

function served(options) {
  const folder = `${appRoot() ?? window.location.origin + options.base}/assets/live/${options.version}`;
  const sheet = (name) => Object.assign(document.createElement("link"), { rel: "stylesheet", href: `${folder}/${name}` });
  return { main: `${folder}/lesson.js`, module: (name) => `${folder}/${name}`, sheet };
}

function inline(files) {
  const sheet = (name) => Object.assign(document.createElement("style"), { textContent: files[name] });
  return { main: blob("lesson.js", files), module: (name) => blob(name, files), sheet };
}
