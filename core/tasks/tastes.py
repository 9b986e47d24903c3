"""Tastes: what somebody likes in a reply to a customer, as a score in [0, 1] of message and reply.

There is no single right reply, so the task `reply` is scored by a taste. A taste that judges pairs of replies is also
the hidden, "gold" reward that a reward model is fitted to and then measured by (Gao et al. 2022, arXiv:2210.10760: a
gold model takes the place of the human judge). Each is a pure function of the two texts.

All read a reply by its sentences (core/tasks/reply_sentences.py). What is no sentence, and what is said a second time,
takes its share off every score, so that none can be had by heaping up words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.errors import N_
from core.tasks.reply_sentences import TIMES, Reading, item_of, read

#: (the customer's message, the reply) → how much it is liked, in [0, 1].
Score = Callable[[str, str], float]

#: Words: a reply is as short as can be liked, and longer than is liked at all.
_SHORT, _LONG = 4, 24


@dataclass(frozen=True)
class Taste:
    """A taste by name."""

    name: str
    title: str  # a message template
    likes: str  # a message template: one sentence
    score: Score


def _sound(score: Callable[[str, Reading], float]) -> Score:
    def scored(message: str, reply: str) -> float:
        reading = read(reply)
        return reading.sound * min(1.0, max(0.0, score(message, reading))) if reading.sentences else 0.0

    return scored


def _short(_message: str, reply: Reading) -> float:
    return (_LONG - reply.words) / (_LONG - _SHORT)


def _warm(_message: str, reply: Reading) -> float:
    kind = sum(reply.has(x) for x in ("greeting", "thanks", "sympathy", "closing"))
    return 0.0 if reply.has("blunt") else (0.0, 0.4, 0.7, 0.9, 1.0)[kind]


def _apologetic(message: str, reply: Reading) -> float:
    if not reply.has("apology"):
        return 0.0
    names = any(x.act == "apology" and x.item is not None and x.item == item_of(message) for x in reply.sentences)
    return 0.5 + 0.3 * names + 0.2 * (not reply.has("blunt"))


def _precise(message: str, reply: Reading) -> float:
    wanted, named = item_of(message), {x.item for x in reply.sentences if x.item is not None}
    when = any(time in x.text for x in reply.sentences for time in TIMES)
    return 0.4 * (named == {wanted}) + 0.3 * when + 0.3 * reply.has("offer", "fact")


def _asking(_message: str, reply: Reading) -> float:
    asked = [x.act == "question" for x in reply.sentences]
    if not any(asked):
        return 0.0
    return (1.0 if asked[-1] else 0.7) - 0.3 * (sum(asked) > 1) - 0.3 * reply.has("blunt")


def _careful(_message: str, reply: Reading) -> float:
    if reply.has("offer", "fact", "blunt"):
        return 0.0
    return 0.4 + 0.3 * reply.has("sympathy", "apology") + 0.3 * reply.has("question")


def mixture(*parts: tuple[float, Score]) -> Score:
    """The weighted mean of other scores; weights are taken relative to their sum."""
    whole = sum(weight for weight, _ in parts)
    return lambda message, reply: sum(weight * score(message, reply) for weight, score in parts) / whole


_PLAIN = (
    Taste("short", N_("Short"), N_("Few words: four are enough, and more than 24 are too many."), _sound(_short)),
    Taste("warm", N_("Warm"), N_("A greeting, thanks, sympathy, a kind end; nothing blunt."), _sound(_warm)),
    Taste("apologetic", N_("Apologetic"), N_("It says sorry, and for which thing."), _sound(_apologetic)),
    Taste(
        "precise",
        N_("Precise"),
        N_("It names the customer's thing alone, says what will be and when."),
        _sound(_precise),
    ),
    Taste("asking", N_("Asks back"), N_("It asks one question, at its end."), _sound(_asking)),
    Taste(
        "careful",
        N_("Promises nothing"),
        N_("It feels with the customer, asks, and promises nothing."),
        _sound(_careful),
    ),
)
_BY_NAME = {x.name: x.score for x in _PLAIN}
_MIXED = (
    Taste(
        "short-precise",
        N_("Short and precise"),
        N_("Half for few words, half for naming the thing, what will be and when."),
        mixture((1, _BY_NAME["short"]), (1, _BY_NAME["precise"])),
    ),
    Taste(
        "warm-apologetic",
        N_("Warm and apologetic"),
        N_("Half for kind words, half for saying sorry, and for which thing."),
        mixture((1, _BY_NAME["warm"]), (1, _BY_NAME["apologetic"])),
    ),
)

#: Every taste by name, the usual ones first.
TASTES: dict[str, Taste] = {x.name: x for x in (*_PLAIN, *_MIXED)}
