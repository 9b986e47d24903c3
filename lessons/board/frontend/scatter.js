// @ts-nocheck: terms that learners declare take the place of what stands here.
// Ratio against advantage, one point per token of the panel, with the region where clipping cuts the gradient. CISPO cuts none: it bounds weights.

import { attr, el, say, svg } from "./dom.js";
import { fill, fixed, isNumber, signed } from "./format.js";

const H = 220;
const PAD = 8;
const MOST = 1200; // points that a browser moves smoothly; of more tokens, every so-manieth is drawn

export class Scatter {
  #points = [];
  #drawn = []; // which token each point is

  constructor({ name, labels, colour, onChoose }) {
    Object.assign(this, { name, labels, onChoose });
    this.svg = svg("svg", { role: "img" });
    this.svg.onclick = (event) => this.#pick(event);
    this.svg.onpointermove = (event) => (this.svg.style.cursor = this.#near(event) ? "pointer" : "default");
    new ResizeObserver(() => this.#resized()).observe(this.svg);
    this.hollow = el("span", { class: "sub" });
    this.note = el("p", { class: "note", "aria-live": "off" });
    this.root = el("div", { class: "panel scatter", data: { scatter: name }, style: { "--c": `var(--learner-${colour})`, "--i": `var(--ink-${colour})` } },
      el("h3", {}, el("span", { text: name.toUpperCase(), class: "who" }), this.hollow), this.svg, this.note);
  }

  /** The drawing is as wide as its place, so that its words keep their size. */
  #resized() {
    if (this.data && Math.abs(this.svg.clientWidth - this.width) > 2) this.draw(this.data, this.reach, this.pass, this.token);
  }

  /** A new step: `data` as the server sends it, `reach` is what both learners' axes cover. */
  draw(data, reach, pass, token) {
    Object.assign(this, { data, reach });
    const { settings } = data;
    const W = (this.width = Math.max(200, this.svg.clientWidth || 500));
    attr(this.svg, "viewBox", `0 0 ${W} ${H}`);
    const [one, zero] = [this.#x(1), this.#y(0)];
    const text = (x, y, label, anchor = "start") => svg("text", { x, y, "text-anchor": anchor, text: label });
    const line = (x1, y1, x2, y2, name) => svg("line", { x1, y1, x2, y2, class: name });
    this.every = Math.ceil(data.sample.length / MOST);
    this.#drawn = [...data.sample.keys()].filter((i) => i % this.every === 0);
    this.#points = this.#drawn.map(() => svg("circle", { r: 2.6 }));
    this.ring = svg("circle", { r: 7, class: "ring", visibility: "hidden" });
    const cispo = (this.cispo = settings.surrogate === "cispo");
    say(this.hollow, cispo ? this.labels.hollow_bounded : this.labels.hollow);
    this.svg.replaceChildren(
      ...(cispo || !this.#bounded(settings) ? [] : this.#cutRegions(settings, zero)),
      line(0, zero, W, zero, "axis"), line(one, 0, one, H, "axis"),
      ...(this.#bounded(settings) ? this.#bounds(settings, line, text) : []),
      ...this.#points, this.ring,
      text(one + 4, 12, this.labels.ratio_one), text(4, zero - 5, this.labels.advantage_zero),
    );
    this.move(pass, token);
  }

  /** Grey where the gradient is cut; a dual clip has a third such corner. */
  #cutRegions({ epsilon, clip_high: up, dual_clip: dual }, zero) {
    const { width: W, labels } = this;
    const [low, high] = [this.#x(1 - epsilon), this.#x(1 + up)];
    const word = (x, y, anchor) => svg("text", { x, y, "text-anchor": anchor, text: labels.cut_here });
    const area = (x, y, width, height) => svg("rect", { x, y, width: Math.max(0, width), height, class: "cutaway" });
    const third = dual && this.#shows(dual) ? [area(this.#x(dual), zero, W - this.#x(dual), H - zero), word(W - 5, H - 22, "end")] : [];
    const right = this.#shows(1 + up) ? [area(high, 0, W - high, zero), word(W - 5, 14, "end")] : [];
    return [...right, area(0, zero, low, H - zero), word(5, H - 22, "start"), ...third];
  }

  /** The clip range's ends, or CISPO's one bound; an end beyond the picture is only named. */
  #bounds({ epsilon, clip_high: up }, line, text) {
    const [low, high] = [this.#x(1 - epsilon), this.#x(1 + up)];
    const name = `1+ε = ${fixed(1 + up, 2)}`;
    const upper = this.#shows(1 + up)
      ? [line(high, 0, high, H, "bound"), text(high + 4, H - 6, name)]
      : [text(this.width - 5, H - 6, `${name} →`, "end")];
    return this.cispo ? upper : [line(low, 0, low, H, "bound"), text(low - 4, H - 6, `1−ε = ${fixed(1 - epsilon, 2)}`, "end"), ...upper];
  }

  /** An imported run need not tell its clip range. */
  #bounded({ epsilon, clip_high: up }) {
    return isNumber(epsilon) && isNumber(up);
  }

  #shows(ratio) {
    return Math.abs(ratio - 1) <= this.reach.ratio;
  }

  /** Another pass of the same step: the points move, the axes stay. */
  move(pass, token) {
    const { data, labels } = this;
    this.pass = Math.min(pass, data.passes.length - 1);
    const { ratio, clipped } = data.passes[this.pass];
    const known = (i) => isNumber(ratio[i]) && isNumber(data.advantage[i]);
    const counts = { low: 0, high: 0, n: 0 };
    for (let i = 0; i < ratio.length; i++) {
      if (!known(i)) continue;
      counts.n += 1;
      if (clipped[i] < 0) counts.low += 1;
      if (clipped[i] > 0) counts.high += 1;
    }
    this.#points.forEach((point, n) => {
      const i = this.#drawn[n];
      point.style.display = known(i) ? "" : "none";
      if (!known(i)) return;
      point.style.transform = this.#place(i);
      attr(point, "class", clipped[i] ? "hollow" : "full");
    });
    const told = fill(this.cispo ? labels.scatter_says_cispo : labels.scatter_says, { n: counts.n, low: counts.low, high: counts.high, pass: this.pass });
    const still = this.pass === 0 && ratio.every((x) => !isNumber(x) || Math.abs(x - 1) < 1e-6);
    const thinned = this.every > 1 ? fill(labels.scatter_thinned, { k: this.every }) : "";
    say(this.note, [told, still && labels.scatter_start, thinned].filter(Boolean).join(" "));
    attr(this.svg, "aria-label", `${this.name.toUpperCase()}: ${labels.scatter}. ${told}`);
    this.root.dataset.pass = this.pass;
    this.select(token);
  }

  select(token) {
    this.token = token;
    const i = token?.learner === this.name ? this.#index(token) : -1;
    attr(this.ring, "visibility", i < 0 ? "hidden" : "visible");
    if (i >= 0) this.ring.style.transform = this.#place(i);
  }

  #place(i) {
    const { data } = this;
    return `translate(${this.#x(data.passes[this.pass].ratio[i]).toFixed(1)}px, ${this.#y(data.advantage[i]).toFixed(1)}px)`;
  }

  #index({ sample, position }) {
    return this.data.sample.findIndex((x, i) => x === sample && this.data.position[i] === position);
  }

  #near(event) {
    const box = this.svg.getBoundingClientRect();
    const [px, py] = [event.clientX - box.left, event.clientY - box.top];
    const { ratio } = this.data.passes[this.pass];
    let [best, least] = [null, 14];
    this.#drawn.forEach((i) => {
      const away = Math.hypot((this.#x(ratio[i]) / this.width) * box.width - px, (this.#y(this.data.advantage[i]) / H) * box.height - py);
      if (away < least) [best, least] = [i, away];
    });
    return best === null ? null : { index: best };
  }

  #pick(event) {
    const found = this.#near(event);
    if (!found) return;
    const { sample, position, group } = this.data;
    this.onChoose({ learner: this.name, sample: sample[found.index], position: position[found.index] }, group[found.index]);
  }

  #x(ratio) {
    const half = this.width / 2;
    const at = half + ((ratio - 1) / this.reach.ratio) * (half - PAD);
    return Math.min(this.width - PAD / 2, Math.max(PAD / 2, at));
  }

  #y(advantage) {
    return H / 2 - (advantage / this.reach.advantage) * (H / 2 - PAD);
  }
}

/** Axes that hold every pass of every learner, so that only points move; far outliers stay at the edge. */
export function reachOf(learners) {
  let [ratio, advantage] = [0, 0];
  for (const { settings, passes, advantage: values } of learners) {
    ratio = Math.max(ratio, (settings.epsilon ?? 0.2) * 1.7, settings.clip_high <= 1 ? settings.clip_high * 1.7 : 0);
    for (const x of values) if (isNumber(x)) advantage = Math.max(advantage, Math.abs(x));
    for (const pass of passes) for (const x of pass.ratio) if (isNumber(x)) ratio = Math.max(ratio, Math.min(1, Math.abs(x - 1)));
  }
  return { ratio: ratio * 1.04, advantage: advantage * 1.08 || 1 };
}
