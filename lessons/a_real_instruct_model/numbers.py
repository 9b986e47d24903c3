"""Shares, intervals and differences as this lesson writes them; plain text that is also plain Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lessons.i18n import _

if TYPE_CHECKING:
    from core.insight.before_after import Difference, Estimate

NONE = "–"


def percent(value: float | None) -> str:
    """A share as 42 %; a dash where there is none."""
    return NONE if value is None else f"{100 * value:.0f} %"


def interval(estimate: Estimate) -> str:
    """30 % to 54 %."""
    return _("{low} to {high}").format(low=percent(estimate.low), high=percent(estimate.high))


def span(estimate: Estimate) -> str:
    """30–54 %: an interval where there is little room."""
    return f"{100 * estimate.low:.0f}–{100 * estimate.high:.0f} %"


def points(value: float) -> str:
    """A change of a share in percentage points, with its sign: +62."""
    whole = round(100 * value)
    return f"{whole:+d}".replace("-", "−") if whole else "0"


def change(difference: Difference) -> str:
    """+62 points (+48 to +73)."""
    return _("{value} points ({low} to {high})").format(
        value=points(difference.value), low=points(difference.low), high=points(difference.high)
    )


def surely(difference: Difference) -> bool:
    """Whether the interval leaves 0 out."""
    return difference.low > 0 or difference.high < 0
