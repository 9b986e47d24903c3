// A scatter's plane: ratio from left to right, advantage upwards, with ticks, and what the surrogate does where.

import { svg, symbolSpans } from "./dom.js";
import { fixed, isNumber, ticks } from "./format.js";
import { regionBounds, settingsOnly } from "./regions.js";
import { ticksOn } from "./scatter_axes.js";

/** @import { Limits } from "./scatter_axes.js" */
/** @import { Labels } from "./labels.js" */
/** @import { StepTokens } from "./types.js" */

export const H = 244; // px high, where nothing else is said
const LEFT = 40; // px for the y-axis's numbers
const BOTTOM = 32; // px for the x-axis's numbers and its name
const PAD = 4;
const EVERY = { x: 74, y: 40 }; // px from one tick to the next, about
const BETWEEN = 12; // px: from one bound's number to the next, where several are on a side
const LETTER = 5.5; // px, about, for each letter of a bound's name
const HEAD = 18; // px at the top for what the vertical line in the middle is called: bounds may be close to it

/** @type {(x: number, y: number, text: string, anchor?: "start" | "middle" | "end", name?: string) => SVGElement} */
const words = (x, y, text, anchor = "start", name = "") =>
  svg("text", { x, y, "text-anchor": anchor, class: name || null }, symbolSpans(text));

/** @type {(x1: number, y1: number, x2: number, y2: number, name: string) => SVGElement} */
const line = (x1, y1, x2, y2, name) => svg("line", { x1, y1, x2, y2, class: name });

export class Plane {
  /**
   * @param {Limits} limits what it covers
   * @param {number} width in pixels
   * @param {Labels} labels
   * @param {number} [height] in pixels
   */
  constructor(limits, width, labels, height = H) {
    this.limits = limits;
    this.width = width;
    this.height = height;
    this.floor = height - BOTTOM;
    this.labels = labels;
  }

  /**
   * All that stands behind the points.
   * @param {StepTokens} data
   */
  ground(data) {
    const [one, zero, right] = [this.x(1), this.y(0), this.width - PAD];
    const axes = [line(LEFT, zero, right, zero, "axis"), line(one, 0, one, this.floor, "axis")];
    return [...this.#cutRegions(data), ...this.#ticks(), ...axes, ...this.#bounds(data)];
  }

  /** What the axes are called, and the lines in the middle; in front of the points. */
  names() {
    const { labels } = this;
    return [
      words(this.x(1) + 4, 12, labels.ratio_one),
      words(LEFT + 4, this.y(0) - 5, labels.advantage_zero),
      words(this.width - PAD, this.height - 3, labels.scatter_x, "end"),
      words(0, 10, labels.scatter_y),
    ];
  }

  /** Round numbers along both axes, with a short line at each. */
  #ticks() {
    const { ratio, advantage } = this.limits;
    const across = ticksOn(ratio, (this.width - LEFT) / EVERY.x);
    const down = ticksOn(advantage, this.floor / EVERY.y);
    const [texts, sides] = [ticks(across), ticks(down)];
    return [
      line(LEFT, this.floor, this.width - PAD, this.floor, "frame"),
      line(LEFT, 0, LEFT, this.floor, "frame"),
      ...across.flatMap((at, i) => {
        const x = this.x(at);
        return [line(x, this.floor, x, this.floor + 4, "frame"), words(x, this.floor + 15, texts[i], "middle", "tick")];
      }),
      ...down.flatMap((at, i) => {
        const y = this.y(at);
        // The topmost place is the axis's name's.
        const text = y < 16 ? [] : [words(LEFT - 6, y + 4, sides[i], "end", "tick")];
        return [line(LEFT - 4, y, LEFT, y, "frame"), ...text];
      }),
    ];
  }

  /**
   * Grey where the gradient is cut.
   * @param {StepTokens} data
   */
  #cutRegions({ regions, settings }) {
    const env = settingsOnly(settings);
    const zero = this.y(0);
    return regions.flatMap((region) => {
      const bounds = region.cuts ? regionBounds(region, env) : null;
      const [from, to] = this.limits.ratio;
      if (!bounds || bounds.from >= to || bounds.to <= from) return []; // not in the picture
      const left = bounds.from === -Infinity ? LEFT : this.x(bounds.from);
      const right = bounds.to === Infinity ? this.width - PAD : this.x(bounds.to);
      const [top, bottom] = [
        region.advantage === "negative" ? zero : 0,
        region.advantage === "positive" ? zero : this.floor,
      ];
      const area = { x: left, y: top, width: Math.max(0, right - left), height: bottom - top, class: "cutaway" };
      const upper = bounds.from === -Infinity ? 14 + BETWEEN : 14; // at the left below the name of the axis
      const y = region.advantage === "negative" ? this.floor - 22 : upper;
      const { cut_here: cut } = this.labels;
      const word =
        bounds.to === Infinity
          ? words(this.width - PAD - 5, y, cut, "end")
          : bounds.from === -Infinity
            ? words(LEFT + 5, y, cut)
            : words((left + right) / 2, y, cut, "middle");
      return [svg("rect", area), word];
    });
  }

  /**
   * The ratios at which regions begin or end; one beyond the picture is only named.
   * @param {StepTokens} data
   */
  #bounds({ regions, settings }) {
    const env = settingsOnly(settings);
    const symbols = new Map(
      regions.flatMap((x) =>
        Object.values(regionBounds(x, env) ?? {})
          .filter(isNumber)
          .map((at) => /** @type {[number, string]} */ ([Number(at.toPrecision(6)), x.symbol || "ρ"])),
      ),
    );
    const ratios = [...symbols.keys()].sort((a, b) => Math.abs(a - 1) - Math.abs(b - 1));
    const used = { low: 0, high: 0 };
    return ratios.flatMap((ratio) => {
      const name = `${symbols.get(ratio)} = ${fixed(ratio, 2)}`;
      const x = this.x(ratio);
      const [from, to] = this.limits.ratio;
      // Where the ratios reach far, there is no room left of a low bound: it is named at its right, above the high ones.
      const hasRoom = ratio < from || x - 4 - LETTER * name.length > LEFT;
      const side = ratio < 1 && hasRoom ? "low" : "high";
      const y = this.floor - 6 - BETWEEN * used[side]++;
      if (ratio >= from && ratio <= to) {
        const text = side === "low" ? words(x - 4, y, name, "end") : words(x + 4, y, name);
        return [line(x, HEAD, x, this.floor, "bound"), text];
      }
      return ratio < 1 ? [words(LEFT + 5, y, `← ${name}`)] : [words(this.width - PAD - 5, y, `${name} →`, "end")];
    });
  }

  /** @param {number} ratio */
  x(ratio) {
    const [from, to] = this.limits.ratio;
    const [left, right] = [LEFT + 3, this.width - PAD];
    const at = left + ((ratio - from) / (to - from)) * (right - left);
    return Math.min(right, Math.max(left, at));
  }

  /** @param {number} advantage */
  y(advantage) {
    const [low, high] = this.limits.advantage;
    return ((high - advantage) / (high - low)) * this.floor;
  }
}
