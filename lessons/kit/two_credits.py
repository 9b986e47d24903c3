"""One response under the credit of several learners, playing in the browser: its tokens one by one, a bar a learner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.learners.registry import LEARNER_KINDS
from lessons.i18n import _
from lessons.kit.display import plain
from lessons.kit.lesson import mount


@dataclass(frozen=True)
class CreditRow:
    """One learner's credit of each token; None where it is not to be seen yet."""

    algorithm: str
    values: Sequence[float] | None
    says: str  # a short note under its name
    key: str = ""  # which response of which learner


def asked_words(prompt: str, answer: str, success: bool, reward: float) -> str:
    """What was asked and what came of the response that is shown; Markdown."""
    words = _("Asked {prompt}, the model wrote this, and it is right: reward {reward}.")
    if not answer:  # none is the right one
        words = _("Asked {prompt}, the model wrote this. Reward {reward}.")
    elif not success:
        words = _("Asked {prompt}, the model wrote this. It is wrong: the answer is {answer}. Reward {reward}.")
    return words.format(prompt=f"**{plain(prompt)}**", answer=plain(answer), reward=f"{reward:g}")


def two_credits(tokens: Sequence[str], rows: Sequence[CreditRow], *, slip: int | None, alt: str, key: str) -> None:
    """Plays the response. `slip`: the place of the token to point out, if any; `alt` says what is to be seen."""
    mount(
        "credits",
        {
            "tokens": list(tokens),
            "rows": [
                {
                    "key": x.key,
                    "name": LEARNER_KINDS[x.algorithm].title,
                    "colour": LEARNER_KINDS[x.algorithm].colour,
                    "values": None if x.values is None else list(x.values),
                    "says": x.says,
                }
                for x in rows
            ],
            "slip": slip,
            "alt": alt,
            "words": _words(),
        },
        key=key,
    )


def _words() -> dict[str, str]:
    """What the picture says by itself; the browser fills the places."""
    return {
        "play": _("Play"),
        "pause": _("Pause"),
        "again": _("Play again"),
        "scrub": _("Which token"),
        "row": _("response"),
        "says": _("Advantage of “{token}”, token {n} of {all}"),
        "value": _("{name} {value}"),
        "slip": _("here it first goes wrong"),
        "comma": _(", "),
        "colon": _(": "),
        "none": _("none"),
    }
