"""Question by question: what the greedy answer was before, what it is after, and how many samples were right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from lessons.a_real_instruct_model.answers import answer_html, question_html, side_by_side
from lessons.a_real_instruct_model.shown import Seen, subject
from lessons.i18n import N_, _, ngettext
from lessons.kit.glossary import say, say_small
from lessons.kit.linked import linked

if TYPE_CHECKING:
    from core.insight.before_after import BeforeAfter, Pair

CHANGES = {
    "fixed": N_("fixed: wrong, then right"),
    "broken": N_("broken: right, then wrong"),
    "both right": N_("right both times"),
    "both wrong": N_("wrong both times"),
}
SHOWN = 4


def questions(done: Sequence[Seen]) -> None:
    """The questions of one kind, a few at a time. One fragment."""
    st.subheader(_("Question by question"))
    st.fragment(_questions)(done)


def _questions(done: Sequence[Seen]) -> None:
    compared = {x.name: x.both for x in done if x.both is not None}
    _counts(done)
    with st.container(horizontal=True, key="real_pairs_choice"):
        titles = {x.name: x.title for x in done}
        name = next(iter(compared))
        if len(compared) > 1:
            name = linked(
                st.segmented_control,
                _("Learner"),
                list(compared),
                key="whose",
                first=subject([x for x in done if x.both is not None]).name,
                format_func=lambda x: titles.get(x, ""),
            )
        both = compared[name]
        kinds = [x for x in CHANGES if both.count(x)]  # type: ignore[arg-type]
        change = linked(
            st.radio,
            _("What became of them (greedy responses)"),
            [x.replace(" ", "-") for x in kinds],
            key="change",
            first=kinds[0].replace(" ", "-"),
            format_func=lambda x: _kind(both, x.replace("-", " ")),
            horizontal=True,
        ).replace("-", " ")
    own = [(i, x) for i, x in enumerate(both.pairs) if x.change == change]
    key = f"real_more_{name}_{change}".replace(" ", "_")
    most = SHOWN * (1 + int(st.session_state.get(key, 0)))
    with st.container(key="real_pairs"):
        for i, pair in own[:most]:
            st.html(_pair(i, pair, both.before.samples))
    with st.container(horizontal=True, vertical_alignment="center", key="real_pairs_more"):
        say_small(
            ngettext("{shown} of {all} question", "{shown} of {all} questions", len(own)).format(
                shown=min(most, len(own)), all=len(own)
            )
        )
        if most < len(own):
            st.button(_("Show more"), icon=":material/expand_more:", on_click=_more, args=(key,), key="real_more")


def _kind(both: BeforeAfter, change: str) -> str:
    if change not in CHANGES:
        return ""
    return _("{change} ({count})").format(change=_(CHANGES[change]), count=both.count(change))  # type: ignore[arg-type]


def _more(key: str) -> None:
    st.session_state[key] = int(st.session_state.get(key, 0)) + 1


def _counts(done: Sequence[Seen]) -> None:
    for seen in done:
        if seen.both is not None:
            both = seen.both
            say(
                _(
                    "{name}: **{fixed}** fixed, **{broken}** broken, {right} right both times, "
                    "{wrong} wrong both times."
                ).format(
                    name=seen.title,
                    fixed=both.count("fixed"),
                    broken=both.count("broken"),
                    right=both.count("both right"),
                    wrong=both.count("both wrong"),
                )
            )


def _pair(number: int, pair: Pair, samples: int) -> str:
    titles = [_("before"), _("after")]
    if samples:
        words = _("{when}: {right} of {samples} samples right")
        titles = [
            words.format(when=x, right=right, samples=samples)
            for x, right in zip(titles, pair.sampled_right, strict=True)
        ]
    boxes = side_by_side(answer_html(pair.before, titles[0]), answer_html(pair.after, titles[1]))
    return f'<div style="margin:0 0 1em">{question_html(f"{number + 1}. {pair.question}", pair.truth)}{boxes}</div>'
