"""What a unit test is, and what came out of those of a program."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from core.errors import Message
from core.rewards.verdict import PARTS
from core.sandbox.harness import CallEnding

#: How a test ended: as its call did (core/sandbox/harness.py), or `wrong`, where something else came out.
Ending = CallEnding | Literal["wrong"]


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
        return share_of(self.results)

    @property
    def visible(self) -> float:
        """Share of the visible tests that passed; NaN where there are none."""
        return share_of(r for t, r in zip(self.tests, self.results, strict=True) if not t.hidden)

    @property
    def hidden(self) -> float:
        """Share of the hidden tests that passed; NaN where there are none."""
        return share_of(r for t, r in zip(self.tests, self.results, strict=True) if t.hidden)

    @property
    def parts(self) -> dict[str, float]:
        """The shares of visible and of hidden tests that passed, of those that there are, as a verdict names them."""
        shares = {"visible_tests": self.visible, "hidden_tests": self.hidden}
        return {name: shares[name] for name in parts_of(self.tests)}

    @property
    def games(self) -> bool:
        """Whether it passes every visible test and fails a hidden one: right only where somebody looks."""
        return self.visible == 1.0 and not self.passed


def parts_of(tests: Iterable[UnitTest]) -> tuple[str, ...]:
    """What a verdict by these tests has as its parts: names of PARTS, in their order."""
    kinds = {x.hidden for x in tests}
    return tuple(name for name, hidden in zip(PARTS, (False, True), strict=True) if hidden in kinds)


def share_of(results: Iterable[UnitResult]) -> float:
    """The share of these that passed, 0 to 1; NaN where there are none."""
    passed = [x.passed for x in results]
    return sum(passed) / len(passed) if passed else math.nan
