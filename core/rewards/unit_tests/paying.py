"""What a response is paid for the unit tests that it passes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from core.rewards.unit_tests.results import ProgramResult, UnitTest, parts_of, share_of
from core.rewards.verdict import Verdict


@dataclass(frozen=True)
class Payment:
    """Which tests the reward counts, and whether a part of them is worth anything."""

    counted: Literal["all", "visible"] = "all"
    by_share: bool = False  # the share of those tests that passed; otherwise 1 for all of them and else 0

    def counts(self, test: UnitTest) -> bool:
        """Whether the reward counts a test."""
        return self.counted == "all" or not test.hidden

    def verdict(self, result: ProgramResult, answer: str) -> Verdict:
        """Right is what passes all tests, the hidden ones too, whatever the reward counts."""
        share = result.share if self.counted == "all" else result.visible
        return Verdict(self._paid(share), result.passed, answer, result.parts)

    def nothing(self, tests: Sequence[UnitTest], answer: str | None) -> Verdict:
        """Of a response that is no answer, or was cut off: none of its tests was run, and none passed."""
        return Verdict(0.0, False, answer, dict.fromkeys(parts_of(tests), 0.0))

    def among(self, result: ProgramResult, deciding: Collection[tuple[Any, ...]]) -> float:
        """What is paid where the tests with these arguments decide alone; at least one of them was run."""
        ran = zip(result.tests, result.results, strict=True)
        return self._paid(share_of(x for test, x in ran if test.arguments in deciding))

    def _paid(self, share: float) -> float:
        return share if self.by_share else float(share == 1.0)
