"""VinePPO's credit: what a prefix is worth is not predicted by a critic but measured, by finishing it K times afresh.

    A_t = r_t + V(s_{t+1}) - V(s_t)        V(s) = mean reward of K fresh continuations of s

Kazemnejad et al. 2024, VinePPO (arXiv:2410.01679): no critic is trained, gamma is 1 and lambda is 0, since a
measured value needs no help from the outcome. The measuring is done in core/training/continuations.py.
"""

from __future__ import annotations

from core.algorithms.advantages import gae
from core.algorithms.masked import whiten
from core.algorithms.token_rewards import rewards_of
from core.algorithms.types import Credit, Experience
from core.config import VineSettings


def credit(experience: Experience, settings: VineSettings) -> Credit:
    """Advantages per token from measured values. Nothing is fitted to anything, so there are no returns.

    Raises ValueError if the experience lacks the values, or the reference of a KL penalty.
    """
    if experience.values is None:
        raise ValueError(f"{settings.name}: VinePPO needs measured values of the prefixes, but there are none")
    rewards = rewards_of(experience, settings)
    raw, _, deltas = gae(rewards, experience.values, experience.mask, gamma=1.0, lam=0.0)
    advantages = whiten(raw, experience.mask, settings.whiten_ddof) if settings.whiten_advantages else raw
    return Credit(advantages, raw, token_rewards=rewards, deltas=deltas)
