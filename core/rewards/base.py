"""What a reward declares. A new one is a module in this folder that defines `REWARD`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.tasks.base import Task, Verdict


@dataclass(frozen=True)
class Asked:
    """One response to be scored."""

    prompt: str
    response: str
    finished: bool  # False where it was cut off


@dataclass(frozen=True)
class Reward:
    """Scores a step's responses."""

    name: str  # what a learner's setting `reward` calls it
    title: str  # a message template
    score: Callable[[Task, Sequence[Asked]], list[Verdict]]  # one verdict a response; ValueError as Task.verify
    #: A model's score takes the place of each verdict's reward (core/training/proxy.py); its success stays the task's.
    trained: bool = False
