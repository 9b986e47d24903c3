"""The log-likelihood, weighted: what supervised learning maximises, and with advantages what REINFORCE does.

    objective_t = A_t log pi_theta(o_t)

With A = 1 it is the log-likelihood of given responses (supervised fine-tuning). With other advantages its gradient is
that of REINFORCE (Williams 1992, Machine Learning 8, 229-256), which is right for responses that the policy itself has
just written: there is no ratio, so nothing corrects for who wrote them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.algorithms.surrogates.base import Surrogate, Update, no_dual_clip
from core.errors import N_
from core.settings import Settings
from core.terms import Term

if TYPE_CHECKING:
    from torch import Tensor

_CODE = "core/algorithms/surrogates/log_likelihood.py:objective"


def objective(update: Update, _settings: object) -> Tensor:
    """What is maximised, per token [B, T]."""
    return update.advantages * update.logprob


def _terms(_settings: object) -> tuple[Term, ...]:
    return (
        Term(
            "surrogate_value",
            "advantage * logprob",
            title="Â · log π",
            help=N_("The token's log-probability, times what the token counts."),
            tex="J_t",
            source=_CODE,
            given=("surrogate",),
        ),
    )


SURROGATE = Surrogate(
    name="log-likelihood",
    title=N_("log-likelihood: advantage × log-probability, without a ratio"),
    settings=Settings,
    objective=objective,
    terms=_terms,
    line=lambda _settings: r"J_t = A_t \log \pi_\theta(o_t \mid s_t)",
    source=_CODE,
    paper="Williams 1992",
    fixed_ratio=True,
    has_ratio=False,
    refuses=no_dual_clip,
)
