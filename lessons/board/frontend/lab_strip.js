// The lab's token strip as data: both learners' responses to one prompt, coloured by one of their numbers. Pure.

import { foldAlike, two } from "./alike.js";
import { SCALES } from "./chip.js";
import { absenceIn, COLOURINGS, coloured, domain, titleOf, whyNobody } from "./colourings.js";
import { scale } from "./colours.js";
import { fill, fixed, inWords, isNumber, learnerTitle, rewardText, sentences, shortened, signed } from "./format.js";
import { aboutCuts, kinds } from "./regions.js";
import { keyOf } from "./url.js";

/** @import { Colouring, Colourings } from "./colourings.js" */
/** @import { Scale } from "./colours.js" */
/** @import { Groups, Response } from "./tokens.js" */
/** @import { Labels } from "./labels.js" */
/** @import { View } from "./page_types.js" */
/** @import { Mark, MarkWords, Side, StripData, StripRow } from "./strip_types.js" */
/** @import { GroupAnswer, GroupLearner } from "./types.js" */

/** @typedef {Partial<Record<Side, MarkWords>>} Marks */

const SAID_DIGITS = 3;
const MOST_PROMPT = 200; // characters of a question that another learner was not asked

/**
 * @typedef {object} Shown
 * @property {GroupAnswer} group
 * @property {Groups} groups its responses
 * @property {View} view
 * @property {number} pass
 * @property {Scale} scale
 * @property {Labels} labels
 * @property {Colourings} [colourings] those of the run
 * @property {string[]} missing a sentence for each learner that is not there
 * @property {Set<string>} [opened] of equal responses, those of which each is shown
 * @property {boolean} [isShort] of each learner's rows, two alone
 * @property {Set<string>} [before] names of the rows that are shown
 */

/**
 * @param {Shown} shown
 * @returns {StripData}
 */
export function labStrip({
  group,
  groups,
  view,
  pass,
  scale,
  labels,
  missing,
  opened = new Set(),
  colourings = COLOURINGS,
  isShort = false,
  before = new Set(),
}) {
  const colouring = colourings[view.color];
  const quantity = titleOf(view.color, colourings, labels);
  const learners = [...groups].map(([name, list]) => {
    const declared = group.learners[name];
    const rows = foldAlike(list, opened, view.token);
    return {
      name,
      list,
      rows: isShort ? two(rows, view.token, before) : rows,
      title: headingOf(name, declared, labels),
      colour: declared.colour,
      marks: marksOf(declared, labels),
    };
  });
  const shapes = learners.map((x) => x.rows.map(({ response, alike }) => [response.sample, alike?.n, alike?.open]));
  const nobody = fill(labels.nobody_has, { quantity, missing: labels[whyNobody(groups, colouring)] });
  return {
    shape: JSON.stringify([group.step, group.revision, group.group, learners.map((x) => x.title), missing, shapes]),
    groups: learners.map(({ name, list, rows, title, colour, marks }) => ({
      name,
      title,
      colour,
      note: noteOf(name, list, group, labels),
      rows: rows.map((x) => row(x, { colouring, pass, labels, marks })),
    })),
    notes: [...missing, ...notesOnCuts(groups, group, pass, labels)],
    kind: colouring.kind,
    scale,
    quantity,
    digits: null,
    saidDigits: SAID_DIGITS,
    picked: keyOf(view.token),
    alt: "",
    legend: { title: "", unknown: nobody, keys: keys(learners, labels) },
    fold: { all: labels.show_all, whole: labels.show_whole, less: labels.show_less },
    words: { token_says: labels.token_says, comma: labels.comma, later: "", hole: labels.hole },
  };
}

/**
 * @param {string} name
 * @param {GroupLearner} declared
 * @param {Labels} labels
 */
function headingOf(name, { strip_title, scored_by, settings, group_size: size }, labels) {
  const places = Object.entries({ ...settings, size }).map(([place, x]) => [place, x ?? "?"]);
  const title = fill(inWords(labels, strip_title), { ...Object.fromEntries(places), name: learnerTitle(labels, name) });
  return scored_by ? fill(labels.scored_by, { title, reward: inWords(labels, scored_by) }) : title;
}

/**
 * Why there is nothing under a learner's title, or what else has to be known of what is there.
 * @param {string} name
 * @param {Response[]} list
 * @param {GroupAnswer} group
 * @param {Labels} labels
 */
function noteOf(name, list, { prompt, learners }, labels) {
  const { rewards, prompt: own } = learners[name];
  const learner = learnerTitle(labels, name);
  if (!rewards.length) return fill(labels.not_asked, { learner });
  const other = own && own !== prompt && fill(labels.asked_another, { learner, prompt: shortened(own, MOST_PROMPT) });
  if (!list.length) return sentences([other, fill(labels.not_kept, { learner })]);
  return sentences([other, list.some((x) => !x.length) && labels.no_tokens]);
}

/**
 * What is to be known of this pass's marks, each sentence once.
 * @param {Groups} groups
 * @param {GroupAnswer} group
 * @param {number} pass
 * @param {Labels} labels
 */
function notesOnCuts(groups, group, pass, labels) {
  const notes = [...groups].map(([name, list]) => {
    const last = Math.max(...list.filter((x) => x.length).map((x) => x.lastPass));
    return Number.isFinite(last) ? aboutCuts(group.learners[name], pass, last, labels) : "";
  });
  return [...new Set(notes)].filter((x) => x);
}

/**
 * What a mark on a side means: the gradient is cut there, or a weight is bounded; nothing is marked where no region is.
 * @param {GroupLearner} declared
 * @param {Labels} labels
 * @returns {Marks}
 */
function marksOf({ regions }, labels) {
  const has = kinds(regions);
  /** @type {(side: Side) => Marks} */
  const on = (side) => (has[side].any ? { [side]: labels.marks[has[side].cuts ? "cut" : "bounded"][side] } : {});
  return { ...on("high"), ...on("low") };
}

/**
 * The colours of all passes of a group, so that the legend stands still while the pass changes.
 * @param {Groups} groups
 * @param {string} color
 * @param {boolean} dark
 * @param {Colourings} [colourings] those of the run
 */
export const labScale = (groups, color, dark, colourings = COLOURINGS) =>
  scale(domain(groups, colourings[color]), SCALES[colourings[color].kind], dark);

/**
 * @param {import("./alike.js").Shown} of a response, and those that it stands for
 * @param {{ colouring: Colouring, pass: number, labels: Labels, marks: Marks }} shown
 * @returns {StripRow}
 */
function row({ response, alike }, { colouring, pass, labels, marks }) {
  const { learner, sample, index, position, token, credit, truncated } = response;
  const places = position.map((_, at) => at);
  /** @type {(at: number) => Mark | null} */
  const mark = (at) => {
    const cut = Number(response.at("clipped", at, pass));
    return cut > 0 && marks.high ? "high" : cut < 0 && marks.low ? "low" : null;
  };
  return {
    name: `${learner}.${sample}`,
    slot: `${learner}.${index}`,
    label: "",
    note: "",
    colour: null,
    verdict: verdict(response, alike && !alike.open ? alike.all : [response], labels),
    alike: alike && { ...alikeWords(alike, labels), key: alike.key, open: alike.open },
    called: fill(labels.response_n, { n: index + 1 }),
    tokens: token,
    places: position,
    values: places.map((at) => coloured(response, at, pass, colouring)),
    missing: labels[absenceIn(response, colouring)],
    marks: places.map(mark),
    marked: Object.fromEntries(Object.entries(marks).map(([name, words]) => [name, words.says])),
    spot: [],
    hidden: [],
    holes: response.holes,
    more: {},
    text: response.text,
    // Where no tokens were kept, what the whole response was credited with, if that follows from the rewards.
    credit: isNumber(credit) ? fill(labels.credit_is, { value: signed(credit, 2) }) : "",
    cut: truncated ? { text: labels.cut_off, help: labels.cut_off_help } : null,
  };
}

/**
 * What stands on the button that shows each of several equal responses, or one for all, and what it says.
 * @param {{ n: number, open: boolean }} alike
 * @param {Labels} labels
 */
function alikeWords({ n, open }, labels) {
  return { sign: open ? "−" : `×${n}`, says: fill(open ? labels.alike_fold : labels.alike_open, { n }) };
}

/**
 * @param {Response} response
 * @param {Response[]} all those that it stands for
 * @param {Labels} labels
 */
function verdict(response, all, labels) {
  const { success, reward } = response;
  if (isLabelled(response)) return labelVerdict(response, all, labels);
  const sign = success === null ? "–" : success ? "✓" : "✗";
  const words = success === null ? labels.unjudged : success ? labels.right : labels.wrong;
  const short = rewardText(reward);
  const says = fill(words, {
    n: all.map((x) => x.index + 1).join(labels.comma),
    reward: fixed(reward, 2, labels.not_recorded),
  });
  return { sign: `${sign} ${short}`, says, good: success === true };
}

/** Whether it is a labelled response, which a model learns to score. @param {Response} response */
const isLabelled = ({ own }) => own.data.trains === "reward-model";

/**
 * Of a labelled response: whether the label prefers it, and its score.
 * @param {Response} response
 * @param {Response[]} all those that it stands for
 * @param {Labels} labels
 */
function labelVerdict({ reward, score }, all, labels) {
  const preferred = reward === 1;
  const places = { n: all.map((x) => x.index + 1).join(labels.comma), score: signed(score, 2, labels.not_recorded) };
  const says = fill(preferred ? labels.preferred : labels.not_preferred, places);
  return { sign: `${preferred ? "✓" : "✗"} ${signed(score, 2, "–")}`, says, good: preferred };
}

/**
 * What the signs mean; where a sign means several things, each says for whom.
 * @param {{ name: string, list: Response[], marks: Marks }[]} learners
 * @param {Labels} labels
 */
function keys(learners, labels) {
  const marks = /** @type {Side[]} */ (["high", "low"]).flatMap((mark) => {
    const words = learners.flatMap(({ name, marks: own }) =>
      own[mark] ? [{ ...own[mark], name: learnerTitle(labels, name) }] : [],
    );
    const texts = [...new Set(words.map((x) => x.key))];
    const among = texts.map((key) => {
      const alike = words.filter((x) => x.key === key);
      return fill(alike[0].among, { learners: alike.map((x) => x.name).join(labels.comma) });
    });
    return words.length
      ? [{ mark: String(mark), text: texts.length > 1 ? among.join(labels.semicolon) : texts[0] }]
      : [];
  });
  const holes = learners.some(({ list }) => list.some((x) => x.holes.includes(true)));
  return [...marks, { mark: "none", text: labels.key_none }, ...(holes ? [{ mark: "hole", text: labels.hole }] : [])];
}
