"""The loss that every learner shares. PPO and GRPO differ in the advantages that come in, and in nothing here.

objective_t = min(rho_t A_t, clip(rho_t) A_t) - beta KL_t + entropy_coef H_t          loss = -aggregate(objective)

Two settings change its first term: `importance_sampling_level` takes one ratio per response (gspo.py), `surrogate`
bounds the ratio's weight instead of cutting the gradient (cispo.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from core.algorithms.aggregation import aggregate
from core.algorithms.gspo import sequence_ratio
from core.algorithms.kl import ESTIMATORS
from core.algorithms.surrogates.cispo import bounded_side, cispo_surrogate
from core.algorithms.surrogates.clip import clipped_side, clipped_surrogate, importance_ratio
from core.algorithms.types import Credit, Experience
from core.config import LearnerSettings


@dataclass(frozen=True)
class PolicyLoss:
    """The loss and, token by token, what it was made of. What stands where the mask is False means nothing."""

    loss: Tensor  # one number, to be minimised
    ratio: Tensor  # [B, T]; at sequence level the response's one ratio at each of its tokens
    clipped: Tensor  # int8 [B, T]: -1 low side, 0 not, +1 high side; under CISPO +1 where the weight is bounded
    surrogate: Tensor  # [B, T] what the min gives
    kl: Tensor | None  # [B, T] the estimate in the loss; None where beta is 0
    objective: Tensor  # [B, T] surrogate - beta * kl + entropy_coef * entropy


def policy_objective(
    logprob: Tensor,
    experience: Experience,
    credit: Credit,
    settings: LearnerSettings,
    max_length: int,
    entropy: Tensor | None = None,
    weights: Tensor | None = None,
) -> PolicyLoss:
    """The loss of one (mini-)batch: `experience` and `credit` hold just its responses (see `take`).

    Part of a mini-batch is passed with its tokens' `weights` [B, T] in the whole (see `token_weights`): the parts'
    losses then add up to the mini-batch's, and so do their gradients.

    `logprob` [B, T] is log pi_theta(o_t | s_t) under the policy being trained, at the sampling temperature; `entropy`
    [B, T] is needed only where settings.entropy_coef > 0; `max_length` is the run's max_completion_length in tokens.
    Raises ValueError if a term that the settings ask for has no input.
    """
    ratio = _ratio(logprob, experience, settings)
    surrogate, clipped = _surrogate(ratio, logprob, credit.advantages, settings)
    objective, kl = surrogate, None
    if settings.beta > 0:
        if experience.logprobs_ref is None:
            raise ValueError(f"{settings.name}: beta is {settings.beta}, but there are no reference log-probabilities")
        kl = ESTIMATORS[settings.kl_loss_estimator](logprob, experience.logprobs_ref)
        objective = objective - settings.beta * kl
    if settings.entropy_coef > 0:
        if entropy is None:
            raise ValueError(f"{settings.name}: entropy_coef is {settings.entropy_coef}, but no entropy was given")
        objective = objective + settings.entropy_coef * entropy
    if weights is None:
        loss = -aggregate(objective, experience.mask, settings.aggregation, max_length)
    else:
        loss = -(weights * torch.where(experience.mask, objective, 0)).sum()
    return PolicyLoss(loss, ratio, clipped, surrogate, kl, objective)


def _ratio(logprob: Tensor, experience: Experience, settings: LearnerSettings) -> Tensor:
    if settings.importance_sampling_level == "sequence":
        return sequence_ratio(logprob, experience.logprobs_old, experience.mask)
    return importance_ratio(logprob, experience.logprobs_old)


def _surrogate(ratio: Tensor, logprob: Tensor, advantages: Tensor, settings: LearnerSettings) -> tuple[Tensor, Tensor]:
    """(what is maximised, which side was clipped) per token."""
    if settings.surrogate == "cispo":
        bounded = bounded_side(ratio.detach(), advantages, settings.clip_high)
        return cispo_surrogate(ratio, advantages, logprob, settings.clip_high), bounded
    limits = settings.epsilon, settings.clip_high, settings.dual_clip
    return clipped_surrogate(ratio, advantages, *limits), clipped_side(ratio.detach(), advantages, *limits)
