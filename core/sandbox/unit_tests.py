"""Unit tests, and what came out of them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from core.errors import Message

#: How a test ended. `raised`: an exception; `time`, `memory`, `depth`, `printed`: a limit; `syntax`: it is no program;
#: `outside`: it reached for a module, a file or the network; `broke`: its worker ended, or its report is none;
#: `unreached`: an earlier test used up what there was.
Ending = Literal[
    "right", "wrong", "raised", "time", "memory", "depth", "printed", "syntax", "outside", "broke", "unreached"
]


@dataclass(frozen=True)
class UnitTest:
    """One call of the program's function, and what it has to give back."""

    arguments: tuple[Any, ...]  # plain values: numbers, text, booleans, None, lists, tuples, dicts of them
    expected: Any  # the same; it is compared by its text (repr): 1 is not 1.0, and a dict's order counts
    hidden: bool = False  # nothing of it is shown: neither what it is called with nor what came out


@dataclass(frozen=True)
class UnitResult:
    """What came out of one test."""

    ending: Ending
    got: str | None  # text (repr) of what came out; None where nothing did, and for a hidden test
    reason: Message | None  # why it failed; None where it passed. A hidden test's says how, and no values

    @property
    def passed(self) -> bool:
        """Whether it gave what was expected."""
        return self.ending == "right"


@dataclass(frozen=True)
class ProgramResult:
    """What came out of all tests of one program."""

    tests: tuple[UnitTest, ...]
    results: tuple[UnitResult, ...]  # one a test, in their order
    seconds: float  # wall time, the first interpreter's start not included

    @property
    def passed(self) -> bool:
        """Whether all tests passed."""
        return all(x.passed for x in self.results)

    @property
    def share(self) -> float:
        """Share of all tests that passed, 0 to 1."""
        return _share(self.results)

    @property
    def visible(self) -> float:
        """Share of the visible tests that passed; NaN where there are none."""
        return _share(r for t, r in zip(self.tests, self.results, strict=True) if not t.hidden)

    @property
    def hidden(self) -> float:
        """Share of the hidden tests that passed; NaN where there are none."""
        return _share(r for t, r in zip(self.tests, self.results, strict=True) if t.hidden)

    @property
    def parts(self) -> dict[str, float]:
        """The shares of visible and of hidden tests that passed, of those that there are, as a verdict names them."""
        shares = {"visible_tests": self.visible, "hidden_tests": self.hidden}
        return {name: x for name, x in shares.items() if not math.isnan(x)}

    @property
    def games(self) -> bool:
        """Whether it passes every visible test and fails a hidden one: right only where somebody looks."""
        return self.visible == 1.0 and not self.passed


def _share(results: Iterable[UnitResult]) -> float:
    passed = [x.passed for x in results]
    return sum(passed) / len(passed) if passed else math.nan
