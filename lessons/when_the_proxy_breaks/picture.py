"""What the page opens with: what the reward model says rises, and what the taste says bends, look by look."""

from __future__ import annotations

from typing import Any

from core.insight.proxy_results import EVERY
from lessons.i18n import _
from lessons.kit.lesson import mount
from lessons.kit.numbers import number, signed
from lessons.kit.seed_race import first_to_last, race_words, racer
from lessons.when_the_proxy_breaks.results import Condition, gold, proxy, runs

#: The proxy's pattern in pixels: colour is never the only difference.
DASH = (8, 4)


def moving_picture(condition: Condition) -> None:
    """The condition's two curves as they grow; another picture for each condition."""
    mount("race", data(condition), key=f"proxy_race_{condition.name}")


def data(condition: Condition) -> dict[str, Any]:
    """What the picture is handed: both curves, and at each look a reply that one of the runs then wrote."""
    curves = {_("proxy: the reward model"): proxy(condition), _("gold: the hidden taste"): gold(condition)}
    (pushed, _spread), (true, _also) = curves.values()
    first = runs(condition)[0]
    says = [_("Press play: {learner} trains on what the reward model says.").format(learner=condition.learner_title)]
    reply = _(
        "After {step} steps: proxy {proxy}, gold {gold}. A reply of seed {seed}: “{reply}” The taste (0–1) gives it "
        "{true}."
    )
    for i, point in enumerate(first.points):
        says.append(
            reply.format(
                step=point.step,
                proxy=signed(pushed[i]),
                gold=signed(true[i]),
                seed=first.seed,
                reply=point.reply,
                true=number(point.reply_gold, 2),
            )
        )
    alt = _("Over training steps, in standard deviations of the start's replies, start → end: {summary}.")
    title = _("Mean ± standard deviation over {seeds} seeds, in standard deviations of the start's replies")
    looks = [
        racer(name, colour, dash, curve)
        for (name, curve), colour, dash in zip(curves.items(), ("orange", "green"), (DASH, ()), strict=True)
    ]
    return {
        "racers": looks,
        "every": EVERY,
        "says": says,
        "spoken": says,
        "alt": alt.format(summary=first_to_last(curves)),
        "words": race_words(
            title=title.format(seeds=len(runs(condition))),
            steps=_("training step"),
            scrub=_("Evaluations that have gone by"),
        ),
    }
