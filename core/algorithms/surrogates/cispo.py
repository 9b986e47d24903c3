"""CISPO: the ratio is a weight whose size is bounded, not a gate; no token loses its gradient.

    objective_t = sg(min(rho_t, 1 + epsilon_high)) A_t log pi_theta(o_t)

MiniMax-M1 (2025, arXiv:2506.13585). sg is stop-gradient: the gradient is that of REINFORCE, weighted for being
off-policy. As in the paper there is no lower bound (its epsilon_low is set so large that it never binds). TRL writes
the bound as an absolute value: its epsilon_high is 1 + ours.
"""

from __future__ import annotations

import torch
from torch import Tensor


def cispo_surrogate(ratio: Tensor, advantage: Tensor, logprob: Tensor, epsilon_high: float) -> Tensor:
    """What is maximised, per token; all [B, T]. Its value is of no meaning, its gradient is bounded weight x A."""
    return ratio.detach().clamp(max=1 + epsilon_high) * advantage * logprob


def bounded_side(ratio: Tensor, advantage: Tensor, epsilon_high: float) -> Tensor:
    """Where the bound makes the token's gradient smaller than the ratio alone would: +1, else 0; int8 [B, T].

    Both signs of A are bounded. Unlike under the clip, such a token still learns. (TRL counts only those with A > 0.)
    """
    return ((ratio > 1 + epsilon_high) & (advantage != 0)).to(torch.int8)
