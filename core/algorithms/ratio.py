"""How much likelier a response has become since it was sampled: a ratio per token, or one per response.

    token     rho_t = pi_theta(o_t) / pi_old(o_t)
    sequence  s_i = (pi_theta(o_i) / pi_old(o_i))^(1 / |o_i|) = exp(mean_t(log pi_theta(o_t) - log pi_old(o_t)))

The first is PPO's (Schulman et al. 2017, arXiv:1707.06347), the second GSPO's: Zheng et al. 2025, "Group Sequence
Policy Optimization" (arXiv:2507.18071). Under GSPO a response is clipped as a whole. The gradient goes through s_i to
all tokens of the response alike, as in the paper and in TRL. Where advantages differ within a response (PPO), its
tokens then share the mean of their credit; the paper's GSPO-token, which keeps them apart, is not this.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.algorithms.kl import full_precision
from core.algorithms.masked import masked_mean
from core.errors import N_
from core.terms import Term

if TYPE_CHECKING:
    from torch import Tensor


def importance_ratio(logprob: Tensor, logprob_old: Tensor) -> Tensor:
    """rho = exp(log pi_theta - log pi_old) per token, [B, T].

    Exactly 1 on a fresh rollout where both are of one scoring.
    """
    return (full_precision(logprob) - full_precision(logprob_old)).exp()


def sequence_ratio(logprob: Tensor, logprob_old: Tensor, mask: Tensor) -> Tensor:
    """s_i at each of the response's positions; logprob, logprob_old, mask [B, T] -> [B, T].

    Exactly 1 on a fresh rollout where both are of one scoring. What stands where the mask is False is never read.
    """
    log_ratio = full_precision(logprob) - full_precision(logprob_old)
    return masked_mean(log_ratio, mask, dim=1).exp()[:, None].expand_as(mask)


@dataclass(frozen=True)
class Level:
    """One way to form the ratio."""

    name: str  # what `importance_sampling_level` calls it
    ratio: Callable[[Tensor, Tensor, Tensor], Tensor]  # (logprob, logprob_old, mask), all [B, T] -> [B, T]
    terms: tuple[Term, ...]
    line: str  # LaTeX
    whole: bool  # whether a token's term moves its whole response


_OF_TOKEN = r"\frac{\pi_\theta(o_t \mid s_t)}{\pi_{\text{old}}(o_t \mid s_t)}"
_GIVEN = ("importance_sampling_level",)

LEVELS: dict[str, Level] = {
    x.name: x
    for x in (
        Level(
            "token",
            lambda logprob, logprob_old, _mask: importance_ratio(logprob, logprob_old),
            (
                Term(
                    "ratio",
                    "exp(logprob - logprob_old)",
                    title=N_("ratio ρ"),
                    help=N_("How much likelier the token is now than when it was sampled."),
                    tex=r"\rho_t",
                    source="core/algorithms/ratio.py:importance_ratio",
                    given=_GIVEN,
                ),
            ),
            rf"\rho_t = {_OF_TOKEN}",
            whole=False,
        ),
        Level(
            "sequence",
            sequence_ratio,
            (
                Term(
                    "ratio",
                    "exp(mean_response(logprob - logprob_old))",
                    title=N_("ratio ρ"),
                    help=N_(
                        "One ratio for the response: e to the power of its tokens' log-ratios, averaged (sum / number)."
                    ),
                    tex=r"\rho_t",
                    source="core/algorithms/ratio.py:sequence_ratio",
                    given=_GIVEN,
                ),
            ),
            rf"\rho_t = s_i = \Bigl(\textstyle\prod_t {_OF_TOKEN}\Bigr)^{{1/|o_i|}}",
            whole=True,
        ),
    )
}
