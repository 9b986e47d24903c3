"""Intervals and differences as this lesson writes them; plain text that is also plain Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lessons.i18n import _
from lessons.kit.numbers import bound, percent, points

if TYPE_CHECKING:
    from core.insight.before_after import Difference, Estimate


def interval(estimate: Estimate) -> str:
    """30 % to 54 %."""
    return _("{low} to {high}").format(low=percent(estimate.low), high=percent(estimate.high))


def span(estimate: Estimate) -> str:
    """30–54 %: an interval where there is little room."""
    return f"{100 * estimate.low:.0f}–{100 * estimate.high:.0f} %"


def change(difference: Difference) -> str:
    """+62 points (+48 to +73)."""
    return _("{value} points ({low} to {high})").format(
        value=points(difference.value), low=bound(difference.low), high=bound(difference.high)
    )


def surely(difference: Difference) -> bool:
    """Whether the interval leaves 0 out."""
    return difference.low > 0 or difference.high < 0
