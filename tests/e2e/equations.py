"""What the formula card prints, computed again from its printed digits."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

_EQUATION = re.compile(r"^(.+?) = ([+−]?[\d.]+)")
_SIGNS = str.maketrans({"−": "-", "×": "*", "²": "**2"})
#: What its formulas call. (A spread does not say what it was divided by: it is compared with the trace instead.)
_CALLS: dict[str, Any] = {
    "exp": np.exp,
    "expm1": np.expm1,
    "mean": lambda *x: np.mean(x),
    "sum": lambda *x: np.sum(x),
    "clip": lambda x, low, high: np.clip(x, low, high),
    "min": min,
    "max": max,
    "abs": abs,
}


def number(text: str) -> float:
    """A printed number."""
    return float(text.replace("−", "-").replace("+", ""))


def result(line: str) -> float:
    """What stands after the "=" of a line."""
    match = _EQUATION.match(line)
    assert match, line
    return number(match.group(2))


def true_as_printed(line: str) -> bool:
    """Whether an equation, if the line starts with one, holds for the digits that are shown; True if it was checked."""
    match = _EQUATION.match(line)
    if not match or not re.search(r"[+−×/(]", match.group(1)) or re.search(r"…|\bstd\b", match.group(1)):
        return False
    digits = len(match.group(2).partition(".")[2])
    value = eval(match.group(1).translate(_SIGNS), _CALLS)
    assert abs(value - number(match.group(2))) <= 0.5 * 10**-digits + 1e-9, line
    return True
