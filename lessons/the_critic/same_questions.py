"""The same questions for all: how fast each learner gets better, from a start model that can tell and from one that
cannot.
"""

from __future__ import annotations

import streamlit as st

from core.insight.seed_results import median_scored
from core.learners.registry import learner, needs_of
from core.presets import PRESETS
from lessons.i18n import N_, _, listed
from lessons.kit.critic import taught
from lessons.kit.glossary import say, say_small
from lessons.kit.lesson import figure, line_colour
from lessons.kit.linked import linked
from lessons.kit.numbers import number, table, whole
from lessons.the_critic.results import (
    LEARNERS,
    SPAN_TITLES,
    curve,
    gap,
    gap_words,
    mean,
    of,
    shape,
    spread_words,
    there,
    times,
)

#: Start model → the ending of its setups, and what it is called.
STARTS = {"sighted": ("", N_("taught to tell")), "blind": ("-blind", N_("blind: not taught"))}
#: The preset that trains from it: what its features were taught is its start model's recipe.
PRESET = {"sighted": "long-sums", "blind": "long-sums-blind"}
ORDER = ("grpo", "ppo-zero", "ppo-fitted", "vine")
#: What the table shows of a run: the early lead, and the end.
SPANS = ("first-20", "last-10")
#: GRPO with PPO's normalisation.
WHITENED = shape("grpo-whitened", 16)


def same_questions() -> None:
    """Who learns, then the chart, its table and what the numbers say, for one start model at a time."""
    if there([shape("ppo-fitted", 16), shape("ppo-zero", 16)]):
        say("\n".join(f"- {x}" for x in _who()))
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
    taught(PRESETS[PRESET[start]], quiet=True)
    say(_("Look at steps 1–20, where the lines part. Then choose the other start model, and look again."))
    _chart(shown, ending)
    _table(shown, ending)
    say("\n".join(f"- {x}" for x in _says(shown, ending)))


def _who() -> list[str]:
    """The four learners, by where their credit comes from."""
    fitted = of(shape("ppo-fitted", 16))[0].scored - of(shape("ppo-zero", 16))[0].scored
    return [
        _("**GRPO**: against the mean of its group, the responses to the same question."),
        _("**PPO (critic from zero)**: against a critic that learns only while the policy trains."),
        _("**PPO (fitted critic)**: its critic was fitted beforehand, to {count} responses of the start model.").format(
            count=whole(fitted)
        ),
        _(
            "**VinePPO**: no critic. Each prefix is finished {k} times; the share that comes out right is its value."
        ).format(k=needs_of(learner("vine")).continuations),
    ]


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
    head = [_("learner"), *(_(SPAN_TITLES[x]) for x in SPANS), _("worst seed, last ten"), _("responses scored")]
    lines = []
    for name in shown:
        setup = shape(name, 16, ending)
        worst = min(x.mean("last-10") for x in of(setup))
        cells = [spread_words(setup, span) for span in SPANS]
        lines.append([_(LEARNERS[name].title), *cells, number(worst), whole(median_scored(of(setup), setup))])
    with st.container(key="tc_same_table"):
        say(table(head, lines))
        say_small(
            _(
                "16 questions × 8 responses a step, mean success ± standard deviation over {seeds} seeds. “Responses "
                "scored” counts all: trained on, used to fit a critic beforehand, and VinePPO's continuations (the "
                "median of the seeds)."
            ).format(seeds=len(of(shape(shown[0], 16, ending))))
        )
        if not ending and (taken := times({_(LEARNERS[x].title): shape(x, 16) for x in shown})):
            say_small(taken)
        say(_("Seed by seed, over steps 1–20:"))


def _says(shown: list[str], ending: str) -> list[str]:
    """Each learner against GRPO over the first steps, whether any of that is left at the end, and what it is not."""
    if "grpo" not in shown:
        return []
    base = shape("grpo", 16, ending)
    rivals = {x: shape(x, 16, ending) for x in shown if x != "grpo"}
    lines = [gap_words(setup, base, "first-20", (_(LEARNERS[x].title), "GRPO")) for x, setup in rivals.items()]
    if not ending and there([WHITENED]):
        names = (_("GRPO (whitened, as PPO is)"), "GRPO")
        lines.append(_("Is it the normalisation? {words}").format(words=gap_words(WHITENED, base, "first-20", names)))
    return [*lines, _at_the_end(rivals, base)]


def _at_the_end(rivals: dict[str, str], base: str) -> str:
    """Which learners the seeds tell apart from GRPO over the last ten steps."""
    gaps = {x: gap(setup, base, "last-10") for x, setup in rivals.items()}
    apart = [_(LEARNERS[x].title) for x, known in gaps.items() if known.low > 0 or known.high < 0]
    means = [mean(x, "last-10") for x in (base, *rivals.values())]
    words = (
        _("By the last ten steps (means {low} to {high}) these seeds tell apart from GRPO: {learners}.")
        if apart
        else _("By the last ten steps (means {low} to {high}) these seeds tell no learner apart from GRPO.")
    )
    return words.format(low=number(min(means)), high=number(max(means)), learners=listed(apart))
