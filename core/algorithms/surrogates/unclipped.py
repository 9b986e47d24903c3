"""The importance-weighted policy gradient as it is: no clip, no bound.

    objective_t = rho_t A_t

Schulman et al. 2015, "Trust Region Policy Optimization" (arXiv:1502.05477), eq. 14, without its constraint; clip.py is
what PPO makes of it. The further the policy is from who wrote the responses, the larger single ratios become.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.algorithms.surrogates.base import Surrogate, Update, no_dual_clip
from core.errors import N_
from core.settings import Settings
from core.terms import Term

if TYPE_CHECKING:
    from torch import Tensor

_CODE = "core/algorithms/surrogates/unclipped.py:objective"


def objective(update: Update, _settings: object) -> Tensor:
    """What is maximised, per token [B, T]."""
    return update.ratio * update.advantages


def _terms(_settings: object) -> tuple[Term, ...]:
    return (
        Term(
            "surrogate_value",
            "ratio * advantage",
            title="ρ · Â",
            help=N_("The advantage, weighted by how much likelier the token has become."),
            tex="J_t",
            source=_CODE,
            given=("surrogate",),
        ),
    )


SURROGATE = Surrogate(
    name="unclipped",
    title=N_("unclipped: ratio × advantage, whatever the ratio"),
    settings=Settings,
    objective=objective,
    terms=_terms,
    line=lambda _settings: r"J_t = \rho_t A_t",
    source=_CODE,
    paper="Schulman et al. 2015, arXiv:1502.05477",
    refuses=no_dual_clip,
)
