"""A fixed data set that is collected from the start model before the first step, and what a learner may set of it.

It is a list of (prompt, response, reward) tuples; nothing is added to it while a learner learns from it. It can be
spoiled on purpose, so that one sees what an offline learner makes of wrong data. core/training/collecting.py collects.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import Field

from core.learners.settings import LearnerSettings


class CollectedSettings(LearnerSettings):
    """The settings of a learner that learns from responses that the start model wrote before the first step."""

    data_responses: int = Field(
        2048, ge=2, le=65_536, description="So many responses are collected from the start model, scored and kept."
    )
    data_generations: int | None = Field(
        None, ge=1, le=256, description="Of them so many to each question; none: as many as the run's group size."
    )
    data_temperature: float | None = Field(
        None, gt=0, le=5, description="Temperature that they are sampled at; none: the run's."
    )
    data_seed: int | None = Field(
        None, ge=0, le=2**31 - 1, description="Questions and responses follow from this number; none: the run's seed."
    )
    data_flipped: float = Field(0.0, ge=0, le=1, description="Share of the responses whose reward is flipped.")
    data_random: float = Field(
        0.0, ge=0, le=1, description="Share of the responses that are replaced by random tokens of the same number."
    )


#: They make the data set, which stays what it is while a run goes on.
DATA_SETTINGS = frozenset(CollectedSettings.model_fields) - frozenset(LearnerSettings.model_fields)


@dataclass(frozen=True)
class CollectedResponse:
    """One tuple of the data set."""

    group: int  # which question of the set it answers, from 0 on
    prompt: str
    response: str
    answer: str  # the right one; "" where none is known
    reward: float  # as a learner sees it, flipped where it is spoiled
    success: bool  # what the verifier says of the response
    truncated: bool
    tokens: tuple[int, ...]
    logprobs: tuple[float, ...]  # of the tokens, under the start model at the temperature of collection
    flipped: bool = False  # its reward is not the one that it was given
    random: bool = False  # nobody wrote it: its tokens are random


@dataclass(frozen=True)
class Collected:
    """A data set, its responses to one question after another."""

    responses: tuple[CollectedResponse, ...]
    temperature: float

    def __len__(self) -> int:
        return len(self.responses)

    @functools.cached_property
    def groups(self) -> tuple[tuple[int, ...], ...]:
        """The numbers of the responses to each question."""
        by_group: dict[int, list[int]] = {}
        for i, x in enumerate(self.responses):
            by_group.setdefault(x.group, []).append(i)
        return tuple(map(tuple, by_group.values()))

    @functools.cached_property
    def right(self) -> tuple[tuple[int, ...], ...]:
        """The responses with the highest reward of the whole set, by question; without questions that have none."""
        rewards = [x.reward for x in self.responses]
        highest, lowest = max(rewards), min(rewards)
        kept = [tuple(i for i in group if rewards[i] == highest > lowest) for group in self.groups]
        return tuple(x for x in kept if x)

    @functools.cached_property
    def best(self) -> tuple[tuple[int, ...], ...]:
        """The response with the highest reward to each question, the first of equal ones: best-of-n."""
        return tuple((max(group, key=lambda i: self.responses[i].reward),) for group in self.groups)

    @functools.cached_property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """(chosen, rejected): to one question, one above its mean reward and one not above it.

        Each response of a question that has both is in a pair; of the fewer kind some are in several.
        """
        made: list[tuple[int, int]] = []
        for group in self.groups:
            mean = sum(self.responses[i].reward for i in group) / len(group)
            chosen = [i for i in group if self.responses[i].reward > mean]
            rejected = [i for i in group if self.responses[i].reward < mean]
            if chosen and rejected:
                longer = max(len(chosen), len(rejected))
                made += [(chosen[i % len(chosen)], rejected[i % len(rejected)]) for i in range(longer)]
        return tuple(made)


def drawn(units: Sequence[Sequence[int]], seed: int, step: int, count: int) -> list[list[int]]:
    """The `count` responses of a step, unit by unit: epoch after epoch, each in an order of its own.

    A unit (a question's responses, a pair) that the step's end cuts is gone on with in the next step.
    """
    total = sum(map(len, units))
    epoch, skipped = divmod(step * count, total)
    groups: list[list[int]] = []
    missing = count
    while missing:
        order = list(range(len(units)))
        random.Random(f"{seed} {epoch}").shuffle(order)
        for i in order:
            own = list(units[i][skipped : skipped + missing])
            skipped = max(0, skipped - len(units[i]))
            if own:
                groups.append(own)
                missing -= len(own)
            if not missing:
                break
        epoch += 1
    return groups
