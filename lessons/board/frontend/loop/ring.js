// The loop as a drawing of the pipeline's kind: its six boxes with what they hold, and the arrow from the update back to
// the model, which closes the ring.

import { attr } from "../dom.js";
import { fill } from "../format.js";
import { MODES } from "../pipeline/batch.js";
import { Boxed } from "../pipeline/boxed.js";
import { chipText } from "../tokens.js";
import { Chances, named, Probabilities, Prompts, shown, Tuples, Verdicts, Written } from "./contents.js";
import { EDGES, numbers, STATIONS } from "./rounds.js";

/** @import { Cargo } from "../pipeline/types.js" */
/** @import { Round, Sent } from "./types.js" */

/** @typedef {{ station: number, done: number, within: number }} Place */

export class Ring {
  /** @type {Round | null} */
  #round = null;
  #words = /** @type {Record<string, string>} */ ({});

  /**
   * @param {(key: string) => void} onPress a station's box
   * @param {HTMLElement} beside what stands in the ring's empty corner
   */
  constructor(onPress, beside) {
    this.prompts = new Prompts();
    this.chances = new Chances();
    this.written = new Written("lanes");
    this.verdicts = new Verdicts();
    this.tuples = new Tuples();
    this.probabilities = new Probabilities();
    const inside = {
      prompts: this.prompts.root,
      model: this.chances.root,
      responses: this.written.root,
      reward: this.verdicts.root,
      tuples: this.tuples.root,
      update: this.probabilities.root,
    };
    this.boxed = new Boxed({ edges: EDGES, onPress, inside, beside });
    this.root = this.boxed.root;
    this.root.dataset.fit = ""; // what stands below is for reading
  }

  /** @param {Round} round @param {Sent} sent @param {boolean} dark */
  draw(round, sent, dark) {
    this.#round = round;
    this.#words = sent.words;
    attr(this.root, "aria-label", sent.words.ring);
    this.chances.draw(round, sent, dark);
    for (const part of [this.prompts, this.written, this.verdicts]) part.draw(round, sent);
    for (const part of [this.tuples, this.probabilities]) part.draw(round);
    const values = numbers(round, sent.prompts);
    const boxes = sent.boxes.map((box) => ({ ...box, sub: fill(box.sub, values) }));
    this.boxed.draw({ boxes, words: sent.words, pickable: false, picked: null });
    this.boxed.boxes.morph(1, MODES[1]); // one of the two tints is the learner's colour
  }

  /** @param {Place} place @param {boolean} isStill nothing shall fly */
  paint(place, isStill) {
    const { station, done } = place;
    for (const part of [this.chances, this.written, this.verdicts, this.tuples, this.probabilities]) part.paint(place);
    this.boxed.fly(isStill ? [] : STATIONS[station].flights, done, (cargo) => this.#texts(cargo));
    this.boxed.boxes.current(STATIONS[station].key);
  }

  close() {
    this.boxed.close();
  }

  /** What flies. @param {Cargo} cargo */
  #texts(cargo) {
    const round = this.#round;
    if (!round) return [];
    if (cargo === "question") return [round.prompt];
    if (cargo === "tokens") return round.written[0].tokens.map((x) => chipText(x).text);
    if (cargo === "responses") return shown(round).map(named);
    return [this.#words.change];
  }
}
