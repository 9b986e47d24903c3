"""PPO's credit: a critic says what each prefix is worth, and each token is credited with what it changed.

Schulman et al. 2017 (arXiv:1707.06347) with the token-level KL reward of Ouyang et al. 2022 (arXiv:2203.02155).
"""

from __future__ import annotations

from core.algorithms.advantages import gae
from core.algorithms.masked import whiten
from core.algorithms.token_rewards import rewards_of
from core.algorithms.types import Credit, Experience
from core.config import PPOSettings


def credit(experience: Experience, settings: PPOSettings) -> Credit:
    """Advantages per token, from the critic's values. Raises ValueError if the experience lacks what they need."""
    if experience.values is None:
        raise ValueError(f"{settings.name}: PPO needs the critic's values of the responses, but there are none")
    if settings.bootstrap_truncated and experience.value_after is None:
        raise ValueError(f"{settings.name}: bootstrap_truncated needs the critic's value after each response")
    rewards = rewards_of(experience, settings)
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
