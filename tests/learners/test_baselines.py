"""What a response is compared with: its group, the others in it, or nothing; and whitening over the batch."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from core.algorithms.advantages import group_advantages
from core.config import RunConfig
from core.errors import ConfigError
from core.given_config import change
from core.learners.kinds.grpo import GRPOSettings
from core.learners.registry import credit_for
from tests.learners.test_credit import an_experience
from tests.training.test_bandit import gradient


def test_leave_one_out_takes_the_mean_of_the_others() -> None:
    rewards = torch.tensor([0.3, 1.0, 0.0, 0.7, 0.2, 0.9, 0.4], dtype=torch.float64)
    group = torch.tensor([5, 2, 5, 2, 5, 2, 5])
    advantage, raw = group_advantages(rewards, group, "none", baseline="leave-one-out")
    for i in range(7):
        others = [float(rewards[j]) for j in range(7) if group[j] == group[i] and j != i]
        assert raw[i].item() == pytest.approx(float(rewards[i]) - np.mean(others))
    assert torch.equal(advantage, raw)


def test_leave_one_out_divides_by_the_spread_of_the_rewards_and_not_of_its_own_advantages() -> None:
    rewards, group = torch.tensor([1.0, 0, 0, 1, 1, 0], dtype=torch.float64), torch.zeros(6, dtype=torch.long)
    usual, _ = group_advantages(rewards, group)
    other, _ = group_advantages(rewards, group, baseline="leave-one-out")
    torch.testing.assert_close(other, usual * 6 / 5)


@pytest.mark.parametrize("baseline", ["group-mean", "leave-one-out"])
def test_equal_rewards_carry_no_signal_against_each_other(baseline) -> None:
    rewards, group = torch.tensor([0.1 + 0.2, 0.3, 1.0, 0.0]), torch.tensor([0, 0, 1, 1])
    advantage, _ = group_advantages(rewards, group, baseline=baseline)
    assert advantage[:2].tolist() == [0, 0]
    assert (advantage[2:] != 0).all()


def test_alone_in_its_group_a_response_has_no_others() -> None:
    _, raw = group_advantages(torch.tensor([1.0, 0.5]), torch.tensor([0, 1]), "none", baseline="leave-one-out")
    assert raw.tolist() == [0, 0]


@pytest.mark.parametrize("logit", [-0.7, 0.4])
@pytest.mark.parametrize("baseline", ["leave-one-out", "none"])
def test_on_a_bandit_their_expected_gradient_is_exactly_that_of_the_success_rate(baseline, logit: float) -> None:
    """p(1 − p) for each, by hand; the group's own mean as baseline gives (1 − 1/G) of it (test_credit)."""
    p = 1 / (1 + np.exp(-logit))
    settings = GRPOSettings(baseline=baseline, scale_rewards="none")
    expected = sum(
        p ** sum(actions) * (1 - p) ** (3 - sum(actions)) * gradient(settings, actions, logit)
        for actions in itertools.product((0, 1), repeat=3)
    )
    assert expected == pytest.approx(-p * (1 - p))


def test_without_a_baseline_a_group_whose_answers_are_all_right_is_praised() -> None:
    experience = an_experience()
    credit = credit_for(GRPOSettings(baseline="none", scale_rewards="none"))(experience)
    torch.testing.assert_close(credit.advantages[:, 0], experience.rewards)


def test_without_a_baseline_nothing_can_be_divided_by_a_spread_of_zero() -> None:
    with pytest.raises(ConfigError, match="grpo: without a baseline, scale_rewards must be none, but is group"):
        change(RunConfig(), {"baseline": "none"})
    with pytest.raises(ValueError, match="without a baseline"):
        group_advantages(torch.ones(4), torch.zeros(4), "batch", baseline="none")
    assert change(RunConfig(), {"baseline": "none", "scale_rewards": "none"}).learner("grpo").baseline == "none"  # type: ignore[union-attr]


@pytest.mark.parametrize("ddof", [0, 1])
@pytest.mark.parametrize("baseline", ["group-mean", "none"])
def test_reinforce_plus_plus_normalises_over_all_tokens_of_the_batch(baseline, ddof) -> None:
    """Against numpy: each response counts once per token."""
    experience = an_experience()
    settings = GRPOSettings(baseline=baseline, scale_rewards="none", whiten_advantages=True, whiten_ddof=ddof)
    credit = credit_for(settings)(experience)
    rewards, group = experience.rewards.numpy(), experience.group.numpy()
    raw = rewards - (np.array([rewards[group == g].mean() for g in group]) if baseline == "group-mean" else 0)
    tokens = np.repeat(raw, experience.mask.sum(1).numpy())
    expected = (tokens - tokens.mean()) / (tokens.std(ddof=ddof) + 1e-8)
    np.testing.assert_allclose(credit.advantages[experience.mask], expected)
    assert (credit.advantages[~experience.mask] == 0).all()
    torch.testing.assert_close(credit.advantages_raw[:, 0], torch.from_numpy(raw))
