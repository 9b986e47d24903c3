"""Where PPO's reward stands: a KL penalty at every token, the response's score at its last one."""

from __future__ import annotations

import torch
from torch import Tensor

from core.algorithms.kl import ESTIMATORS
from core.algorithms.masked import last_token
from core.algorithms.types import Experience
from core.config import LearnerSettings


def token_rewards(score: Tensor, mask: Tensor, kl: Tensor | None = None, kl_coef: float = 0.0) -> Tensor:
    """r_t = -kl_coef * kl_t, plus the score at the last real token; score [B], mask and kl [B, T] -> [B, T].

    Ziegler et al. 2019 (arXiv:1909.08593), eq. 2, spread over tokens as in Ouyang et al. 2022 (arXiv:2203.02155). The
    last real token is the end-of-sequence token, or the last that fitted; never padding. 0 where the mask is False.
    """
    rewards = torch.where(last_token(mask), score[:, None], 0)
    if kl is None or kl_coef == 0:
        return rewards
    return rewards - torch.where(mask, kl_coef * kl, 0)


def rewards_of(experience: Experience, settings: LearnerSettings) -> Tensor:
    """A step's token rewards under a learner's settings [B, T]. Raises ValueError if its KL term has no reference."""
    kl = None
    if settings.kl_coef > 0:
        if experience.logprobs_ref is None:
            raise ValueError(f"{settings.name}: kl_coef is {settings.kl_coef}, but there are no reference logprobs")
        kl = ESTIMATORS[settings.kl_reward_estimator](experience.logprobs_old, experience.logprobs_ref)
    return token_rewards(experience.rewards, experience.mask, kl, settings.kl_coef)
