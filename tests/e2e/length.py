"""How long a lesson is, in screens, as it opens; and whether its question and its first picture stand together.

Text is what is left of the page's full height without its drawings (components and charts), the worked example, the
predictions and the check: these are looked at, walked through and answered. What a closed fold holds counts as closed.
"""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

from tests.e2e.rest import at_rest, laid_out

SCREEN = {"width": 1280, "height": 900}
#: What a lesson may have of text.
MOST = 3.0

#: Nothing that is still to come, and nothing that moves.
SETTLED = """() => [...document.querySelectorAll('[data-testid=stSkeleton]')].every(x => !x.checkVisibility())
  && document.getAnimations().every(x => x.playState !== 'running')"""

MEASURE = """() => {
  const main = document.querySelector('[data-testid=stMain]');
  const page = main.querySelector('[data-testid=stMainBlockContainer] > [data-testid=stVerticalBlock]');
  const high = x => x.checkVisibility() ? x.getBoundingClientRect().height : 0;
  const keyed = ending => [...page.querySelectorAll(`[class*=${ending}]`)].filter(x =>
    [...x.classList].some(name => name.startsWith('st-key-') && name.endsWith(ending)));
  const kinds = {
    drawings: [...page.querySelectorAll('[data-testid=stElementContainer]')].filter(x =>
      x.querySelector('.lesson, .js-plotly-plot, [data-testid=stBidiComponentIsolated]')),
    example: keyed('_worked'),
    predictions: keyed('_predict'),
    check: [...page.querySelectorAll('[class*=_quiz_]')].filter(x =>
      [...x.classList].some(name => /^st-key-\\w+_quiz_\\d+_box$/.test(name))),
  };
  const all = Object.values(kinds).flat();
  const outer = x => !all.some(y => y !== x && y.contains(x));
  // What stands beside another thing takes no height of its own.
  const tall = list => {
    const boxes = list.filter(x => outer(x) && high(x)).map(x => x.getBoundingClientRect());
    boxes.sort((a, b) => a.top - b.top);
    let [sum, end] = [0, -Infinity];
    for (const { top, bottom } of boxes) {
      sum += Math.max(0, bottom - Math.max(top, end));
      end = Math.max(end, bottom);
    }
    return sum;
  };
  const heights = Object.fromEntries(Object.entries(kinds).map(([name, list]) => [name, tall(list)]));
  // As present mode cuts the page (frontend/loader/present.mjs).
  const cut = x => {
    const block = x.querySelector(':scope > [data-testid=stVerticalBlock]');
    const further = block?.querySelector('h2') && !block.firstElementChild.querySelector('h2');
    return further ? [...block.children].flatMap(cut) : [x];
  };
  const first = [];
  for (const x of [...page.children].flatMap(cut)) {
    if (x.querySelector('h2')) break;
    first.push(x);
  }
  const among = selector => first.some(x => x.matches(selector) || x.querySelector(selector));
  return {
    full: main.scrollHeight,
    ...heights,
    text: main.scrollHeight - Object.values(heights).reduce((a, b) => a + b, 0),
    question: among('[class*=_question]'),
    picture: first.some(x => kinds.drawings.some(y => x.contains(y) && high(y) > 100)),
  };
}"""


def measured(page: Page) -> dict[str, Any]:
    """Heights in pixels, and whether the `question` stands before the first heading: in present mode's first part.

    A picture must come up beside it, else this waits in vain. The page is shown at 1280 × 900 for that, and stays so.
    """
    page.set_viewport_size(SCREEN)  # type: ignore[arg-type]
    page.wait_for_function(SETTLED)
    page.wait_for_function(f"() => ({MEASURE})().picture")
    at_rest(page)
    laid_out(page)  # drawings take the width that they are given
    known: dict[str, Any] = page.evaluate(MEASURE)
    return known


#: What a line of running text may have, counting a full-width character as two letters.
LETTERS = {"en": 75, "zh-TW": 84}
#: The lines of paragraphs, lists and captions as they are broken: [letters, text]. A lesson's opening question is a
#: headline, what is said beside buttons stands on their line, the names of the lessons before and after are no running
#: text, and what stands in tables has their width.
LINES = r"""() => {
  const lines = [], full = /[\u2e80-\u9fff\uff00-\uffef]/g;
  // What a line may end after: a full-width character, a hyphen, a space.
  const pieces =
    /[\u2e80-\u9fff\uff00-\uffef]|[^-\s\u2e80-\u9fff\uff00-\uffef]*[-\s]|[^-\s\u2e80-\u9fff\uff00-\uffef]+/g;
  const headlines = '[class*=_question], [class*=_buttons], .st-key-lesson_about, .st-key-lab_title, .st-key-lab_named';
  const holders = ':is([data-testid=stMarkdownContainer], [data-testid=stCaptionContainer])';
  for (const e of document.querySelectorAll(`[data-testid=stMain] ${holders} :is(p, li)`)) {
    if (!e.checkVisibility() || e.closest(headlines) || e.closest('table, button, summary')) continue;
    const rows = new Map(), walk = document.createTreeWalker(e, NodeFilter.SHOW_TEXT);
    for (let n = walk.nextNode(); n; n = walk.nextNode()) {
      if (n.parentElement.closest('.katex, [role=img]')) continue;
      for (const m of n.textContent.matchAll(pieces)) {
        const range = document.createRange();
        range.setStart(n, m.index);
        range.setEnd(n, m.index + m[0].length);
        const at = Math.round((range.getClientRects()[0]?.bottom ?? 0) / 8);
        rows.set(at, (rows.get(at) ?? '') + m[0]);
      }
    }
    for (const text of rows.values()) {
      lines.push([text.trim().length + (text.match(full)?.length ?? 0), text.trim()]);
    }
  }
  return lines;
}"""


def too_long(page: Page, lang: str) -> list[str]:
    """Lines of running text that have more letters than one reads without losing the line, on the page as it is."""
    lines: list[tuple[int, str]] = page.evaluate(LINES)
    assert lines
    return [f"{count}: {text}" for count, text in lines if count > LETTERS[lang]]


#: Of each column of the page where its texts, captions and formulas begin: a line a column that has several such edges.
EDGES = r"""() => {
  const bad = [], main = document.querySelector('[data-testid=stMain]');
  const texts = ':is([data-testid=stMarkdownContainer], [data-testid=stCaptionContainer]) > p, .katex-display > .katex';
  const aside = 'table, button, summary, label, [class*=_question], [class*=_buttons], [data-testid=stPageLink], '
    + '[data-testid=stAlert], [data-testid=stSlider], .st-key-lesson_about, .st-key-lab_title, .st-key-lab_named';
  const columns = new Map();
  for (const e of main.querySelectorAll(texts)) {
    const box = e.closest('[data-testid=stVerticalBlock]');
    if (!e.checkVisibility() || e.closest(aside) || !box || getComputedStyle(box).flexDirection === 'row') continue;
    columns.set(box, [...(columns.get(box) ?? []), e]);
  }
  for (const own of columns.values()) {
    const lefts = own.map(x => x.getBoundingClientRect().left);
    if (Math.max(...lefts) - Math.min(...lefts) > 6)
      bad.push(`${[...new Set(lefts)]}: ${own[0].textContent.slice(0, 50)}`);
  }
  return bad;
}"""


def uneven(page: Page) -> list[str]:
    """Columns in which texts, captions and formulas begin at several edges."""
    columns: list[str] = page.evaluate(EDGES)
    return columns
