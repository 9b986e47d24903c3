"""A group's arithmetic: what a set of rewards teaches, how often a group teaches nothing, how much a token weighs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from core.algorithms.advantages import group_advantages, tied
from core.algorithms.aggregation import token_weights
from core.learners.registry import group_of
from core.learners.settings import LearnerSettings


def no_signal(p: float, size: int) -> float:
    """The chance that `size` answers, each right with probability p on its own, are all right or all wrong."""
    return p**size + (1 - p) ** size


def no_signal_drawn(right: int, size: int, drawn: int) -> float:
    """The same for `drawn` answers drawn without replacement from a group of `size` answers, `right` of them right:
    what the group says about smaller groups, without any assumption.
    """
    return (math.comb(right, drawn) + math.comb(size - right, drawn)) / math.comb(size, drawn)


def lone_success(size: int, ddof: int, eps: float = 1e-4) -> tuple[float, float]:
    """Advantages of the one right answer and of each wrong one in a group of `size`; close to (√(G-1), …) with ddof 0
    and ((G-1)/√G, …) with ddof 1.
    """
    rewards = torch.zeros(size, dtype=torch.float64)
    rewards[0] = 1
    advantage, _raw = group_advantages(rewards, torch.zeros(size, dtype=torch.long), "group", ddof, eps)
    return float(advantage[0]), float(advantage[-1])


@dataclass(frozen=True)
class Step:
    """All groups of a step. Lists by response have length B, those by group are in the order of `numbers`."""

    advantages: tuple[float, ...]  # by response
    numbers: tuple[int, ...]  # the groups
    silent: tuple[bool, ...]  # by group: all rewards equal, nothing is learnt from it
    push: tuple[float, ...]  # by group: Σ weight · |advantage| over its tokens, what it can move
    idle: float  # share of the step's token weight that lies in silent groups


def credit_step(
    rewards: Sequence[float], group: Sequence[int], lengths: Sequence[int], settings: LearnerSettings, max_length: int
) -> Step:
    """What each response of a step is credited with under `settings`, and what that makes of its groups."""
    reward, owner = torch.tensor(rewards, dtype=torch.float64), torch.tensor(group)
    how = group_of(settings)
    advantage, _raw = group_advantages(reward, owner, how.scale_rewards, how.scale_ddof, how.scale_eps, how.baseline)
    numbers, which = owner.unique(return_inverse=True)
    silent = tied(reward, which)
    weight = weights(lengths, settings.aggregation, max_length)
    total = torch.tensor(weight, dtype=torch.float64) * torch.tensor(lengths)
    push = torch.zeros(len(numbers), dtype=torch.float64).index_add(0, which, total * advantage.abs())
    return Step(
        tuple(advantage.tolist()),
        tuple(numbers.tolist()),
        tuple(silent.tolist()),
        tuple(push.tolist()),
        float(total[silent[which]].sum() / total.sum()),
    )


def weights(lengths: Sequence[int], mode: str, max_length: int) -> tuple[float, ...]:
    """The weight in the loss of each token of responses of these lengths (in tokens): one number per response."""
    mask = torch.arange(max(lengths))[None] < torch.tensor(lengths)[:, None]
    return tuple(token_weights(mask, mode, max_length)[:, 0].tolist())
