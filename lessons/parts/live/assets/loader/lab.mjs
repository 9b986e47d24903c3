// Finds the lab's modules: at an address of this server, or, where that cannot be reached, in the data itself.

const known = new Map(); // module name → blob address, for modules that came with the data

export default async function (component) {
  if (!component.data) return undefined;
  const options = JSON.parse(new TextDecoder().decode(component.data));
  const env = options.files ? inline(options.files) : served(options);
  let main;
  try {
    main = await import(env.main);
  } catch (error) {
    if (options.files) throw error;
    component.setStateValue("fallback", true);
    return undefined;
  }
  const { files, ...rest } = options;
  return main.default(component, rest, env);
}

function served(options) {
  const base = appRoot() ?? window.location.origin + options.base;
  const folder = `${base}/assets/live/${options.version}`;
  const sheet = (name) => Object.assign(document.createElement("link"), { rel: "stylesheet", href: `${folder}/${name}` });
  return { main: `${folder}/main.js`, base, inline: false, styles: () => [sheet("vendor/uPlot.css"), sheet("lab.css")] };
}

// Streamlit's own scripts say under which path this app is served, behind whatever proxy.
function appRoot() {
  const script = document.querySelector('script[src*="static/js/"]');
  return script ? script.src.slice(0, script.src.indexOf("/static/js/")) : null;
}

function inline(files) {
  const sheet = (name) => Object.assign(document.createElement("style"), { textContent: files[name] });
  return { main: blob("main.js", files), base: "", inline: true, styles: () => [sheet("vendor/uPlot.css"), sheet("lab.css")] };
}

// A module from a blob cannot say "./other.js": its imports are replaced by the addresses of other blobs, depth first.
function blob(name, files) {
  if (!known.has(name)) {
    const text = files[name].replace(/(from\s+|import\s+)"\.\/([^"]+)"/g, (all, word, other) => word + '"' + blob(other, files) + '"');
    known.set(name, URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
  }
  return known.get(name);
}
