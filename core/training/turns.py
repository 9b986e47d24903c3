"""Responses of several turns: where the policy ends an answer, a task may say something, and the policy writes again.

What the task says are tokens inside the response that the policy reads and did not write: holes in the mask
(core/algorithms/masked.py). They have no credit, no loss and no numbers in the trace. In text, turns stand on lines of
their own, each line after the first beginning with what the task said.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from core.models.codec import Codec
from core.tasks.base import Task

#: (a response's row, its answers so far, each as tokens with its end) → what is said to it, as tokens; none: it is
#: done.
Environment = Callable[[int, Sequence[list[int]]], list[int]]


def turns_of(task: Task) -> int:
    """How many answers a response may have."""
    turns = getattr(task, "turns", 1)
    return turns if isinstance(turns, int) else 1


def environment_of(task: Task, codec: Codec, prompts: Sequence[str], each: int) -> Environment | None:
    """What a task says to the responses to `prompts`, `each` to every prompt; None where every answer is the last."""
    reply = getattr(task, "reply", None)
    if reply is None or turns_of(task) == 1:
        return None

    def tokens(row: int, answers: Sequence[list[int]]) -> list[int]:
        text = reply(prompts[row // each], [codec.text(x) for x in answers])
        return [] if text is None else codec.plain_ids(text)

    return tokens
