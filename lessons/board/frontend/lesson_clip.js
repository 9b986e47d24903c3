// The clip picture of the lesson on ratio and clip: real tokens drift along the surrogate as the passes go by, and one
// for each sign can be dragged. Everything is computed here, from terms and regions that came with the data.

import { Judge } from "./clip/judge.js";
import { Limits } from "./clip/limits.js";
import { Panel } from "./clip/panel.js";
import { el, say } from "./dom.js";
import { fill, fixed, sentences, signed } from "./format.js";
import LessonStrips from "./lesson_strips.js";
import { Playback } from "./playback.js";

/** @import { Sent } from "./clip/types.js" */
/** @typedef {import("./clip/judge.js").Look} Look */
/** @typedef {{ token: number | null, ratio: number, advantage: number }} Held */

/** A token that nobody wrote. @param {1 | -1} advantage @returns {Held} */
const made = (advantage) => ({ token: null, ratio: 1, advantage });

const SECONDS = 2.2; // a pass
const NEARLY = 0.002; // so near to a whole pass the pass has gone by
const MOST = 260; // dots within the range; of more, every so-manieth is drawn

/**
 * So many seconds on; a frame falls on each whole pass, so that each is seen and told.
 * @param {number} at
 * @param {number} seconds
 */
function later(at, seconds) {
  const [before, next] = [Math.floor(at), at + seconds / SECONDS];
  return Math.floor(next) > before ? before + 1 + Math.min(0.001, next - before - 1) : next;
}

export default class ClipPicture {
  /** @type {Sent | null} */
  #sent = null;
  #text = "";
  #dark = false;
  /** @type {Judge | null} */
  #judge = null;
  /** @type {[Held, Held]} with A > 0, with A < 0 */
  #held = [made(1), made(-1)];
  /** @type {0 | 1} which of them is spoken of */
  #spoken = 0;
  /** What the strip was last drawn for. */
  #stripShows = "";
  /** @type {number[][]} the tokens that are dots, by panel */
  #shown = [[], []];

  /** @param {{ root: HTMLElement, send: (event: string, value: unknown) => void }} options */
  constructor({ root }) {
    // How many passes have gone by; between them also.
    this.playback = new Playback("clip", { onMove: () => this.#paint(), later });
    const onWidth = () => this.#redraw();
    this.panels = [1, -1].map(
      (sign, i) =>
        new Panel({
          sign: sign > 0 ? 1 : -1,
          onMove: (ratio) => this.#move(i ? 1 : 0, ratio),
          onPick: (token) => this.#pick(token),
          onWidth,
        }),
    );
    this.fate = el("p", { class: "said", "aria-live": "polite", data: { testid: "clip-said" } });
    this.formula = el("p", { class: "formula mono", data: { fit: "" } });
    this.legend = el("p", { class: "legend note" });
    this.limits = new Limits({ onChange: () => this.#redraw(), onCase: (i) => this.#case(i) });
    this.stripRoot = el("div", { class: "along" });
    this.strip = new LessonStrips({ root: this.stripRoot, send: (_, value) => this.#pickChip(String(value)) });
    const panels = el("div", { class: "panels" }, ...this.panels.map((x) => x.root));
    const below = [this.fate, this.formula, this.legend, this.stripRoot, this.limits.below];
    this.root = el("div", { class: "clip-picture" }, this.playback.root, this.limits.root, panels, below);
    root.append(this.root);
    this.playback.watch(this.root);
  }

  /** @param {Sent} sent @param {{ dark: boolean }} theme */
  draw(sent, { dark }) {
    const text = JSON.stringify(sent);
    if (text === this.#text && dark === this.#dark) return;
    if (text !== this.#text) {
      this.playback.at = sent.start;
      this.#sent = sent;
      this.#text = text;
      this.#held = [this.#first(0), this.#first(1)];
      this.limits.draw(sent);
      this.#shown = this.#thinned(sent);
      this.#stripShows = "";
    }
    this.#dark = dark;
    const { limits, strip, moments, words } = sent;
    this.playback.root.hidden = limits !== null || moments.length < 2;
    this.limits.root.hidden = this.limits.below.hidden = limits === null;
    this.stripRoot.hidden = strip === null;
    this.legend.hidden = limits !== null; // it stands under the first picture
    this.playback.draw(moments.length - 1, words);
    say(this.legend, words.legend);
    this.#redraw();
  }

  close() {
    this.playback.close();
    this.strip.close();
    for (const panel of this.panels) panel.close();
  }

  // What a person does

  /** @param {0 | 1} panel @param {number} ratio */
  #move(panel, ratio) {
    this.#held[panel] = { ...this.#held[panel], ratio };
    this.#spoken = panel;
    this.#hold();
  }

  /** @param {number} token */
  #pick(token) {
    const held = this.#real(token);
    this.#spoken = held.advantage > 0 ? 0 : 1;
    this.#held[this.#spoken] = held;
    this.#hold();
  }

  /** A token of the strip was chosen. @param {string} at as "row.place" */
  #pickChip(at) {
    const { strip, advantage } = /** @type {Sent} */ (this.#sent);
    const token = (strip?.first ?? 0) + Number(at.split(".").at(-1));
    if (advantage[token]) this.#pick(token);
    this.#drawStrip();
  }

  /** @param {number} number */
  #case(number) {
    this.#pick(this.#sent?.limits?.cases[number].token ?? 0);
  }

  // Tokens

  /** @param {0 | 1} panel @returns {Held} */
  #first(panel) {
    const token = this.#sent?.held[panel] ?? null;
    return token === null ? made(panel ? -1 : 1) : this.#real(token);
  }

  /** A real token, where it is just now. @param {number} token @returns {Held} */
  #real(token) {
    const sent = /** @type {Sent} */ (this.#sent);
    return { token, ratio: this.#ratio(token), advantage: sent.advantage[token] };
  }

  /** @param {number} token */
  #ratio(token) {
    const { moments } = /** @type {Sent} */ (this.#sent);
    const { at } = this.playback;
    const [from, share] = [Math.floor(at), at % 1];
    const [a, b] = [moments[from].ratio[token], moments[Math.min(moments.length - 1, from + 1)].ratio[token]];
    return a + (b - a) * share;
  }

  /** All that are ever outside the range, and of the others as many as can be told apart. @param {Sent} sent */
  #thinned(sent) {
    const { moments, advantage } = sent;
    const judge = new Judge(sent.declared[sent.dual], sent);
    return [1, -1].map((sign) => {
      const own = [...advantage.keys()].filter((i) => Math.sign(advantage[i]) === sign);
      const isOut = (/** @type {number} */ i) =>
        moments.some(({ ratio }) => judge.cutBy(ratio[i], sign) >= 0 || judge.isOutside(ratio[i], sign));
      const every = Math.ceil(own.length / MOST);
      return own.filter((i, n) => n % every === 0 || isOut(i));
    });
  }

  // Drawing

  #redraw() {
    const sent = this.#sent;
    if (!sent) return;
    const { declared, dual, limits, reach, words, advantage } = sent;
    const chosen = limits ? this.limits.dual.value : dual;
    this.#judge = new Judge(declared[chosen], sent, limits ? this.limits.changed : {});
    for (const [i, panel] of this.panels.entries()) {
      const n = advantage.filter((x) => Math.sign(x) === panel.sign).length;
      const title = fill(i ? words.bad : words.good, { count: n });
      panel.draw(this.#judge, reach, this.#shown[i], words, { title, alt: i ? words.alt_bad : words.alt_good });
    }
    this.limits.count(this.#judge, sent.moments[sent.start].ratio, sent);
    this.#paint();
  }

  /** All that follows from how many passes have gone by. */
  #paint() {
    const [sent, judge] = [this.#sent, this.#judge];
    if (!sent || !judge) return;
    const { moments, words, limits } = sent;
    const { at, isPlaying } = this.playback;
    const whole = Math.round(at);
    const isBetween = Math.abs(at - whole) > NEARLY;
    const next = Math.ceil(at - NEARLY);
    const cuts = moments[next].side.length > 0;
    for (const [i, panel] of this.panels.entries()) {
      const own = this.#shown[i];
      const ratio = own.map((token) => this.#ratio(token));
      const recorded = moments[whole].side;
      const isCut = own.map((token, n) =>
        limits || isBetween ? cuts && judge.cutBy(ratio[n], panel.sign) >= 0 : Boolean(recorded[token]),
      );
      panel.place(ratio, isCut);
    }
    this.playback.show(moments[Math.floor(at + NEARLY)].says, words);
    for (const [i, held] of this.#held.entries()) {
      if (held.token !== null && isPlaying) this.#held[i] = this.#real(held.token);
    }
    Object.assign(this.root.dataset, { at: at.toFixed(2), playing: String(isPlaying) });
    this.#hold();
    this.#drawStrip();
  }

  #hold() {
    const [sent, judge] = [this.#sent, this.#judge];
    if (!sent || !judge) return;
    const looks = this.#held.map(({ ratio, advantage }) => judge.look(ratio, advantage));
    for (const [i, panel] of this.panels.entries())
      panel.hold(looks[i], fill("ρ = {x}", { x: fixed(looks[i].ratio, 2) }));
    const look = looks[this.#spoken];
    this.root.dataset.cut = String(look.isCut);
    if (this.playback.isPlaying) return; // who listens is not told of every frame
    const text = sentences([this.#named(this.#held[this.#spoken]), this.#fate(look)]);
    say(this.fate, text);
    const parts = look.formula.map((x) => (typeof x === "string" ? x : el("span", { class: x.tone, text: x.text })));
    this.formula.replaceChildren(`${sent.words.objective} `, ...parts);
  }

  /** Which token is held. @param {Held} held */
  #named({ token, ratio, advantage }) {
    const { words, tokens, position, response, responses } = /** @type {Sent} */ (this.#sent);
    const numbers = { ratio: fixed(ratio, 2), advantage: signed(advantage, 2) };
    if (token === null) return fill(words.made_up, numbers);
    const own = this.#ratio(token);
    const place = { token: tokens[token], position: position[token] + 1, response: responses[response[token]] };
    const template = Math.abs(own - ratio) > 0.005 ? words.dragged : words.real;
    return fill(template, { ...numbers, ...place, own: fixed(own, 2) });
  }

  /** What becomes of its gradient. @param {Look} look */
  #fate({ isCut, isOutside, says, gradient, advantage }) {
    const { words } = /** @type {Sent} */ (this.#sent);
    if (isCut) return fill(words.fate_cut, { says });
    const name = `fate_${isOutside ? "outside" : "inside"}_${advantage > 0 ? "up" : "down"}`;
    return fill(words[name], { gradient: signed(gradient, 2) });
  }

  #drawStrip() {
    const { strip, moments } = /** @type {Sent} */ (this.#sent);
    if (!strip) return;
    const at = Math.floor(this.playback.at + NEARLY);
    const shows = [at, this.#held[this.#spoken].token, this.#dark].join();
    if (this.#stripShows === shows) return;
    this.#stripShows = shows;
    const { ratio, side } = moments[at];
    const here = [strip.first, strip.first + strip.count];
    const [row] = strip.sent.rows;
    const marks = side.slice(...here).map((x) => (x > 0 ? "high" : x < 0 ? "low" : null));
    const label = at ? fill(strip.label, { number: at }) : strip.at_start;
    const held = this.#held[this.#spoken].token ?? -1;
    const isOurs = held >= here[0] && held < here[1];
    const rows = [{ ...row, label, values: ratio.slice(...here), marks }];
    const picked = isOurs ? `${row.name}.${held - here[0]}` : null;
    this.strip.draw({ ...strip.sent, rows, picked }, { dark: this.#dark });
  }
}
