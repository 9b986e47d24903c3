"""What the page opens with: the recorded race of four learners, step by step, and how far the seeds tell who leads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.insight.seed_results import SeedResult
from lessons.i18n import N_, _, listed, ngettext
from lessons.kit.glossary import say_small
from lessons.kit.lesson import mount
from lessons.kit.linked import linked
from lessons.kit.numbers import number
from lessons.kit.over_seeds import close_up, who_leads
from lessons.kit.seed_race import first_to_last, race_words, racer
from lessons.the_critic.results import COMMAND, LEARNERS, curve, of, shape, there

#: Start model → the ending of its setups, and what it is called.
STARTS = {"sighted": ("", N_("taught to tell")), "blind": ("-blind", N_("blind: not taught"))}
ORDER = ("grpo", "ppo-zero", "ppo-fitted", "vine")
QUESTIONS = 16
#: A line's pattern as charts name it → in pixels.
DASHES: dict[str, list[float]] = {"solid": [], "dot": [2, 4], "dash": [8, 4], "dashdot": [9, 3, 2, 3]}


def racers(ending: str) -> list[str]:
    """The learners that were measured from a start model, by its setups' ending."""
    return [x for x in ORDER if there([shape(x, QUESTIONS, ending)])]


def race() -> str:
    """The race from one of the start models, playing; returns which one was chosen."""
    picture = st.container()
    choice, about = st.columns([2, 3], vertical_alignment="bottom")
    with choice:
        start = linked(
            st.segmented_control,
            _("Start model"),
            list(STARTS),
            key="tc_start",
            first="sighted",
            format_func=lambda x: _(STARTS[x][1]),
        )
    with picture:
        ending = STARTS[start][0]
        shown = racers(ending)
        if not shown:
            return start  # the section that has its numbers says so
        # Another picture for each start model: it is not the same race.
        mount("race", data(shown, ending), key=f"tc_race_{start}")
    with about:
        say_small(
            _(
                "Recorded on six-term sums. “Tell apart”: by the differences seed by seed, all pairs of learners "
                "judged together (Holm, 5 %), as nobody knew before who would lead; each span is judged by itself. "
                "Repeat it with `{command}`."
            ).format(command=COMMAND)
        )
    return start


def data(shown: Sequence[str], ending: str) -> dict[str, Any]:
    """What the picture is handed: each learner's mean and spread by step, and a sentence for every step."""
    setups = {x: shape(x, QUESTIONS, ending) for x in shown}
    curves = {x: curve(setup) for x, setup in setups.items()}
    steps = len(curves[shown[0]][0])
    results = {_(LEARNERS[x].title): of(setup) for x, setup in setups.items()}
    says = [_("Press play: the {steps} steps go by.").format(steps=steps)]
    says += [verdict(results, n) for n in range(1, steps + 1)]
    spoken = [says[0]]
    for n in range(1, steps + 1):
        each = listed(
            f"{_(LEARNERS[x].title)} {number(a[n - 1], 2)} ± {number(b[n - 1], 2)}" for x, (a, b) in curves.items()
        )
        spoken.append(close_up(_("Step {n}: {each}. {verdict}").format(n=n, each=each, verdict=says[n])))
    first_last = first_to_last({_(LEARNERS[x].title): own for x, own in curves.items()})
    alt = _("Share of right answers over training steps, mean and spread over seeds, first → last step: {summary}.")
    return {
        "racers": [
            racer(_(LEARNERS[x].title), LEARNERS[x].colour, DASHES[LEARNERS[x].dash], own) for x, own in curves.items()
        ],
        "says": says,
        "spoken": spoken,
        "alt": alt.format(summary=first_last),
        "words": race_words(
            title=_("Share of right answers: mean ± standard deviation over {seeds} seeds").format(
                seeds=min(len(x) for x in results.values())
            ),
            steps=_("training step"),
            scrub=_("Training steps that have gone by"),
        ),
    }


def verdict(results: Mapping[str, Sequence[SeedResult]], steps: int) -> str:
    """Who was right most often over the first steps, and from whom the seeds tell that learner apart; nobody is named
    where they tell it apart from none.

    `results`: a learner's name → its results, at least two seeds of each learner in common.
    """
    so_far = {name: {x.seed: sum(x.success[:steps]) / steps for x in own} for name, own in results.items()}
    return who_leads(ngettext("Step 1", "Steps 1–{n}", steps).format(n=steps), so_far)
