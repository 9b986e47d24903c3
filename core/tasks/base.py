"""What a task is to the trainer: it asks, knows the right answer, and verifies responses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from core.rewards.verdict import Verdict

#: So many of a step's prompts are drawn again in search of those that are wanted.
_MOST_DRAWN = 1024


class Task(Protocol):
    """Questions are identified by their text: the same text always has the same right answer."""

    @property
    def heldout(self) -> list[str]:
        """The questions kept apart: the same for every seed, and never among the prompts."""

    @property
    def max_completion_length(self) -> int:
        """Tokens that a response may have where the run's config names no limit."""

    def prompts(self, seed: int, step: int, count: int) -> list[str]:
        """A step's `count` training prompts: a function of seed and step; a smaller `count` gives the first of them."""

    def truth(self, prompt: str) -> str:
        """The right answer, or one of them; "" where none is known and a verifier decides. Raises as verify does."""

    def verify(self, prompt: str, response: str, *, finished: bool = True) -> Verdict:
        """Reads the answer out of a response and scores it; `finished` is False where the response was cut off.

        A cut off response is wrong, whatever stands in it: it never said that it was done. Raises RequestError with a
        sentence for a prompt that is not this task's, or that it was not asked for in this process (see `recall`).
        """


def recall(task: Task, seed: int, step: int, prompts: Iterable[str], most: int = _MOST_DRAWN) -> list[str]:
    """Makes the task know prompts that it gave in another process, and gives those that it never gave at that step.

    Some verifiers need more than the prompt's text (the numbers of a countdown), which is not kept in a trace but
    follows from seed and step. So whoever takes prompts from a stored run calls this before `verify` or `truth`. A step
    may have asked for more than its own where groups without a signal were replaced: up to `most` are looked through.
    """
    missing, count = set(prompts) - set(task.heldout), 16
    while missing and count <= most:
        missing -= set(task.prompts(seed, step, count))
        count *= 4
    return sorted(missing)
