"""What the page opens with: a recorded response whose true value falls to nothing, and a recorded race of credits."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.insight.seed_results import read, results_of, smoothed
from lessons.i18n import N_, _, listed
from lessons.kit.display import plain, token_name
from lessons.kit.glossary import say, say_small
from lessons.kit.lesson import figure, line_colour
from lessons.kit.numbers import number, whole
from lessons.kit.records import record
from lessons.kit.ties import highest
from lessons.what_is_true.values import Values, values_chart

if TYPE_CHECKING:
    from core.insight.seed_results import SeedResult
    from core.learners.kind import Colour

FALL, RACE = "python -m core.runs.true_fall", "python -m core.insight.long_sums"
#: A setup of the study of long sums → its name, colour, dash.
LEARNERS: dict[str, tuple[str, Colour, str]] = {
    "ppo-fitted-16x8": (N_("PPO (fitted critic)"), "blue", "solid"),
    "grpo-16x8": (N_("GRPO"), "orange", "dot"),
    "vine-16x8": (N_("VinePPO"), "green", "dash"),
}


def fall() -> None:
    """The recorded response: the truth before each token, the critic's values, and the group's mean."""
    of = record("true-fall.json")
    if of is None:
        st.info(_("This result is not recorded here yet. Make it with `{command}`.").format(command=FALL))
        return
    values = Values(of["tokens"], of["true"], of["low"], of["high"], of["critic"], of["group_mean"])
    values_chart(values, key="truth_fall")
    say(fall_words(of))
    say_small(
        _(
            "Recorded: {learner} at step {step} of the recorded run, every prefix finished {k} times. Repeat it with "
            "`{command}`."
        ).format(
            learner=plain(of["about"]["learner"].upper()),
            step=of["about"]["step"] + 1,
            k=of["about"]["continuations"],
            command=FALL,
        )
    )


def largest_fall(true: list[float]) -> int:
    """The token at which the true value falls furthest, from 0."""
    return highest([true[t] - true[t + 1] for t in range(len(true) - 1)])[0]


def fall_words(of: dict[str, Any]) -> str:
    """Where the truth falls, and what the critic's value does there and afterwards."""
    true, critic = of["true"], of["critic"]
    at = largest_fall(true)
    after = critic[at + 1 :]
    stays = _(
        "{prompt} was answered {response}. At “{token}”, position {position}, the truth falls from {before} to "
        "{then}: the answer can hardly come out right any more. The critic's value goes from {said} to {says}, and "
        "stays at {least} or more until the end: **it does not notice.** GRPO has one number for all, {mean}."
    )
    falls = _(
        "{prompt} was answered {response}. At “{token}”, position {position}, the truth falls from {before} to "
        "{then}. The critic's value goes from {said} to {says}, at its lowest to {least}. GRPO has one number for all, "
        "{mean}."
    )
    return (stays if min(after) > 0.5 else falls).format(
        prompt=plain(of["prompt"], 40),
        response=plain("".join(token_name(x) if x != "<eos>" else "" for x in of["tokens"]), 60),
        token=plain(token_name(of["tokens"][at]), 12),
        position=at + 1,
        before=number(true[at], 2),
        then=number(true[at + 1], 2),
        said=number(critic[at], 2),
        says=number(after[0], 2),
        least=number(min(after), 2),
        mean=number(of["group_mean"], 2),
    )


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
                scored=whole(statistics.median(x.scored for x in own)),  # as on the critic’s page
            )
            for name, own in results.items()
        )
    )


def _mean(own: list[SeedResult], span: str) -> float:
    return statistics.fmean(x.mean(span) for x in own)
