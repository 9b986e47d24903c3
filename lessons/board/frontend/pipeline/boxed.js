// Boxes with what they hold, arrows between them wherever they come to stand, and what is under way on these: of PPO's and
// GRPO's pipelines (drawing.js) and of the loop (../loop/ring.js).

import { el, focusedIn } from "../dom.js";
import { zoomOf } from "../theme.js";
import { Arrows } from "./arrows.js";
import { Boxes } from "./boxes.js";
import { Flights } from "./flights.js";

/** @import { Edge, Place } from "./arrows.js" */
/** @import { Cargo, Drawn, Flight } from "./types.js" */

/**
 * `inside`: what stands in a box, by its key; `beside`: what stands among them and is none; `isThere`: whether an arrow
 * is; `onPlaced`: boxes have come to stand, and what is painted on arrows is to be painted anew.
 * @typedef {{ edges: Edge[], onPress: (key: string) => void, inside: Record<string, HTMLElement>, beside: HTMLElement,
 *   isThere?: (edge: Edge) => boolean, onPlaced?: () => void }} Wishes
 */

export class Boxed {
  #isDrawn = false;

  /** @param {Wishes} wishes */
  constructor({ edges, onPress, inside, beside, isThere = () => true, onPlaced }) {
    this.isThere = isThere;
    this.onPlaced = onPlaced;
    this.arrows = new Arrows(edges);
    this.flights = new Flights();
    this.boxes = new Boxes(onPress, inside, beside);
    const parts = [this.arrows.root, this.boxes.root, this.flights.root];
    this.root = el("div", { class: "drawing", role: "group" }, parts);
    this.root.onkeydown = (event) => this.#keys(event);
    this.sizes = new ResizeObserver(() => this.#connect());
    this.sizes.observe(this.root);
  }

  /** @param {Drawn} sent */
  draw(sent) {
    this.boxes.draw(sent);
    this.#isDrawn = true;
    this.#connect();
  }

  /**
   * What is under way at a station of which so much is done.
   * @param {Flight[]} flights
   * @param {number} done
   * @param {(cargo: Cargo) => string[]} textsOf
   */
  fly(flights, done, textsOf) {
    this.flights.paint(flights, done, textsOf, this.arrows);
  }

  close() {
    this.sizes.disconnect();
  }

  /** Where boxes stand may have changed: arrows are drawn anew. */
  #connect() {
    if (!this.#isDrawn) return;
    const around = this.root.getBoundingClientRect();
    const zoom = zoomOf(this.root);
    const places = new Map(this.boxes.all.map(({ key, root }) => [key, within(root, around, zoom)]));
    this.arrows.draw(places, around.width / zoom, this.isThere);
    this.onPlaced?.();
  }

  /**
   * Arrow keys walk from box to box.
   * @param {KeyboardEvent} event
   */
  #keys(event) {
    const way = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const own = this.boxes.all.filter(({ root }) => !root.inert);
    const at = own.findIndex(({ root }) => root === focusedIn(this.root));
    if (!way || at < 0) return;
    event.preventDefault();
    own[at + way]?.root.focus();
  }
}

/** @type {(root: Element, around: DOMRect, zoom: number) => Place} */
function within(root, around, zoom) {
  const { left, right, top, bottom } = root.getBoundingClientRect();
  return {
    left: (left - around.left) / zoom,
    right: (right - around.left) / zoom,
    top: (top - around.top) / zoom,
    bottom: (bottom - around.top) / zoom,
  };
}
