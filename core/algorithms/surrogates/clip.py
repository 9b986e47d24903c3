"""The clipped surrogate objective: how far one rollout may push the policy.

    rho_t = pi_theta(o_t) / pi_old(o_t)
    objective_t = min(rho_t A_t, clip(rho_t, 1 - epsilon_low, 1 + epsilon_high) A_t)

Schulman et al. 2017, "Proximal Policy Optimization Algorithms" (arXiv:1707.06347), eq. 7; a wider high side is the
"clip-higher" of DAPO (Yu et al. 2025, arXiv:2503.14476); the dual clip is Ye et al. 2019 (arXiv:1912.09729), eq. 5.
All functions take and give per-token tensors [B, T]; the mean over tokens is taken in aggregation.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from core.algorithms.surrogates.base import ClipRange, Surrogate, Update
from core.errors import N_
from core.lazy import lazy
from core.terms import Region, Term

if TYPE_CHECKING:
    import torch
    from torch import Tensor
else:
    torch = lazy("torch")

_CODE = "core/algorithms/surrogates/clip.py"


class ClipSettings(ClipRange):
    """What the clipped surrogate reads."""

    dual_clip: float | None = Field(None, gt=1, le=100, description="Upper bound c on the ratio's effect where A < 0.")


def branches(ratio: Tensor, advantage: Tensor, epsilon_low: float, epsilon_high: float) -> tuple[Tensor, Tensor]:
    """Both sides of the min: (rho A, clip(rho) A); all [B, T]."""
    return ratio * advantage, ratio.clamp(1 - epsilon_low, 1 + epsilon_high) * advantage


def clipped_surrogate(
    ratio: Tensor, advantage: Tensor, epsilon_low: float, epsilon_high: float, dual_clip: float | None = None
) -> Tensor:
    """What is maximised, per token; all [B, T].

    With a dual clip c > 1, a token with A < 0 never counts for less than c A.
    """
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


def _objective(update: Update, settings: ClipSettings) -> Tensor:
    return clipped_surrogate(update.ratio, update.advantages, settings.epsilon, settings.clip_high, settings.dual_clip)


def _side(update: Update, settings: ClipSettings) -> Tensor:
    return clipped_side(
        update.ratio.detach(), update.advantages, settings.epsilon, settings.clip_high, settings.dual_clip
    )


def _terms(settings: ClipSettings) -> tuple[Term, ...]:
    smaller = "min(unclipped, clipped_ratio_side)"
    terms = [
        Term(
            "unclipped",
            "ratio * advantage",
            title="ρ · Â",
            help=N_("The advantage, weighted by how much likelier the token has become."),
            source=f"{_CODE}:branches",
        ),
        Term(
            "clipped_ratio_side",
            "clamp(ratio, 1 - epsilon, 1 + clip_high) * advantage",
            title="clip(ρ) · Â",
            help=N_("The same with the ratio held between 1 − ε and 1 + ε: beyond them it has no gradient."),
            source=f"{_CODE}:branches",
        ),
    ]
    if settings.dual_clip is not None:
        terms.append(
            Term(
                "bound",
                "dual_clip * advantage",
                title="c · Â",
                help=N_("The dual clip: where Â < 0, a token counts for no less than this."),
                source=f"{_CODE}:clipped_surrogate",
            )
        )
        smaller = f"max({smaller}, bound) if advantage < 0 else {smaller}"
    terms.append(
        Term(
            "surrogate_value",
            smaller,
            title=N_("the smaller"),
            help=(
                N_("The smaller of the two products; where Â < 0, at least c · Â.")
                if settings.dual_clip is not None
                else N_("The smaller of the two products.")
            ),
            tex=r"J_t",
            source=f"{_CODE}:clipped_surrogate",
            given=("surrogate", "dual_clip"),
        )
    )
    return tuple(terms)


def _regions(settings: ClipSettings) -> tuple[Region, ...]:
    regions = [
        Region(
            side=1,
            ratio_from="1 + clip_high",
            ratio_to=None,
            advantage="positive",
            cuts=True,
            says=N_("cut at the high side (Â > 0 and ρ > {bound})"),
            values={"bound": "1 + clip_high"},
            symbol=settings.upper_symbol,
        ),
        Region(
            side=-1,
            ratio_from=None,
            ratio_to="1 - epsilon",
            advantage="negative",
            cuts=True,
            says=N_("cut at the low side (Â < 0 and ρ < {bound})"),
            values={"bound": "1 - epsilon"},
            symbol="1 − ε",
        ),
    ]
    if settings.dual_clip is not None:
        regions.append(
            Region(
                side=1,
                ratio_from="dual_clip",
                ratio_to=None,
                advantage="negative",
                cuts=True,
                says=N_("cut by the dual clip (Â < 0 and ρ > {bound})"),
                values={"bound": "dual_clip"},
                symbol="c",
            )
        )
    return tuple(regions)


_IF = N_("if")  # within the formula


def _line(settings: ClipSettings) -> str:
    low, high = f"{1 - settings.epsilon:g}", f"{1 + settings.clip_high:g}"
    smaller = rf"\min(\rho_t A_t,\ \operatorname{{clip}}(\rho_t,\, {low},\, {high})\,A_t)"
    if settings.dual_clip is None:
        return rf"J_t = {smaller}"
    return rf"J_t = {smaller},\quad J_t \ge {settings.dual_clip:g} A_t \text{{ {_IF} }} A_t < 0"


SURROGATE = Surrogate(
    name="clip",
    title=N_("clip: the gradient is cut once a push has left the range"),
    settings=ClipSettings,
    objective=_objective,
    side=_side,
    terms=_terms,
    regions=_regions,
    line=_line,
    source=f"{_CODE}:clipped_surrogate",
    paper="Schulman et al. 2017, arXiv:1707.06347",
)
