"""A step's rewards, and what they come to under one way to scale them or another."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from core.learners.registry import group_of
from core.learners.settings import GroupSettings
from lessons.kit.lesson import Frozen, engine

if TYPE_CHECKING:
    from core.insight.groups import Step


@dataclasses.dataclass(frozen=True)
class Rewards:
    """All responses of the step, not the panel's alone: the batch is what the update sees. Lists of length B."""

    reward: tuple[float, ...]
    group: tuple[int, ...]
    length: tuple[int, ...]
    prompts: dict[int, str]  # by group


def rewards_of(batch: Frozen) -> Rewards:
    rows = batch.samples.select(["reward", "group", "length", "prompt"]).to_pydict()
    prompts = dict(zip(rows["group"], rows["prompt"], strict=True))
    return Rewards(tuple(rows["reward"]), tuple(rows["group"]), tuple(rows["length"]), prompts)


def grpo_settings(batch: Frozen) -> GroupSettings:
    """The learner's own settings; ValueError where it compares no responses."""
    return group_of(batch.settings)


def max_length(batch: Frozen) -> int:
    """The run's longest possible response in tokens; where the config leaves it to the task, the longest written."""
    return batch.run.config.max_completion_length or max(rewards_of(batch).length)


def credit(batch: Frozen, scale: str | None = None) -> Step:
    """The step's credit, with another `scale_rewards` if one is given."""
    engine()
    from core.insight.groups import credit_step

    settings, rewards = batch.settings, rewards_of(batch)
    if scale is not None:
        settings = settings.model_copy(update={"scale_rewards": scale})
    return credit_step(rewards.reward, rewards.group, rewards.length, settings, max_length(batch))
