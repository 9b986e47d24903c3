"""Which places of a list have its lowest or its highest number: several where they tie."""

from __future__ import annotations

from collections.abc import Sequence

#: Numbers that differ by no more are equal: what is left is float32 rounding (as in core/insight/agreement.py).
TIE = 1e-6


def lowest(values: Sequence[float]) -> list[int]:
    """The places of the lowest value, from 0; all of them where they are equal. None of an empty list."""
    least = min(values, default=0.0)
    return [place for place, x in enumerate(values) if x <= least + TIE]


def highest(values: Sequence[float]) -> list[int]:
    """The places of the highest value, from 0; all of them where they are equal. None of an empty list."""
    return lowest([-x for x in values])
