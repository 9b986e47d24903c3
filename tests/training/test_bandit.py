"""GRPO on a bandit with two answers, where its expected gradient can be written down by hand."""

import itertools
import math

import pytest
import torch

from core.algorithms.policy_loss import policy_objective
from core.algorithms.types import Experience
from core.learners.kinds.grpo import GRPOSettings
from core.learners.kinds.ppo import PPOSettings
from core.learners.registry import credit_for


def gradient(settings, actions, logit, values=None):
    """d loss / d logit for one group of one-token responses, where answer 1 is right."""
    logit = torch.tensor(logit, dtype=torch.float64, requires_grad=True)
    logprob = torch.stack([torch.nn.functional.logsigmoid(logit if a else -logit) for a in actions])[:, None]
    count = len(actions)
    experience = Experience(
        mask=torch.ones(count, 1, dtype=torch.bool),
        logprobs_old=logprob.detach(),
        logprobs_ref=None,
        rewards=torch.tensor(actions, dtype=torch.float64),
        group=torch.zeros(count, dtype=torch.long),
        truncated=torch.zeros(count, dtype=torch.bool),
        values=None if values is None else torch.full((count, 1), values, dtype=torch.float64),
    )
    loss = policy_objective(logprob, experience, credit_for(settings)(experience), settings, 1).loss
    return float(torch.autograd.grad(loss, logit)[0])


@pytest.mark.parametrize("generations", [2, 4, 6])
@pytest.mark.parametrize("logit", [-1.5, 0.0, 0.8])
def test_grpos_expected_gradient_is_the_one_worked_out_by_hand(generations, logit):
    """With k of G right: (1/G) Σ A_i (a_i − p) = (1/G) Σ A_i a_i, as a group's advantages add up to 0.

    Each of the k right ones has A = (1 − k/G)/(s + 1e-4), s² = k(G − k)/(G(G − 1)); k is binomial.
    """
    p = 1 / (1 + math.exp(-logit))
    by_hand = 0.0
    for k in range(generations + 1):
        spread = math.sqrt(k * (generations - k) / (generations * (generations - 1)))
        share = k / generations
        by_hand -= (
            math.comb(generations, k) * p**k * (1 - p) ** (generations - k) * share * (1 - share) / (spread + 1e-4)
        )
    expected = 0.0
    for actions in itertools.product((0, 1), repeat=generations):
        probability = p ** sum(actions) * (1 - p) ** (generations - sum(actions))
        expected += probability * gradient(GRPOSettings(), actions, logit)
    assert expected == pytest.approx(by_hand, abs=1e-6)


def test_ppos_expected_gradient_with_a_perfect_critic_is_the_policy_gradient():
    """E[(r − p)(a − p)] = p(1 − p): the gradient of the success rate p itself."""
    logit = 0.4
    p = 1 / (1 + math.exp(-logit))
    settings = PPOSettings(kl_coef=0, whiten_advantages=False, lam=1.0)
    expected = sum(
        p ** sum(actions) * (1 - p) ** (4 - sum(actions)) * gradient(settings, actions, logit, values=p)
        for actions in itertools.product((0, 1), repeat=4)
    )
    assert expected == pytest.approx(-p * (1 - p), abs=1e-7)


@pytest.mark.parametrize("settings", [GRPOSettings(), PPOSettings(kl_coef=0, whiten_advantages=False)])
def test_a_two_token_policy_finds_the_right_answer(settings):
    generator, logit = torch.Generator().manual_seed(0), -1.0
    for _ in range(200):
        p = 1 / (1 + math.exp(-logit))
        actions = (torch.rand(8, generator=generator) < p).int().tolist()
        values = p if isinstance(settings, PPOSettings) else None
        logit -= 0.5 * gradient(settings, actions, logit, values)
    assert 1 / (1 + math.exp(-logit)) > 0.95
