"""PPO's credit: a critic says what each prefix is worth, and each token is credited with what it changed.

Schulman et al. 2017 (arXiv:1707.06347) with the token-level KL reward of Ouyang et al. 2022 (arXiv:2203.02155).
"""

from __future__ import annotations

from core.algorithms.advantages import gae
from core.algorithms.kl import ESTIMATORS
from core.algorithms.masked import whiten
from core.algorithms.token_rewards import token_rewards
from core.algorithms.types import Credit, Experience
from core.config import PPOSettings


def credit(experience: Experience, settings: PPOSettings) -> Credit:
    """Advantages per token, from the critic's values. Raises ValueError if the experience lacks what they need."""
    if experience.values is None:
        raise ValueError(f"{settings.name}: PPO needs the critic's values of the responses, but there are none")
    kl = None
    if settings.kl_coef > 0:
        if experience.logprobs_ref is None:
            raise ValueError(f"{settings.name}: kl_coef is {settings.kl_coef}, but there are no reference logprobs")
        kl = ESTIMATORS[settings.kl_reward_estimator](experience.logprobs_old, experience.logprobs_ref)
    if settings.bootstrap_truncated and experience.value_after is None:
        raise ValueError(f"{settings.name}: bootstrap_truncated needs the critic's value after each response")
    rewards = token_rewards(experience.rewards, experience.mask, kl, settings.kl_coef)
    raw, returns, deltas = gae(
        rewards,
        experience.values,
        experience.mask,
        settings.gamma,
        settings.lam,
        value_after=experience.value_after if settings.bootstrap_truncated else None,
        truncated=experience.truncated,
    )
    advantages = whiten(raw, experience.mask, settings.whiten_ddof) if settings.whiten_advantages else raw
    return Credit(advantages, raw, rewards, deltas, returns)
