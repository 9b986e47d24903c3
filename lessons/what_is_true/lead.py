"""A recorded race of credits: PPO with a critic, GRPO, and VinePPO, which is told the truth."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

import streamlit as st

from core.insight.seed_results import read, results_of, smoothed
from lessons.i18n import N_, _, listed
from lessons.kit.glossary import say, say_small
from lessons.kit.lesson import figure, line_colour
from lessons.kit.numbers import number, whole

if TYPE_CHECKING:
    from core.insight.seed_results import SeedResult
    from core.learners.kind import Colour

RACE = "python -m core.insight.long_sums"
#: A setup of the study of long sums → its name, colour, dash.
LEARNERS: dict[str, tuple[str, Colour, str]] = {
    "ppo-fitted-16x8": (N_("PPO (fitted critic)"), "blue", "solid"),
    "grpo-16x8": (N_("GRPO"), "orange", "dot"),
    "vine-16x8": (N_("VinePPO"), "green", "dash"),
}


def recorded_race() -> None:
    """Success over steps of PPO, GRPO and VinePPO, the mean over seeds; and how many responses each had scored."""
    results = {name: list(results_of(read(), name).values()) for name in LEARNERS}
    if not all(results.values()):
        st.info(_("This result is not recorded here yet. Make it with `{command}`.").format(command=RACE))
        return
    _race_chart(results)
    say(race_words(results))
    say_small(
        _("Recorded on six-term sums, {seeds} seeds, mean of three steps. Repeat it with `{command}`.").format(
            seeds=min(len(x) for x in results.values()), command=RACE
        )
    )


def _race_chart(results: dict[str, list[SeedResult]]) -> None:
    import plotly.graph_objects as go

    drawing, table = go.Figure(), []
    for name, own in results.items():
        title, colour, dash = LEARNERS[name]
        mean = [statistics.fmean(x) for x in zip(*(smoothed(x.success) for x in own), strict=True)]
        drawing.add_scatter(
            x=list(range(1, len(mean) + 1)), y=mean, mode="lines", name=_(title),
            line={"color": line_colour(colour), "dash": dash, "width": 2.5},
        )  # fmt: skip
        table.append(
            {_("learner"): _(title), **{_("step {step}").format(step=n): number(mean[n - 1], 2) for n in STEPS}}
        )
    drawing.update_xaxes(title=_("training step"))
    drawing.update_yaxes(title=_("success rate"), range=[0.25, 1.02])
    alt = _("Success over training steps of PPO, GRPO and VinePPO. {numbers}").format(numbers=race_words(results))
    figure(drawing, key="truth_race_chart", alt=alt, table=table, height=240)


#: Steps that the table below the chart has.
STEPS = (1, 10, 20, 40, 60)


def race_words(results: dict[str, list[SeedResult]]) -> str:
    """Each learner's success over the first twenty and the last ten steps, and what it took."""
    early, late = ({name: _mean(own, span) for name, own in results.items()} for span in ("first-20", "last-10"))
    one = _("{name} {early} and {late} ({scored} responses scored)")
    return _("Success over steps 1–20 and the last ten: {numbers}.").format(
        numbers=listed(
            one.format(
                name=_(LEARNERS[name][0]),
                early=number(early[name], 2),
                late=number(late[name], 2),
                scored=whole(statistics.median(x.scored for x in own)),  # as on the critic's page
            )
            for name, own in results.items()
        )
    )


def _mean(own: list[SeedResult], span: str) -> float:
    return statistics.fmean(x.mean(span) for x in own)
