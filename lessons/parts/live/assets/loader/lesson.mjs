// Finds a lesson's module: at an address of this server, or, where that cannot be reached, in the data itself.

const known = new Map(); // module name → blob address, for modules that came with the data
const mounted = new WeakMap(); // the component's root → what is drawn there

export default async function (component) {
  if (!component.data) return undefined;
  const options = JSON.parse(new TextDecoder().decode(component.data));
  const env = options.files ? inline(options) : served(options);
  let main;
  try {
    main = await import(env.main);
  } catch (error) {
    if (options.files) throw error;
    component.setStateValue("fallback", true);
    return undefined;
  }
  const { parentElement: parent } = component;
  await main.mount(mounted, component, options, env);
  return () => {
    mounted.get(parent)?.close();
    mounted.delete(parent);
  };
}

function served(options) {
  const folder = `${appRoot() ?? window.location.origin + options.base}/assets/live/${options.version}`;
  const sheet = (name) => Object.assign(document.createElement("link"), { rel: "stylesheet", href: `${folder}/${name}` });
  return { main: `${folder}/lesson.js`, module: (name) => `${folder}/${name}`, sheet };
}

// Streamlit's own scripts say under which path this app is served, behind whatever proxy.
function appRoot() {
  const script = document.querySelector('script[src*="static/js/"]');
  return script ? script.src.slice(0, script.src.indexOf("/static/js/")) : null;
}

function inline(options) {
  const sheet = (name) => Object.assign(document.createElement("style"), { textContent: options.files[name] });
  return { main: blob("lesson.js", options.files), module: (name) => blob(name, options.files), sheet };
}

// A module from a blob cannot say "./other.js": its imports are replaced by the addresses of other blobs, depth first.
function blob(name, files) {
  if (!known.has(name)) {
    const text = files[name].replace(/(from\s+|import\s+)"\.\/([^"]+)"/g, (all, word, other) => word + '"' + blob(other, files) + '"');
    known.set(name, URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
  }
  return known.get(name);
}
