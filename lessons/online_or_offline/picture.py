"""What the page opens with: held-out success of online and offline learners, over responses learnt from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lessons.i18n import _, listed
from lessons.kit.lesson import mount
from lessons.kit.numbers import number, whole
from lessons.kit.over_seeds import who_leads
from lessons.kit.seed_race import first_to_last, race_words, racer
from lessons.online_or_offline.results import LEARNERS, budget, curve, kind, learnt_from, of, seeds, titled


def moving_picture(learners: Sequence[str]) -> None:
    """The recorded race: it plays in the browser. Another picture for other learners."""
    mount("race", data(learners), key=f"online_race_{len(learners)}")


def data(learners: Sequence[str]) -> dict[str, Any]:
    """What the picture is handed: each learner's mean and spread by evaluation, and a sentence for each of them."""
    curves = {x: curve(x, lambda point: point.heldout_success) for x in learners}
    marks = learnt_from()
    says = [_("Press play: every learner takes as many gradients.")]
    spoken = [says[0]]
    for n, count in enumerate(marks, 1):
        says.append(_at(learners, n, count))
        each = listed(f"{titled(x)} {number(mean[n - 1], 2)}" for x, (mean, _spread) in curves.items())
        spoken.append(_("{numbers}. {verdict}").format(numbers=each, verdict=says[n]))
    ends = first_to_last({titled(x): own for x, own in curves.items()})
    alt = _("Held-out success over responses learnt from, mean and spread over seeds, start → end: {summary}.")
    return {
        "racers": [racer(titled(x), kind(x).colour, LEARNERS[x], own) for x, own in curves.items()],
        "every": marks[1] - marks[0],
        "says": says,
        "spoken": spoken,
        "alt": alt.format(summary=ends),
        "words": race_words(
            title=_("Held-out success: mean ± standard deviation over {seeds} seeds").format(seeds=len(seeds())),
            steps=_("responses learnt from, {step} a step").format(step=(marks[1] - marks[0]) // _steps()),
            scrub=_("Evaluations that have gone by"),
        ),
    }


def _steps() -> int:
    """Steps from one evaluation to the next."""
    points = of("grpo")[seeds()[0]].points
    return points[1].step - points[0].step


def _at(learners: Sequence[str], n: int, count: int) -> str:
    """What the seeds tell at the nth evaluation, and what had to be scored for it."""
    if n == 1:
        return _("The same start for all. Offline, all {budget} responses are scored by now; online, none.").format(
            budget=whole(budget())
        )
    shares = {titled(x): {seed: of(x)[seed].points[n - 1].heldout_success for seed in seeds()} for x in learners}
    return who_leads(_("After learning from {count} responses").format(count=whole(count)), shares)
