"""CISPO: the ratio is a weight whose size is bounded, not a gate; no token loses its gradient.

    objective_t = sg(min(rho_t, 1 + epsilon_high)) A_t log pi_theta(o_t)

MiniMax-M1 (2025, arXiv:2506.13585). sg is stop-gradient: the gradient is that of REINFORCE, weighted for being
off-policy. As in the paper there is no lower bound (its epsilon_low is set so large that it never binds). TRL writes
the bound as an absolute value: its epsilon_high is 1 + ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.algorithms.surrogates.base import ClipRange, Surrogate, no_dual_clip
from core.errors import N_
from core.lazy import lazy
from core.terms import Region, Term

if TYPE_CHECKING:
    import torch
    from torch import Tensor
else:
    torch = lazy("torch")

_CODE = "core/algorithms/surrogates/cispo.py"


def cispo_surrogate(ratio: Tensor, advantage: Tensor, logprob: Tensor, epsilon_high: float) -> Tensor:
    """What is maximised, per token; all [B, T]. Its value is of no meaning, its gradient is bounded weight x A."""
    return ratio.detach().clamp(max=1 + epsilon_high) * advantage * logprob


def bounded_side(ratio: Tensor, advantage: Tensor, epsilon_high: float) -> Tensor:
    """Where the bound makes the token's gradient smaller than the ratio alone would: +1, else 0; int8 [B, T].

    Both signs of A are bounded. Unlike under the clip, such a token still learns. (TRL counts only those with A > 0.)
    """
    return ((ratio > 1 + epsilon_high) & (advantage != 0)).to(torch.int8)


def _terms(_settings: ClipRange) -> tuple[Term, ...]:
    return (
        Term(
            "weight",
            "min(ratio, 1 + clip_high)",
            title=N_("weight w"),
            help=N_("The ratio, but at most 1 + ε. It only weighs the gradient; none flows through it."),
            tex="w_t",
            source=f"{_CODE}:cispo_surrogate",
        ),
        Term(
            "surrogate_value",
            "weight * advantage * logprob",
            title="w · Â · log π",
            help=N_("Its value means little; its gradient is w · Â times that of log π."),
            tex="J_t",
            source=f"{_CODE}:cispo_surrogate",
            given=("surrogate",),
        ),
    )


def _regions(settings: ClipRange) -> tuple[Region, ...]:
    return (
        Region(
            side=1,
            ratio_from="1 + clip_high",
            ratio_to=None,
            advantage="any",
            cuts=False,
            says=N_("not cut: weighted with {bound} instead of {ratio}"),
            values={"bound": "1 + clip_high", "ratio": "ratio"},
            symbol=settings.upper_symbol,
        ),
    )


SURROGATE = Surrogate(
    name="cispo",
    title=N_("CISPO: the ratio's weight is bounded, no gradient is cut"),
    settings=ClipRange,
    objective=lambda x, settings: cispo_surrogate(x.ratio, x.advantages, x.logprob, settings.clip_high),
    side=lambda x, settings: bounded_side(x.ratio.detach(), x.advantages, settings.clip_high),
    terms=_terms,
    regions=_regions,
    line=lambda settings: (
        rf"J_t = \operatorname{{sg}}(\min(\rho_t,\, {1 + settings.clip_high:g}))\,A_t \log \pi_\theta(o_t \mid s_t)"
    ),
    source=f"{_CODE}:cispo_surrogate",
    paper="MiniMax-M1 2025, arXiv:2506.13585",
    fixed_ratio=True,
    refuses=no_dual_clip,
)
