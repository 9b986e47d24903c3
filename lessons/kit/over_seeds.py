"""What several seeds tell of recorded learners, in words: whose numbers they tell apart, and whose not."""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from core.insight.seed_results import SeedDifference, told_apart
from lessons.i18n import _, listed
from lessons.kit.numbers import number, signed

Result = TypeVar("Result")
#: A number that a recorded result is asked for.
NumberOf = Callable[[Result], float]

#: Chinese characters and full-width signs.
_WIDE = "[\u3001-\u9fff\uff01-\uff60]"


def close_up(words: str) -> str:
    """Without the space that a template has around names, where Chinese leaves none: beside full-width signs."""
    return re.sub(rf"(?<={_WIDE}) (?={_WIDE})|(?<=）) ", "", words)


def mean_and_spread(values: Sequence[float], digits: int = 3) -> str:
    """ "0.910 ± 0.012": mean and standard deviation over at least two seeds."""
    return f"{number(statistics.fmean(values), digits)} ± {number(statistics.stdev(values), digits)}"


def gap_words(known: SeedDifference, names: tuple[str, str]) -> str:
    """A paired difference in a sentence that is chosen by its interval."""
    sentence = (
        _("**{first}** − {second}: {mean} (95 % interval {low} to {high}, {seeds} seeds).")
        if known.low > 0 or known.high < 0
        else _("**{first}** − {second}: {mean} (95 % interval {low} to {high}): {seeds} seeds do not tell them apart.")
    )
    numbers = {"mean": signed(known.mean, 3), "low": signed(known.low, 3), "high": signed(known.high, 3)}
    return sentence.format(first=names[0], second=names[1], seeds=known.seeds, **numbers)


def who_leads(span: str, shares: Mapping[str, Mapping[int, float]]) -> str:
    """Who was right most often over a span, and from whom the seeds tell that learner apart; nobody is named where
    they tell it apart from none. All pairs are judged together, as the leader is chosen by the same numbers.

    `shares`: a learner's name → seed → its share of right responses; at least two seeds of each learner in common.
    """
    means = {name: sum(own.values()) / len(own) for name, own in shares.items()}
    first = max(means, key=means.__getitem__)
    known = told_apart(shares)
    apart = [x for x in shares if (first, x) in known]
    others = [x for x in shares if x != first and x not in apart]
    if not apart:
        words = _("{span}: the means are {low} to {high}. These {seeds} seeds tell the highest apart from none.")
    elif others:
        words = _(
            "{span}: {first} was right more often ({mean}) than {apart}. These {seeds} seeds do not tell it apart from "
            "{others}."
        )
    else:
        words = _("{span}: {first} was right most often ({mean}). {seeds} seeds tell it apart from every other.")
    return close_up(
        words.format(
            span=span,
            first=first,
            mean=number(means[first], 2),
            apart=listed(apart),
            others=listed(others),
            low=number(min(means.values()), 2),
            high=number(max(means.values()), 2),
            seeds=min(map(len, shares.values())),
        )
    )
