"""Sums, means, spreads and extremes over a response's tokens, a group's responses or the whole step.

A spread divides by N - ddof, or by 1 where that is less than 1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from core.terms.data import Bools, Floats


def over_response(name: str, x: Floats, null: Bools, written: Bools) -> tuple[Floats, Bools]:
    """The sum or mean of each response's written tokens; x, null, written [B, T] -> numbers and null [B]."""
    total = np.where(written, x, 0).sum(1)
    missing: Bools = np.any(null & written, axis=1)
    return (total if name == "sum" else total / written.sum(1)), missing


def over_group(name: str, x: Floats, null: Bools, group: Floats, ddof: float) -> tuple[Floats, Bools]:
    """For each response a number of its whole group; x, null, group [B] -> numbers and null [B]."""
    _, index = np.unique(group, return_inverse=True)
    index = index.reshape(-1)
    any_null = np.bincount(index, weights=null) > 0

    def total(numbers: Floats) -> Floats:
        return np.bincount(index, weights=numbers).astype(float)

    count = np.bincount(index)
    if name in ("min", "max"):
        worst, better = (np.inf, np.minimum) if name == "min" else (-np.inf, np.maximum)
        reduced = np.full(len(count), worst)
        better.at(reduced, index, x)
    elif name == "sum":
        reduced = total(x)
    else:
        reduced = total(x) / count
        if name == "std":
            reduced = np.sqrt(total(np.square(x - reduced[index])) / np.maximum(1, count - ddof))
    return reduced[index], any_null[index]


def over_batch(name: str, x: Floats, ddof: float) -> float:
    """One number of all x [N]; NaN where N is 0."""
    if not x.size:
        return np.nan
    if name == "std":
        return float(np.sqrt(np.square(x - x.mean()).sum() / max(1, x.size - ddof)))
    plain: dict[str, Callable[[Floats], Any]] = {"mean": np.mean, "min": np.min, "max": np.max}
    return float(plain[name](x))
