"""CISPO: a weight that is bounded and has no gradient of its own."""

from __future__ import annotations

import math

import pytest
import torch

from core.algorithms.policy_loss import policy_objective
from core.algorithms.surrogates.cispo import bounded_side, cispo_surrogate
from core.config import RunConfig
from core.errors import ConfigError
from core.given_config import change
from core.learners.kinds.grpo import GRPOSettings
from core.learners.registry import credit_for
from tests.learners.test_credit import BATCH, LENGTH, an_experience


@pytest.mark.parametrize("ratio", [0.1, 0.9, 1.2, 1.5, 6.0])
@pytest.mark.parametrize("advantage", [-1.5, 0.0, 0.7])
def test_every_token_learns_with_a_weight_of_at_most_one_plus_epsilon(ratio: float, advantage: float) -> None:
    logprob = torch.tensor(-0.8, dtype=torch.float64, requires_grad=True)
    rho = (logprob - (-0.8 - math.log(ratio))).exp()
    a = torch.tensor(advantage, dtype=torch.float64)
    (gradient,) = torch.autograd.grad(cispo_surrogate(rho, a, logprob, 0.3), logprob)
    assert gradient.item() == pytest.approx(min(ratio, 1.3) * advantage)
    side = bounded_side(rho, a, 0.3)
    assert side.dtype == torch.int8
    # marked exactly where the gradient is not the one that the ratio alone would give
    assert (side.item() == 1) == (gradient.item() != pytest.approx(ratio * advantage))


def test_on_a_fresh_rollout_its_gradient_is_that_of_the_clip() -> None:
    experience = an_experience()
    gradients = []
    for settings in (GRPOSettings(surrogate="cispo"), GRPOSettings()):
        logprob = experience.logprobs_old.clone().requires_grad_()
        credit = credit_for(settings)(experience)
        loss = policy_objective(logprob, experience, credit, settings, 6).loss
        gradients.append(torch.autograd.grad(loss, logprob)[0])
    assert gradients[0].abs().max() > 0
    torch.testing.assert_close(*gradients)


def test_the_setting_chooses_it_and_the_trace_marks_bounded_tokens() -> None:
    experience = an_experience()
    settings = GRPOSettings(surrogate="cispo", epsilon_high=0.5)
    credit = credit_for(settings)(experience)
    logprob = (experience.logprobs_old + torch.randn(BATCH, LENGTH, dtype=torch.float64)).requires_grad_()
    result = policy_objective(logprob, experience, credit, settings, 6)
    (gradient,) = torch.autograd.grad(result.loss, logprob)
    by_hand = -result.ratio.detach().clamp(max=1.5) * credit.advantages / experience.mask.sum()
    torch.testing.assert_close(gradient, by_hand * experience.mask)
    assert set(result.clipped[experience.mask].tolist()) == {0, 1}


def test_a_dual_clip_is_refused_with_it() -> None:
    with pytest.raises(ConfigError, match="grpo: dual_clip has no meaning with surrogate=cispo"):
        change(RunConfig(), {"grpo.surrogate": "cispo", "grpo.dual_clip": 3})


def test_at_the_bound_itself_the_weight_is_the_ratio() -> None:
    assert bounded_side(torch.tensor([1.5, 1.51]), torch.ones(2), 0.5).tolist() == [0, 1]
