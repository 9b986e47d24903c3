"""GSPO's ratio: one per response, the geometric mean of its tokens' ratios.

    s_i = (pi_theta(o_i) / pi_old(o_i))^(1 / |o_i|) = exp(mean_t(log pi_theta(o_t) - log pi_old(o_t)))

Zheng et al. 2025, "Group Sequence Policy Optimization" (arXiv:2507.18071). A response is then clipped as a whole. The
gradient goes through s_i to all tokens of the response alike, as in the paper and in TRL. Where advantages differ
within a response (PPO), its tokens so share the mean of their credit; the paper's GSPO-token would keep them apart, and
is not what this is.
"""

from __future__ import annotations

from torch import Tensor

from core.algorithms.kl import full_precision
from core.algorithms.masked import masked_mean


def sequence_ratio(logprob: Tensor, logprob_old: Tensor, mask: Tensor) -> Tensor:
    """s_i at each of the response's positions; logprob, logprob_old, mask [B, T] -> [B, T].

    Exactly 1 on a fresh rollout. What stands where the mask is False is never read.
    """
    log_ratio = full_precision(logprob) - full_precision(logprob_old)
    return masked_mean(log_ratio, mask, dim=1).exp()[:, None].expand_as(mask)
