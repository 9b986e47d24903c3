"""GRPO's credit: a response is worth what it scores above the other answers to its question; every token gets that.

Shao et al. 2024, DeepSeekMath (arXiv:2402.03300). No critic: values, deltas and returns do not exist.

By its settings the same function gives the credit of Dr. GRPO (no division), RLOO (leave-one-out baseline) and
REINFORCE++ (no baseline or the group's mean, then whitening over the batch: Hu et al. 2025, arXiv:2501.03262); see
variants.py.
"""

from __future__ import annotations

import torch

from core.algorithms.advantages import group_advantages
from core.algorithms.masked import whiten
from core.algorithms.token_rewards import rewards_of
from core.algorithms.types import Credit, Experience
from core.config import GRPOSettings


def credit(experience: Experience, settings: GRPOSettings) -> Credit:
    """One advantage per response, the same for all its tokens.

    With kl_coef > 0 a response's KL penalty (the sum over its tokens) is taken off its reward before the comparison.
    Raises ValueError if there is then no reference.
    """
    rewards, mask, per_token = experience.rewards, experience.mask, None
    if settings.kl_coef > 0:
        per_token = rewards_of(experience, settings)
        rewards = per_token.sum(1)
    advantage, raw = group_advantages(
        rewards,
        experience.group,
        settings.scale_rewards,
        settings.scale_ddof,
        settings.scale_eps,
        settings.baseline,
    )
    advantages = torch.where(mask, advantage[:, None], 0)
    if settings.whiten_advantages:
        advantages = whiten(advantages, mask, settings.whiten_ddof)
    return Credit(advantages, torch.where(mask, raw[:, None], 0), token_rewards=per_token)
