"""Answers of a model as HTML: every character escaped, line breaks kept, long ones folded.

What a model wrote is as hostile as what a stranger wrote: it goes into the page through `text_html` alone.
"""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

from lessons.i18n import _, ngettext
from lessons.kit.display import literal
from lessons.kit.numbers import whole

if TYPE_CHECKING:
    from core.training.answer import Answer

#: Longer answers fold to about this many characters, or this many lines.
FOLD, LINES = 220, 5
#: More than this is not sent to the browser; 4096 tokens of ten characters would be more than anybody reads here.
MOST = 12_000
EDGE = "1px solid rgba(128,138,155,.55)"
_TEXT = "white-space:pre-wrap;overflow-wrap:anywhere;font-family:var(--st-code-font,monospace);font-size:.92em"


def text_html(text: str, *, fold: bool = True) -> str:
    """Any text, in its own lines; folded where it is long."""
    lines = [literal(x, MOST) for x in text[:MOST].split("\n")]
    full = "\n".join(lines)
    if not fold or (len(full) <= FOLD and len(lines) <= LINES):
        return f'<div style="{_TEXT}">{html.escape(full) or "&nbsp;"}</div>'
    start = "\n".join(full.split("\n")[:LINES])[:FOLD].rstrip()
    more = html.escape(_("show all {count} characters").format(count=whole(len(text))))
    return (
        f'<details><summary style="cursor:pointer"><span style="{_TEXT}">{html.escape(start)}…</span> '
        f'<span style="text-decoration:underline;font-size:.85em">{more}</span></summary>'
        f'<div style="{_TEXT};margin-top:.4em;padding-left:.6em;border-left:{EDGE}">'
        f"{html.escape(full)}</div></details>"
    )


def verdict(answer: Answer) -> str:
    """What was read as the answer and whether it is right; plain text."""
    if not answer.finished:
        return "✗ " + _("wrong: cut off before it ended")
    if answer.answer is None:
        return "✗ " + _("wrong: no answer can be read in it")
    read = literal(answer.answer, 60)
    if answer.success:
        return "✓ " + _("right: read as {answer}").format(answer=read)
    return "✗ " + _("wrong: read as {answer}").format(answer=read)


def answer_html(answer: Answer, title: str) -> str:
    """One answer in a box of its own, under its title (plain text)."""
    about = ngettext("{title} · {count} token", "{title} · {count} tokens", answer.length).format(
        title=title, count=whole(answer.length)
    )
    return (
        f'<div style="border:{EDGE};border-radius:8px;padding:.5em .7em;margin:0 0 .5em">'
        f'<div style="font-size:.85em;margin-bottom:.2em">{html.escape(about)}</div>'
        f"{text_html(answer.text)}"
        f'<div style="font-size:.9em;font-weight:600;margin-top:.3em">{html.escape(verdict(answer))}</div></div>'
    )


def question_html(question: str, truth: str) -> str:
    """A question as the learner was asked it, with the right answer."""
    right = html.escape(_("right answer: {answer}").format(answer=literal(truth, 80)))
    return (
        f'<div style="border-left:3px solid currentColor;padding:.1em .7em;margin:0 0 .7em">{text_html(question)}'
        f'<div style="font-size:.9em;margin-top:.2em">{right}</div></div>'
    )


def side_by_side(*columns: str) -> str:
    """Blocks of HTML beside one another; below one another where it is narrow."""
    cells = "".join(f'<div style="min-width:0">{x}</div>' for x in columns)
    wide = "repeat(auto-fit,minmax(min(17em,100%),1fr))"
    return f'<div style="display:grid;grid-template-columns:{wide};gap:0 .8em;align-items:start">{cells}</div>'
