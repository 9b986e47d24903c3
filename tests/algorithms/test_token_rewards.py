"""Where the reward stands."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from core.algorithms.token_rewards import rewards_of, score_terms, token_reward_terms, token_rewards
from core.algorithms.types import Experience
from core.errors import RequestError
from core.learners.kinds.ppo import PPOSettings

MASK = torch.tensor([[1, 1, 1], [1, 0, 0]]).bool()
SCORE = torch.tensor([1.0, -2.0])


def test_the_score_stands_at_the_last_real_token() -> None:
    assert token_rewards(SCORE, MASK).tolist() == [[0, 0, 1], [-2, 0, 0]]


def test_the_kl_penalty_stands_at_every_token() -> None:
    kl = torch.tensor([[1.0, -2.0, 3.0], [4.0, torch.nan, torch.nan]])
    expected = torch.tensor([[-0.1, 0.2, 1 - 0.3], [-2 - 0.4, 0, 0]])
    torch.testing.assert_close(token_rewards(SCORE, MASK, kl, 0.1), expected)
    assert token_rewards(SCORE, MASK, kl, 0.1).sum(1).tolist() == pytest.approx([0.8, -2.4])


def test_a_kl_is_charged_only_where_there_is_one_and_a_coefficient() -> None:
    kl = torch.ones(2, 3)
    alone = token_rewards(SCORE, MASK)
    assert torch.equal(token_rewards(SCORE, MASK, kl), alone)
    assert torch.equal(token_rewards(SCORE, MASK, kl * torch.nan, 0.0), alone)
    assert torch.equal(token_rewards(SCORE, MASK, None, 0.1), alone)
    assert torch.equal(token_rewards(SCORE, MASK, kl, 1.0), alone - MASK.float())


@pytest.mark.parametrize("estimator", ["k1", "k2", "k3"])
def test_what_is_charged_is_the_sampling_policys_kl(estimator: str) -> None:
    old, reference = torch.tensor([[-1.0, -2.0, -0.5]] * 2), torch.tensor([[-1.5, -1.0, -0.1]] * 2)
    gap = reference - old
    charged = {"k1": -gap, "k2": gap**2 / 2, "k3": gap.exp() - 1 - gap}[estimator]
    experience = Experience(MASK, old, reference, SCORE, torch.zeros(2).long(), torch.zeros(2).bool())
    settings = PPOSettings(kl_coef=0.3, kl_reward_estimator=estimator)
    expected = token_rewards(SCORE, MASK) - 0.3 * torch.where(MASK, charged, 0)
    torch.testing.assert_close(rewards_of(experience, settings), expected)
    without = replace(experience, logprobs_ref=None)
    with pytest.raises(RequestError, match=r"^ppo: kl_coef is 0.3, but there are no reference log-probabilities$"):
        rewards_of(without, settings)
    assert torch.equal(rewards_of(without, PPOSettings(kl_coef=0.0)), token_rewards(SCORE, MASK))


@pytest.mark.parametrize(("charged", "expression"), [(0.0, "reward"), (0.3, "sum_response(token_reward)"), (1.0, None)])
def test_responses_are_compared_by_their_reward_less_what_was_charged(charged: float, expression: str | None) -> None:
    settings = PPOSettings(kl_coef=charged)
    assert score_terms(settings)[-1].expression == (expression or "sum_response(token_reward)")
    assert [x.name for x in token_reward_terms(settings)] == ["old_k1"] * (charged > 0) + ["token_reward"]
