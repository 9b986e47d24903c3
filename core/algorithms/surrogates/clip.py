"""The clipped surrogate objective: how far one rollout may push the policy.

    rho_t = pi_theta(o_t) / pi_old(o_t)
    objective_t = min(rho_t A_t, clip(rho_t, 1 - epsilon_low, 1 + epsilon_high) A_t)

Schulman et al. 2017, "Proximal Policy Optimization Algorithms" (arXiv:1707.06347), eq. 7; a wider high side is the
"clip-higher" of DAPO (Yu et al. 2025, arXiv:2503.14476); the dual clip is Ye et al. 2019 (arXiv:1912.09729), eq. 5.
All functions take and give per-token tensors [B, T]; the mean over tokens is taken in aggregation.py.
"""

from __future__ import annotations

import torch
from torch import Tensor

from core.algorithms.kl import full_precision


def importance_ratio(logprob: Tensor, logprob_old: Tensor) -> Tensor:
    """rho = exp(log pi_theta - log pi_old) per token. Exactly 1 everywhere in the first pass over a fresh rollout."""
    return (full_precision(logprob) - full_precision(logprob_old)).exp()


def branches(ratio: Tensor, advantage: Tensor, epsilon_low: float, epsilon_high: float) -> tuple[Tensor, Tensor]:
    """Both sides of the min, for the loss and for the formula card: (rho A, clip(rho) A)."""
    return ratio * advantage, ratio.clamp(1 - epsilon_low, 1 + epsilon_high) * advantage


def clipped_surrogate(
    ratio: Tensor, advantage: Tensor, epsilon_low: float, epsilon_high: float, dual_clip: float | None = None
) -> Tensor:
    """What is maximised, per token. With a dual clip c > 1, a token with A < 0 never counts for less than c A."""
    objective = torch.minimum(*branches(ratio, advantage, epsilon_low, epsilon_high))
    if dual_clip is None:
        return objective
    return torch.where(advantage < 0, torch.maximum(objective, dual_clip * advantage), objective)


def clipped_side(
    ratio: Tensor, advantage: Tensor, epsilon_low: float, epsilon_high: float, dual_clip: float | None = None
) -> Tensor:
    """Where the token's gradient is really cut: +1 high side, -1 low side, 0 not; int8 [B, T].

    A > 0 is cut above 1 + epsilon_high, A < 0 below 1 - epsilon_low; being outside the range on the other side is not
    being clipped, since the min then takes the unclipped branch and the gradient pulls the ratio back. A dual clip cuts
    A < 0 a second time, above c. To be called on the raw ratio: measured on a clipped one the answer is always 0.
    """
    high = (advantage > 0) & (ratio > 1 + epsilon_high)
    low = (advantage < 0) & (ratio < 1 - epsilon_low)
    if dual_clip is not None:
        high = high | ((advantage < 0) & (ratio > dual_clip))
    return high.to(torch.int8) - low.to(torch.int8)
