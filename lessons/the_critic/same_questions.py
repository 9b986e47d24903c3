"""The same questions for all: how fast each learner gets better, from a start model that can tell and from one that
cannot.
"""

from __future__ import annotations

import streamlit as st

from core.insight.seed_results import median_scored
from lessons.i18n import N_, _
from lessons.kit.lesson import figure, line_colour
from lessons.kit.linked import linked
from lessons.kit.numbers import number, table
from lessons.the_critic.results import (
    LEARNERS,
    SPAN_TITLES,
    curve,
    gap_words,
    mean,
    of,
    shape,
    spread_words,
    there,
)

#: Start model → the ending of its setups, and what it is called.
STARTS = {"sighted": ("", N_("taught to tell")), "blind": ("-blind", N_("blind: not taught"))}
ORDER = ("grpo", "ppo-zero", "ppo-fitted", "vine")


def same_questions() -> None:
    """The chart, its table and what the numbers say, for one start model at a time."""
    start = linked(
        st.segmented_control,
        _("Start model"),
        list(STARTS),
        key="tc_start",
        first="sighted",
        format_func=lambda x: _(STARTS[x][1]),
    )
    ending = STARTS[start][0]
    shown = [x for x in ORDER if there([shape(x, 16, ending)])]
    if not shown:
        st.info(_("This is not recorded here yet."))
        return
    _chart(shown, ending)
    _table(shown, ending)
    st.markdown("\n".join(f"- {x}" for x in _says(shown, ending)))


def _chart(shown: list[str], ending: str) -> None:
    import plotly.graph_objects as go

    drawing, readout, summary = go.Figure(), [], []
    for name in shown:
        label, (middle, spread) = LEARNERS[name], curve(shape(name, 16, ending))
        colour, xs = line_colour(label.colour), list(range(1, len(middle) + 1))
        drawing.add_scatter(
            x=[*xs, *reversed(xs)],
            y=[a + b for a, b in zip(middle, spread, strict=True)]
            + [a - b for a, b in reversed(list(zip(middle, spread, strict=True)))],
            fill="toself",
            fillcolor=colour,
            opacity=0.13,
            line={"width": 0},
            hoverinfo="skip",
            showlegend=False,
        )
        drawing.add_scatter(
            x=xs, y=middle, mode="lines", name=_(label.title), line={"color": colour, "dash": label.dash, "width": 2.5}
        )
        readout += [
            {
                _("step"): x,
                _("learner"): _(label.title),
                _("success"): number(middle[x - 1]),
                "±": number(spread[x - 1]),
            }
            for x in (1, *range(10, len(middle) + 1, 10))
        ]
        summary.append(f"{_(label.title)} {number(middle[0], 2)} → {number(middle[-1], 2)}")
    drawing.update_xaxes(title=_("training step"))
    drawing.update_yaxes(title=_("share of right answers"), range=[0.25, 1.0])
    alt = _("Share of right answers over training steps, mean and spread over seeds, first → last step: {summary}.")
    figure(drawing, key="tc_same_questions", alt=alt.format(summary="; ".join(summary)), table=readout, height=340)


def _table(shown: list[str], ending: str) -> None:
    head = [_("learner"), *(_(x) for x in SPAN_TITLES.values()), _("worst seed, at the end"), _("answers scored")]
    lines = []
    for name in shown:
        setup = shape(name, 16, ending)
        worst = min(x.mean("last-10") for x in of(setup))
        cells = [spread_words(setup, span) for span in SPAN_TITLES]
        lines.append([_(LEARNERS[name].title), *cells, number(worst), f"{median_scored(of(setup), setup):,}"])
    with st.container(key="tc_same_table"):
        st.markdown(table(head, lines))
        st.caption(
            _(
                "16 questions × 8 answers a step, mean success ± standard deviation over {seeds} seeds. “Answers "
                "scored” counts all: trained on, read by a critic beforehand, and VinePPO's continuations (the median "
                "of the seeds)."
            ).format(seeds=len(of(shape(shown[0], 16, ending))))
        )


def _says(shown: list[str], ending: str) -> list[str]:
    """Each learner against GRPO over the first steps, and the two that end highest against each other."""
    if "grpo" not in shown or len(shown) < 2:
        return []
    lines = [
        gap_words(shape(x, 16, ending), shape("grpo", 16, ending), "first-20", (_(LEARNERS[x].title), "GRPO"))
        for x in shown
        if x != "grpo"
    ]
    best, second, *_others = sorted(shown, key=lambda x: -mean(shape(x, 16, ending), "last-10"))
    pair = (_(LEARNERS[best].title), _(LEARNERS[second].title))
    lines.append(gap_words(shape(best, 16, ending), shape(second, 16, ending), "last-10", pair))
    return lines
