// Held-out questions as squares: the start model answers one after another, and, where it is known, each learner after
// its training answers them again, when squares turn from wrong to right, or from right to wrong.

import { attr, el, say } from "./dom.js";
import { fill, sentences } from "./format.js";
import { Picture } from "./picture.js";

/** @typedef {"right" | "wrong" | "cut" | "unread"} State */
/** @typedef {{ state: State, text: string }} Reply */
/**
 * Answers to the questions, in their order; the first side is the start model's.
 * @typedef {{ name: string, colour: string | null, replies: Reply[] }} Side
 */
/**
 * @typedef {import("./picture.js").Shown & { questions: string[], truths: string[], sides: Side[] }} SentAnswers
 */

/** @type {Record<State, string>} */
const SIGNS = { right: "✓", wrong: "✗", cut: "…", unread: "∅" };

/** @extends {Picture<SentAnswers>} */
export default class Answers extends Picture {
  /** @type {HTMLElement[][]} by side */
  #squares = [];
  /** @type {HTMLElement[]} by side */
  #counts = [];

  /** @param {{ root: HTMLElement }} options */
  constructor({ root }) {
    super(root, "answers");
    this.keys.remove();
    this.signs = el("p", { class: "note" });
    this.title.after(this.signs);
    this.asked = el("div", { class: "asked", "aria-hidden": true }); // the slider says the same
    this.figure.after(this.asked);
  }

  /** @override @param {SentAnswers} sent */
  lastOf({ questions, sides }) {
    return questions.length * (sides.length > 1 ? 2 : 1);
  }

  /** @override @param {SentAnswers} sent */
  secondsOf({ sides }) {
    return sides.length > 1 ? 12 : 7;
  }

  /** @override @param {SentAnswers} sent */
  layOut(sent) {
    say(this.title, sent.words.title);
    say(this.signs, sent.sides.length > 1 ? sent.words.signs_after : sent.words.signs);
    const { questions, sides } = sent;
    this.#counts = sides.map(() => el("span", { class: "count num" }));
    this.#squares = sides.map((_, side) =>
      questions.map((_question, i) =>
        el("span", { class: "square", data: { n: (side ? questions.length : 0) + i + 1 } }),
      ),
    );
    const rows = sides.map(({ name, colour }, i) => {
      const title = el("b", { text: name, style: colour ? { color: `var(--ink-${colour})` } : {} });
      const head = el("div", { class: "side-name" }, title, this.#counts[i]);
      return el("div", { class: "side" }, head, el("div", { class: "squares" }, this.#squares[i]));
    });
    this.figure.replaceChildren(...rows);
  }

  /** @override @param {SentAnswers} sent @param {number} at */
  paint(sent, at) {
    const { questions, sides, words } = sent;
    const { before, after, newest } = whereIs(sent, at);
    sides.forEach(({ replies }, side) => {
      const known = side ? after : before;
      replies.forEach((reply, i) => {
        const isOwn = i < known;
        // The learners begin as the start model: until they are asked again, its answers stand there, pale.
        const state = isOwn ? reply.state : side && i < before ? sides[0].replies[i].state : null;
        const turned = isOwn && side > 0 && (reply.state === "right") !== (sides[0].replies[i].state === "right");
        const node = this.#squares[side][i];
        const isNewest = i === newest && isOwn;
        const name = ["square", side && !isOwn && "pale", turned && "turned", isNewest && "newest"]
          .filter(Boolean)
          .join(" ");
        if (node.className !== name) node.className = name;
        attr(node, "data-state", state ?? "open");
        say(node, state ? SIGNS[state] : "");
      });
      const right = count(replies.slice(0, known), "right");
      say(this.#counts[side], fill(words.count, { right, asked: known, all: questions.length }));
    });
    this.#ask(sent, newest, after > 0);
  }

  /** @override @param {SentAnswers} sent @param {number} at */
  says(sent, at) {
    const { sides, words, questions } = sent;
    const { before, after } = whereIs(sent, at);
    if (!before) return words.start;
    const start = sides[0].replies;
    if (!after) {
      const own = start.slice(0, before);
      const counts = { asked: before, all: questions.length };
      return fill(words.before, { ...counts, right: count(own, "right"), cut: count(own, "cut") });
    }
    const each = sides.slice(1).map(({ name, replies }) => {
      const pairs = replies.slice(0, after).map((x, i) => [start[i].state === "right", x.state === "right"]);
      const fixed = pairs.filter(([was, is]) => !was && is).length;
      const broken = pairs.filter(([was, is]) => was && !is).length;
      return fill(words.after, { name, right: pairs.filter((x) => x[1]).length, asked: after, fixed, broken });
    });
    return sentences(each);
  }

  /** @override @param {SentAnswers} sent @param {number} at */
  spoken(sent, at) {
    const { questions, truths, sides, words } = sent;
    const { after, newest } = whereIs(sent, at);
    if (newest < 0) return this.says(sent, at);
    const answers = sides.slice(0, after ? sides.length : 1).map(({ name, replies }) => {
      const { state, text } = replies[newest];
      return fill(words.answered, { name, text, verdict: words[state] });
    });
    const question = [fill(words.question, { n: newest + 1 }), questions[newest]];
    return sentences([...question, fill(words.truth, { answer: truths[newest] }), ...answers, this.says(sent, at)]);
  }

  /**
   * The newest question, and what was answered.
   * @param {SentAnswers} sent
   * @param {number} i
   * @param {boolean} isAfter
   */
  #ask({ questions, truths, sides, words }, i, isAfter) {
    if (i < 0) {
      this.asked.replaceChildren();
      return;
    }
    const question = el(
      "p",
      {},
      el("b", { text: fill(words.question, { n: i + 1 }) }),
      el("span", { text: questions[i] }),
    );
    question.append(el("span", { class: "mute", text: fill(words.truth, { answer: truths[i] }) }));
    const answers = sides.slice(0, isAfter ? sides.length : 1).map(({ name, replies }) => {
      const { state, text } = replies[i];
      const mark = el("b", { text: SIGNS[state], data: { state } });
      const verdict = el("span", { class: "mute", text: words[state] });
      return el(
        "p",
        {},
        el("span", { class: "who", text: name }),
        mark,
        el("span", { class: "t-said", text }),
        verdict,
      );
    });
    this.asked.replaceChildren(question, ...answers);
  }
}

/**
 * How many questions have been asked before the training and after it, and the newest one.
 * @param {SentAnswers} sent
 * @param {number} at
 */
function whereIs({ questions }, at) {
  const before = Math.min(at, questions.length);
  const after = at - before;
  return { before, after, newest: (after || before) - 1 };
}

/** @param {Reply[]} replies @param {State} state */
const count = (replies, state) => replies.filter((x) => x.state === state).length;
