"""What the page opens with: held-out success as a run's data are spoiled more and more, step by step."""

from __future__ import annotations

from typing import Any

from lessons.data_that_teaches.results import EVERY, Topic, curve, seeds_of
from lessons.i18n import _, listed
from lessons.kit.lesson import mount
from lessons.kit.numbers import number
from lessons.kit.seed_race import first_to_last, race_words, racer


def moving_picture(key: str, topic: Topic) -> None:
    """The topic's conditions as lines that grow; another picture for each topic."""
    mount("race", data(topic), key=f"data_race_{key}")


def data(topic: Topic) -> dict[str, Any]:
    """What the picture is handed: each condition's mean and spread by evaluation, and a sentence for each of them."""
    seeds = seeds_of(list(topic.conditions))
    curves = {x: curve(x, seeds) for x in topic.conditions}
    times = len(curves[topic.base][0])
    says = [_("Press play: the run's evaluations go by.")]
    for n in range(1, times + 1):
        each = listed(f"{_(topic.conditions[x].title)} {number(a[n - 1], 2)}" for x, (a, _spread) in curves.items())
        says.append(_("After {step} steps, held-out success: {each}.").format(step=(n - 1) * EVERY, each=each))
    ends = first_to_last({_(label.title): curves[x] for x, label in topic.conditions.items()})
    alt = _("Held-out success over training steps, mean and spread over seeds, start → end: {summary}.")
    title = _("Held-out success of GRPO: mean ± standard deviation over {seeds} seeds")
    return {
        "racers": [racer(_(x.title), x.colour, x.dash, curves[name]) for name, x in topic.conditions.items()],
        "every": EVERY,
        "says": says,
        "spoken": says,
        "alt": alt.format(summary=ends),
        "words": race_words(
            title=title.format(seeds=len(seeds)), steps=_("training step"), scrub=_("Evaluations that have gone by")
        ),
    }
