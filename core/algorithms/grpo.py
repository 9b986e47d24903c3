"""GRPO's credit: a response is worth what it scores above the other answers to its question; every token gets that.

Shao et al. 2024, DeepSeekMath (arXiv:2402.03300). No critic: values, deltas and returns do not exist.
"""

from __future__ import annotations

import torch

from core.algorithms.advantages import group_advantages
from core.algorithms.kl import ESTIMATORS
from core.algorithms.token_rewards import token_rewards
from core.algorithms.types import Credit, Experience
from core.config import GRPOSettings


def credit(experience: Experience, settings: GRPOSettings) -> Credit:
    """One advantage per response, the same for all its tokens.

    With kl_coef > 0 a response's KL penalty (the sum over its tokens) is taken off its reward before the comparison.
    Raises ValueError if there is then no reference.
    """
    rewards, per_token = experience.rewards, None
    if settings.kl_coef > 0:
        if experience.logprobs_ref is None:
            raise ValueError(f"{settings.name}: kl_coef is {settings.kl_coef}, but there are no reference logprobs")
        kl = ESTIMATORS[settings.kl_reward_estimator](experience.logprobs_old, experience.logprobs_ref)
        per_token = token_rewards(rewards, experience.mask, kl, settings.kl_coef)
        rewards = per_token.sum(1)
    advantage, raw = group_advantages(
        rewards, experience.group, settings.scale_rewards, settings.scale_ddof, settings.scale_eps
    )
    mask = experience.mask
    return Credit(torch.where(mask, advantage[:, None], 0), torch.where(mask, raw[:, None], 0), token_rewards=per_token)
