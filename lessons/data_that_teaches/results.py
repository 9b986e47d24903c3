"""The recorded studies of curated data as the page's sections read them: means over seeds, and paired differences."""

from __future__ import annotations

import functools
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.insight import unit_test_study
from core.insight.curation_study import (
    AS_MANY,
    COMMAND,
    CONDITIONS,
    EVERY,
    STEPS,
    CurationResult,
    read,
    unseen_count,
)
from core.insight.seed_results import SeedDifference, over_seeds, paired
from core.insight.unit_test_study import UnitTestResult
from lessons.i18n import N_, _
from lessons.kit.numbers import whole
from lessons.kit.over_seeds import NumberOf, gap_words, mean_and_spread

__all__ = ["AS_MANY", "COMMAND", "CONDITIONS", "EVERY", "STEPS", "TOPICS", "CurationResult"]


@dataclass(frozen=True)
class Named:
    """How a condition is named and drawn: colour is never the only difference."""

    title: str  # a message id
    colour: str  # a learner's, or "ink" for what the others are compared with
    dash: tuple[float, ...]  # a line's pattern in pixels


@dataclass(frozen=True)
class Topic:
    """What is done to the data, from little to much; the first condition is what the others are compared with."""

    title: str  # a message id
    conditions: dict[str, Named]

    @property
    def base(self) -> str:
        return next(iter(self.conditions))


_CLEAN = Named(N_("as they come"), "ink", ())
TOPICS = {
    "few": Topic(
        N_("Few different questions"),
        {
            "clean": Named(N_("always new ones"), "ink", ()),
            "distinct-64": Named(N_("64 questions"), "green", (8, 4)),
            "distinct-16": Named(N_("16 questions"), "pink", (2, 4)),
            "distinct-4": Named(N_("4 questions"), "orange", (9, 3, 2, 3)),
        },
    ),
    "difficulty": Topic(
        N_("Difficulty"),
        {
            "clean": _CLEAN,
            "easy": Named(N_("easy: right ≥ 75 % at the start"), "green", (8, 4)),
            "middle": Named(N_("middle: right 25–75 %"), "pink", (2, 4)),
            "hard": Named(N_("hard: right ≤ 25 %"), "orange", (9, 3, 2, 3)),
        },
    ),
    "repeated": Topic(
        N_("Repeated questions"),
        {
            "clean": Named(N_("each drawn anew"), "ink", ()),
            "repeated-50": Named(N_("50 % repeat another of the step"), "green", (8, 4)),
            "repeated-90": Named(N_("90 % repeat another of the step"), "pink", (2, 4)),
        },
    ),
    "wrong": Topic(
        N_("Wrong ground truths"),
        {
            "clean": Named(N_("none wrong"), "ink", ()),
            "wrong-10": Named(N_("10 % wrong"), "green", (8, 4)),
            "wrong-20": Named(N_("20 % wrong"), "pink", (2, 4)),
            "wrong-40": Named(N_("40 % wrong"), "orange", (9, 3, 2, 3)),
        },
    ),
    "leaked": Topic(
        N_("A leak from the held-out set"),
        {
            "not-leaked": Named(N_("trained on 32 other questions"), "ink", ()),
            "leaked": Named(N_("trained on the 32 held-out ones"), "orange", (9, 3, 2, 3)),
        },
    ),
    "thin-tests": Topic(
        N_("Thin unit tests"),
        {
            "all-tests": Named(N_("all ten tests pay"), "ink", ()),
            "tests-4": Named(N_("the 4 visible ones"), "green", (8, 4)),
            "tests-2": Named(N_("2 visible ones"), "pink", (2, 4)),
            "tests-1": Named(N_("1 visible one"), "orange", (9, 3, 2, 3)),
        },
    ),
    "wrong-tests": Topic(
        N_("Wrong unit tests"),
        {
            "all-tests": Named(N_("ten tests, none wrong"), "ink", ()),
            "wrong-tests-10": Named(N_("ten, 10 % wrong"), "green", (8, 4)),
            "wrong-tests-40": Named(N_("ten, 40 % wrong"), "pink", (2, 4)),
            "tests-1-wrong-40": Named(N_("one, 40 % wrong"), "orange", (9, 3, 2, 3)),
        },
    ),
}
#: Topics of unit tests; the conditions of the others are those of sums.
OF_TESTS = ("thin-tests", "wrong-tests")

Result = CurationResult | UnitTestResult


@functools.lru_cache(maxsize=1)
def rows() -> tuple[CurationResult, ...]:
    """The recorded results on sums; none where they are not recorded."""
    return tuple(read())


@functools.lru_cache(maxsize=1)
def test_rows() -> tuple[UnitTestResult, ...]:
    """The recorded results on programs, whose unit tests are thin or wrong; none where they are not recorded."""
    return tuple(unit_test_study.read())


def of(condition: str) -> dict[int, Any]:
    """One condition's results by seed: `Result`s of one sort."""
    both: tuple[Result, ...] = (*rows(), *test_rows())
    return {x.seed: x for x in both if x.condition == condition}


def seeds_of(conditions: Sequence[str]) -> list[int]:
    """The seeds that all of them have."""
    return [x for x in of(conditions[0]) if all(x in of(y) for y in conditions)]


def there(topic: Topic) -> bool:
    """Whether the topic was measured with at least two seeds."""
    return len(seeds_of(list(topic.conditions))) > 1


def curve(condition: str, seeds: Sequence[int]) -> tuple[list[float], list[float]]:
    """(mean, standard deviation) over seeds of held-out success, evaluation by evaluation, the one at the end included.

    All are sampled; those on the way with one response a question, the first and the last with more.
    """
    own = [of(condition)[x] for x in seeds]
    return over_seeds((x.start, *x.known[1:], x.heldout) for x in own)


def mean(condition: str, value: NumberOf[Any]) -> float:
    return statistics.fmean(value(x) for x in of(condition).values())


def spread_words(condition: str, value: NumberOf[Any]) -> str:
    """ "0.910 ± 0.012" over its seeds."""
    return mean_and_spread([value(x) for x in of(condition).values()])


def heldout(x: Result) -> float:
    return x.heldout


def gap(first: str, second: str) -> SeedDifference:
    """Held-out success, first − second, over the seeds that both have."""
    seeds = seeds_of([first, second])
    return paired([of(first)[x].heldout for x in seeds], [of(second)[x].heldout for x in seeds])


def at_equal_count() -> dict[str, SeedDifference]:
    """Condition → held-out success, it − as many questions taken at random; those that were measured with two seeds."""
    pairs = {chosen: many for many, chosen in AS_MANY.items() if len(seeds_of([chosen, many])) > 1}
    return {chosen: gap(chosen, many) for chosen, many in pairs.items()}


def difficulty_words(chosen: str, known: SeedDifference) -> str:
    """What the difficulty of the chosen questions does, beside as many at random, in a sentence."""
    title = TOPICS["difficulty"].conditions[chosen].title
    at_random = _("{count} at random").format(count=whole(round(mean(chosen, lambda x: x.asked))))
    return gap_words(known, (_(title), at_random))


def overstated(condition: str) -> SeedDifference:
    """Success on the held-out questions − success on questions that nobody was asked, seed by seed."""
    own = of(condition).values()
    return paired([x.heldout for x in own], [x.unseen for x in own])


def never_asked(topic: Topic) -> str:
    """How many questions of a run nobody was asked: "256", or from the fewest that a run of the topic had left."""
    counts = [unseen_count(x.asked) for name in topic.conditions for x in of(name).values()]
    fewest, most = min(counts), max(counts)
    return whole(most) if fewest == most else _("{low} to {high}").format(low=whole(fewest), high=whole(most))
