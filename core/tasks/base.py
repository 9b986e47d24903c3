"""What a task is to the trainer: it asks, knows the right answer, and verifies responses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Verdict:
    """What the verifier says of one response."""

    reward: float
    success: bool
    answer: str | None  # what was read as the answer; None where there is none


class Task(Protocol):
    """Questions are told apart by their text: the same text always has the same right answer."""

    @property
    def heldout(self) -> list[str]:
        """The questions kept apart: the same for every seed, and never among the prompts."""

    @property
    def max_completion_length(self) -> int:
        """Tokens that a response may have where the run's config names no limit."""

    def prompts(self, seed: int, step: int, count: int) -> list[str]:
        """The `count` training prompts of a step: a function of seed and step; the first n of them also of n alone."""

    def truth(self, prompt: str) -> str:
        """The right answer, or one of them."""

    def verify(self, prompt: str, response: str, *, finished: bool = True) -> Verdict:
        """Reads the answer out of a response and scores it; `finished` is False where the response was cut off."""
