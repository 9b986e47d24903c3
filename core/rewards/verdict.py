"""What is said of one response, and what a reward may say of its parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from core.errors import Message

#: What a reward may say of its parts: the shares of a response's unit tests that passed, 0 to 1. Each is a column of
#: the trace, null where there is no such part.
PARTS = ("visible_tests", "hidden_tests")


@dataclass(frozen=True)
class Verdict:
    """What is said of one response: what it is paid, and whether it is right. Neither is read off the other."""

    reward: float  # what is learnt from: the verifier's, or another reward's
    success: bool  # the task's own verifier's truth, whatever the reward
    answer: str | None  # what was read as the answer; None where there is none
    parts: Mapping[str, float] = field(default_factory=dict)  # what it was made of: names of PARTS
    reason: Message | None = None  # why that was not worked out, where a verifier had to be stopped


class Verifier(Protocol):
    """What a reward needs of a task (core/tasks/base.py, which lies above): its own word on a response."""

    def verify(self, prompt: str, response: str, *, finished: bool = True) -> Verdict:
        """As Task.verify."""
