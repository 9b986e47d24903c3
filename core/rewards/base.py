"""What a reward declares. A new one is a module in this folder that defines `REWARD`.

Whatever scores a response, its verdict has two parts that never stand for each other: `reward` is what the learner
learns from, `success` what the task's own verifier says. So a placebo, a trained reward model or tests of which some
are hidden are each shown beside the truth: in the trace, `reward` is the one and `success_rate` the other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.rewards.verdict import Verdict, Verifier


@dataclass(frozen=True)
class Asked:
    """One response to be scored."""

    prompt: str
    response: str
    finished: bool  # False where it was cut off


@dataclass(frozen=True)
class Occasion:
    """When responses are scored: with a response's place among them, all that a reward may know but what it says."""

    seed: int
    step: int
    stream: int = 0  # 0: the step's own prompts; k: the k-th time that groups without a signal were replaced


@dataclass(frozen=True)
class Reward:
    """Scores a step's responses."""

    name: str  # what a learner's setting `reward` calls it
    title: str  # a message template
    #: One verdict a response, whose `success` is the task's own verifier's; ValueError as Task.verify.
    score: Callable[[Verifier, Sequence[Asked], Occasion], list[Verdict]]
    #: Whether the reward follows from prompt and response. Where it does not, no prefix has a true value to measure.
    of_content: bool = True
    #: A model's score takes the place of each verdict's reward (core/training/proxy.py); its success stays the task's.
    trained: bool = False
    order: int = 100  # its place in lists: small numbers first


def verdicts(task: Verifier, responses: Sequence[Asked]) -> list[Verdict]:
    """What the task's own verifier says of each; ValueError as Task.verify."""
    return [task.verify(x.prompt, x.response, finished=x.finished) for x in responses]
