"""Tasks that unit tests decide: what such a kind declares, so that a run's data can have few tests or wrong ones."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from core.rewards.unit_tests import UnitTest
from core.tasks.base import Task


class Tested(Task, Protocol):
    """A task whose questions have unit tests."""

    def tests(self, prompt: str) -> list[UnitTest]:
        """A question's tests, all of them right. RequestError as for verify."""

    def counted_tests(self, prompt: str) -> list[UnitTest]:
        """Those of them that the task's own reward counts, the visible ones always. RequestError as for verify."""

    def paid_by(self, prompt: str, response: str, tests: Sequence[UnitTest]) -> float:
        """What a finished response is paid where `tests` decide, whatever is right: some of the question's own, which
        may expect another value. RequestError as for verify."""


@dataclass(frozen=True)
class UnitTests:
    """What a kind declares whose task is `Tested`."""

    #: How many tests each question shows.
    visible: Callable[[Any], int]
    #: (a test, random numbers) → the same call with a wrong value that might stand in the place of the right one.
    misstate: Callable[[UnitTest, random.Random], UnitTest]
