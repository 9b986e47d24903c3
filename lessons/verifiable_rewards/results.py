"""The recorded study of four rules of payment, as the page's sections read it: means over seeds, paired differences."""

from __future__ import annotations

import functools
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.insight.gaming_study import COMMAND, CONDITIONS, EVERY, STEPS, GamingResult, read
from core.insight.seed_results import SeedDifference, over_seeds, paired
from core.learners.kind import Colour
from lessons.i18n import N_
from lessons.kit.over_seeds import NumberOf, mean_and_spread

__all__ = ["COMMAND", "CONDITIONS", "EVERY", "RULES", "STEPS"]

#: Of so many last steps the share of responses that game is the mean.
LAST = 10


@dataclass(frozen=True)
class Rule:
    """How a condition of the study is named."""

    title: str  # a message id
    colour: Colour


RULES: dict[str, Rule] = {
    "all": Rule(N_("all tests, all or nothing"), "blue"),
    "visible": Rule(N_("visible tests, all or nothing"), "orange"),
    "all-share": Rule(N_("all tests, the share passed"), "green"),
    "visible-share": Rule(N_("visible tests, the share passed"), "pink"),
}


@functools.lru_cache(maxsize=1)
def rows() -> tuple[GamingResult, ...]:
    """The recorded results; none where they are not recorded."""
    return tuple(read())


def of(condition: str) -> dict[int, GamingResult]:
    """One condition's results by seed."""
    return {x.seed: x for x in rows() if x.condition == condition}


def seeds() -> list[int]:
    """The seeds that every condition has."""
    return [x for x in of("all") if all(x in of(y) for y in CONDITIONS)]


NUMBERS: dict[str, NumberOf[GamingResult]] = {
    "visible": lambda x: x.heldout_visible[-1],
    "hidden": lambda x: x.heldout_hidden[-1],
    "right": lambda x: x.heldout_success[-1],
    "games": lambda x: statistics.fmean(x.games[-LAST:]),
}


def curve(condition: str, series: Callable[[GamingResult], Sequence[float]]) -> tuple[list[float], list[float]]:
    """(mean, standard deviation) over seeds of a series, evaluation by evaluation."""
    return over_seeds(series(of(condition)[x]) for x in seeds())


def spread_words(condition: str, value: NumberOf[GamingResult]) -> str:
    """ "0.91 ± 0.01" over the seeds."""
    return mean_and_spread([value(of(condition)[x]) for x in seeds()], 2)


def difference(first: str, second: str, value: NumberOf[GamingResult]) -> SeedDifference:
    """First − second in one number, seed by seed."""
    return paired([value(of(first)[x]) for x in seeds()], [value(of(second)[x]) for x in seeds()])


def change(condition: str, series: Callable[[GamingResult], Sequence[float]]) -> SeedDifference:
    """End − start of a series, seed by seed."""
    own = [series(of(condition)[x]) for x in seeds()]
    return paired([x[-1] for x in own], [x[0] for x in own])
