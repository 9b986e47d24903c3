"""A term: a named number and the expression that it follows from. A region: where a surrogate treats a ratio otherwise.

Both are plain data. What an expression may say is in language.py; evaluate.py and the browser's terms.js compute it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal


class TermError(ValueError):
    """An expression that the language does not have, or that speaks of a name that nothing has."""


@dataclass(frozen=True)
class Term:
    """One named number on the page.

    `name` is an identifier. Where it is also the name of a trace column, the recorded numbers are the truth, and the
    expression has to give them. `title` (a short label) and `help` (one sentence) are English message templates, `tex`
    is a LaTeX symbol, `source` is a place in the code ("core/algorithms/advantages.py:gae"). `given` names the
    settings by which the form of the expression was chosen: where one of them is unknown, so is what the expression
    gives. (A setting that is known to be none has the text "none" then; None is unknown.)
    """

    name: str
    expression: str
    title: str = ""
    help: str = ""
    tex: str = ""
    source: str = ""
    given: tuple[str, ...] = ()


@dataclass(frozen=True)
class Region:
    """Where the ratio is beyond a bound and the advantage has a sign that makes the bound count.

    A token is in it when ratio_from < ratio < ratio_to (None: no bound on that side) and its advantage is positive or
    negative as `advantage` says; "any" means either sign, but not 0, since such a token has no gradient anyway. `side`
    is what the trace's column `clipped` records there: +1 high, -1 low. `cuts` says whether the gradient is cut there;
    if not, only its weight is bounded. The message template `says` explains it, filled with `values`, which are
    expressions. The bounds are expressions too; they are one number each for the whole step. `symbol` is how a formula
    writes the bound ("1 + ε_high", "e^−ε": index and exponent are shown as such); empty: its number alone is shown.

    Raises TermError if side, advantage, the bounds or the template make no sense.
    """

    side: Literal[-1, 1]
    ratio_from: str | None
    ratio_to: str | None
    advantage: Literal["positive", "negative", "any"]
    cuts: bool
    says: str
    values: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    symbol: str = ""

    def __post_init__(self) -> None:
        if self.side not in (-1, 1):
            raise TermError(f"a region's side must be +1 or -1, but is {self.side!r}")
        if self.advantage not in ("positive", "negative", "any"):
            raise TermError(f"a region's advantage must be positive, negative or any, but is {self.advantage!r}")
        if self.ratio_from is None and self.ratio_to is None:
            raise TermError("a region needs at least one bound, but ratio_from and ratio_to are both None")
        for name in re.findall(r"\{(\w+)\}", self.says):
            if name not in self.values:
                raise TermError(f"the region's sentence speaks of {{{name}}}, but its values are {list(self.values)}")
