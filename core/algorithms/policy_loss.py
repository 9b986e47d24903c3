"""The loss that every learner shares. PPO and GRPO differ in the advantages that come in, and in nothing here.

objective_t = min(rho_t A_t, clip(rho_t) A_t) - beta KL_t + entropy_coef H_t          loss = -aggregate(objective)

Two settings change its first term: `importance_sampling_level` takes one ratio per response (ratio.py), `surrogate`
names what is made of ratio and advantage (surrogates/).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from core.algorithms.aggregation import LINES, aggregate
from core.algorithms.kl import ESTIMATORS, kl_terms
from core.algorithms.ratio import LEVELS
from core.algorithms.surrogates import SURROGATES, Update
from core.algorithms.types import Credit, Experience
from core.errors import N_, RequestError
from core.lazy import lazy
from core.terms import Region, Term

if TYPE_CHECKING:
    import torch
    from torch import Tensor
else:
    torch = lazy("torch")


class LossSettings(Protocol):
    """The settings that the loss reads; every learner has them, and those of its surrogate."""

    @property
    def name(self) -> str: ...
    @property
    def importance_sampling_level(self) -> str: ...
    @property
    def surrogate(self) -> str: ...
    @property
    def beta(self) -> float: ...
    @property
    def kl_loss_estimator(self) -> str: ...
    @property
    def entropy_coef(self) -> float: ...
    @property
    def aggregation(self) -> str: ...


@dataclass(frozen=True)
class PolicyLoss:
    """The loss and, token by token, what it was made of. What stands where the mask is False means nothing."""

    loss: Tensor  # one number, to be minimised
    ratio: Tensor  # [B, T]; at sequence level the response's one ratio at each of its tokens
    clipped: Tensor  # int8 [B, T]: -1 low side, 0 not, +1 high side; where a surrogate cuts nothing, where it bounds
    surrogate: Tensor  # [B, T]
    kl: Tensor | None  # [B, T] the estimate in the loss; None where beta is 0
    objective: Tensor  # [B, T] surrogate - beta * kl + entropy_coef * entropy


def policy_objective(
    logprob: Tensor,
    experience: Experience,
    credit: Credit,
    settings: LossSettings,
    max_length: int,
    entropy: Tensor | None = None,
    weights: Tensor | None = None,
) -> PolicyLoss:
    """The loss of one (mini-)batch: `experience` and `credit` hold just its responses (see `take`).

    Part of a mini-batch is passed with its tokens' `weights` [B, T] in the whole (see `token_weights`): the parts'
    losses then add up to the mini-batch's, and so do their gradients.

    `logprob` [B, T] is log pi_theta(o_t | s_t) under the policy being trained, at the sampling temperature; `entropy`
    [B, T] is needed only where settings.entropy_coef > 0; `max_length` is the run's max_completion_length in tokens.
    Raises RequestError if a term that the settings ask for has no input.
    """
    form = SURROGATES[settings.surrogate]
    ratio = LEVELS[settings.importance_sampling_level].ratio(logprob, experience.logprobs_old, experience.mask)
    update = Update(ratio, logprob, credit.advantages, experience.mask, experience.logprobs_ref, experience.group)
    surrogate, clipped = form.objective(update, settings), form.side(update, settings)
    objective, kl = surrogate, None
    if settings.beta > 0:
        if experience.logprobs_ref is None:
            raise RequestError(
                "{learner}: beta is {given}, but there are no reference log-probabilities",
                learner=settings.name,
                given=settings.beta,
            )
        kl = ESTIMATORS[settings.kl_loss_estimator](logprob, experience.logprobs_ref)
        objective = objective - settings.beta * kl
    if settings.entropy_coef > 0:
        if entropy is None:
            raise RequestError(
                "{learner}: entropy_coef is {given}, but no entropy was given",
                learner=settings.name,
                given=settings.entropy_coef,
            )
        objective = objective + settings.entropy_coef * entropy
    if weights is None:
        loss = -aggregate(objective, experience.mask, settings.aggregation, max_length)
    else:
        loss = -(weights * torch.where(experience.mask, objective, 0)).sum()
    return PolicyLoss(loss, ratio, clipped, surrogate, kl, objective)


def loss_terms(settings: LossSettings) -> tuple[Term, ...]:
    """From logprob, logprob_old and advantage to the columns ratio, kl_k1 … and objective."""
    total = "surrogate_value"
    if settings.beta > 0:
        total += f" - beta * kl_{settings.kl_loss_estimator}"
    if settings.entropy_coef > 0:
        total += " + entropy_coef * entropy"
    form = SURROGATES[settings.surrogate]
    return (
        *(LEVELS[settings.importance_sampling_level].terms if form.has_ratio else ()),
        *form.terms(settings),
        *kl_terms(ESTIMATORS),
        Term(
            "objective",
            total,
            title=N_("objective"),
            help=N_("What the update pushes up for this token."),
            tex="J_t",
            source="core/algorithms/policy_loss.py:policy_objective",
            given=("beta", "kl_loss_estimator", "entropy_coef"),
        ),
    )


def loss_regions(settings: LossSettings) -> tuple[Region, ...]:
    """Where the surrogate cuts a token's gradient, or bounds its weight."""
    return SURROGATES[settings.surrogate].regions(settings)


def loss_lines(settings: LossSettings) -> dict[str, str]:
    """The loss as LaTeX, line by line."""
    kl, form = r"\text{none}", SURROGATES[settings.surrogate]
    if settings.beta > 0:
        kl = rf"J_t - {settings.beta:g}\,k_{{{settings.kl_loss_estimator[1]},t}}"
    return {
        "ratio": LEVELS[settings.importance_sampling_level].line if form.has_ratio else r"\text{none}",
        "surrogate": form.line(settings),
        "kl": kl,
        "aggregation": LINES[settings.aggregation],
    }
