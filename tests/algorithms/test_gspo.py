"""GSPO's sequence ratio: the geometric mean, one clip for the whole response, and whose gradient it takes."""

from __future__ import annotations

import pytest
import torch

from core.algorithms.policy_loss import policy_objective
from core.algorithms.ratio import sequence_ratio
from core.algorithms.types import Credit
from core.learners.kinds.grpo import GRPOSettings
from core.learners.registry import credit_for
from tests.learners.test_credit import BATCH, LENGTH, an_experience


def test_it_is_the_geometric_mean_of_the_responses_own_tokens() -> None:
    experience = an_experience()
    moved = experience.logprobs_old + torch.randn(BATCH, LENGTH, dtype=torch.float64)
    moved = torch.where(experience.mask, moved, torch.nan)  # padding is never read
    ratio = sequence_ratio(moved, experience.logprobs_old, experience.mask)
    for b, mask in enumerate(experience.mask):
        own = (moved - experience.logprobs_old)[b, mask].exp()
        assert ratio[b, 0].item() == pytest.approx(own.prod().item() ** (1 / len(own)))
        assert (ratio[b] == ratio[b, 0]).all()
    assert (sequence_ratio(experience.logprobs_old, experience.logprobs_old, experience.mask) == 1).all()


@pytest.mark.parametrize("aggregation", ["token-mean", "seq-mean-token-mean"])
def test_one_credit_per_response_gives_the_policy_gradient_scaled_by_the_ratio(aggregation) -> None:
    """By hand, unclipped: d/dlogp_t of a response's objective is its ratio × its advantage × the token's weight."""
    experience = an_experience()
    settings = GRPOSettings(importance_sampling_level="sequence", aggregation=aggregation, epsilon=0.99, epsilon_high=9)
    credit = credit_for(settings)(experience)
    logprob = (experience.logprobs_old + 0.1 * torch.randn(BATCH, LENGTH, dtype=torch.float64)).requires_grad_()
    result = policy_objective(logprob, experience, credit, settings, 6)
    (gradient,) = torch.autograd.grad(result.loss, logprob)
    lengths = experience.mask.sum(1, keepdim=True)
    weight = 1 / lengths.sum() if aggregation == "token-mean" else 1 / lengths / BATCH
    by_hand = -result.ratio.detach() * credit.advantages * weight * experience.mask
    torch.testing.assert_close(gradient, by_hand)


def test_credit_that_differs_within_a_response_is_shared_as_its_mean() -> None:
    experience = an_experience()
    settings = GRPOSettings(importance_sampling_level="sequence", epsilon=0.99, epsilon_high=9)
    advantages = torch.where(experience.mask, torch.randn(BATCH, LENGTH, dtype=torch.float64), 0)
    logprob = experience.logprobs_old.clone().requires_grad_()
    loss = policy_objective(logprob, experience, Credit(advantages, advantages), settings, 6).loss
    (gradient,) = torch.autograd.grad(loss, logprob)
    lengths = experience.mask.sum(1, keepdim=True)
    by_hand = -advantages.sum(1, keepdim=True) / lengths / lengths.sum() * experience.mask
    torch.testing.assert_close(gradient, by_hand)


def test_a_response_is_clipped_as_a_whole() -> None:
    experience = an_experience()
    settings = GRPOSettings(importance_sampling_level="sequence")
    credit = credit_for(settings)(experience)
    logprob = (experience.logprobs_old + torch.randn(BATCH, LENGTH, dtype=torch.float64)).requires_grad_()
    result = policy_objective(logprob, experience, credit, settings, 6)
    (gradient,) = torch.autograd.grad(result.loss, logprob)
    cut = result.clipped != 0
    assert cut.any()
    assert not cut.all()
    assert (cut == cut[:, :1])[experience.mask].all()
    signal = credit.advantages[:, 0] != 0
    assert ((gradient[signal][:, 0] == 0) == cut[signal][:, 0]).all()
