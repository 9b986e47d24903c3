"""GAE against the double sum in float64; group advantages against closed forms and numpy."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest
import torch

from core.algorithms.advantages import gae, gae_terms, group_advantages, group_std, tied, zero_std_groups

LENGTHS = (6, 1, 4, 6)


@pytest.fixture
def responses() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Token rewards, values and mask of four responses; what stands in the padding must not matter."""
    torch.manual_seed(0)
    mask = torch.arange(6) < torch.tensor(LENGTHS)[:, None]
    rewards, values = torch.randn(4, 6, dtype=torch.float64), torch.randn(4, 6, dtype=torch.float64)
    rewards[~mask] = 77.0
    values[~mask] = torch.nan
    return rewards, values, mask


def double_sum(rewards: torch.Tensor, values: torch.Tensor, gamma: float, lam: float, after: list[float]) -> np.ndarray:
    """A_t = sum_l (gamma lam)^l delta_{t+l}, written out."""
    out = np.zeros((len(LENGTHS), 6))
    for b, length in enumerate(LENGTHS):
        v = [*values[b, :length].tolist(), after[b]]
        r = rewards[b, :length].tolist()
        delta = [r[t] + gamma * v[t + 1] - v[t] for t in range(length)]
        for t in range(length):
            out[b, t] = sum((gamma * lam) ** k * delta[t + k] for k in range(length - t))
    return out


@pytest.mark.parametrize(("gamma", "lam"), [(1.0, 0.95), (0.9, 0.5), (1.0, 1.0), (0.0, 0.7), (0.97, 0.0)])
def test_gae_is_the_double_sum(responses, gamma: float, lam: float) -> None:
    rewards, values, mask = responses
    advantages, returns, deltas = gae(rewards, values, mask, gamma, lam)
    np.testing.assert_allclose(advantages.numpy(), double_sum(rewards, values, gamma, lam, [0] * 4), atol=1e-12)
    np.testing.assert_allclose(deltas.numpy(), double_sum(rewards, values, gamma, 0, [0] * 4), atol=1e-12)
    torch.testing.assert_close(returns[mask], (advantages + values)[mask])
    for x in (advantages, returns, deltas):
        assert (x[~mask] == 0).all()


def test_gae_bootstraps_only_what_was_cut_off(responses) -> None:
    rewards, values, mask = responses
    after = torch.tensor([0.5, -2.0, 3.0, 1.5], dtype=torch.float64)
    truncated = torch.tensor([True, False, False, True])
    advantages, _, _ = gae(rewards, values, mask, 0.9, 0.8, value_after=after, truncated=truncated)
    expected = double_sum(rewards, values, 0.9, 0.8, [0.5, 0, 0, 1.5])
    np.testing.assert_allclose(advantages.numpy(), expected, atol=1e-12)
    with pytest.raises(ValueError, match="needs truncated"):
        gae(rewards, values, mask, 0.9, 0.8, value_after=after)


def test_gae_of_responses_of_one_token_each() -> None:
    one = torch.ones(2, 1, dtype=torch.float64)
    advantages, returns, _ = gae(one, 0.25 * one, one.bool(), 0.9, 0.5)
    assert advantages.tolist() == [[0.75], [0.75]]
    assert returns.tolist() == [[1], [1]]


def test_lambda_1_is_discounted_return_minus_value(responses) -> None:
    rewards, values, mask = responses
    advantages, returns, _ = gae(rewards, values, mask, 0.9, 1.0)
    for b, length in enumerate(LENGTHS):
        for t in range(length):
            discounted = sum(0.9 ** (k - t) * rewards[b, k].item() for k in range(t, length))
            assert returns[b, t].item() == pytest.approx(discounted)
            assert advantages[b, t].item() == pytest.approx(discounted - values[b, t].item())


def test_bridge_from_ppo_to_grpo() -> None:
    """gamma = lam = 1, no KL in the reward and V = the group's mean everywhere: GAE is GRPO without the division."""
    torch.manual_seed(0)
    scores, group = torch.rand(12, dtype=torch.float64), torch.arange(12) % 3
    mask = torch.arange(5) < torch.randint(1, 6, (12, 1))
    rewards = torch.zeros(12, 5, dtype=torch.float64)
    rewards[torch.arange(12), mask.sum(1) - 1] = scores
    means = torch.stack([scores[group == g].mean() for g in range(3)])[group]
    ppo, _, _ = gae(rewards, means[:, None].expand(12, 5), mask, 1.0, 1.0)
    grpo, _ = group_advantages(scores, group, scale="none")
    torch.testing.assert_close(ppo[mask], grpo[:, None].expand(12, 5)[mask])


@pytest.mark.parametrize("ddof", [0, 1])
@pytest.mark.parametrize("scale", ["group", "batch", "none"])
def test_group_advantages_are_numpys_in_any_order(scale, ddof: int) -> None:
    rng = np.random.default_rng(0)
    rewards = rng.normal(size=12)
    group = rng.permutation(np.repeat([4, 0, 9], 4))  # neither sorted nor numbered without gaps
    advantage, raw = group_advantages(torch.tensor(rewards), torch.tensor(group), scale, ddof, eps=1e-4)
    for i in range(12):
        mine = rewards[group == group[i]]
        spread = {"group": mine.std(ddof=ddof) + 1e-4, "batch": rewards.std(ddof=ddof) + 1e-4, "none": 1}[scale]
        assert raw[i].item() == pytest.approx(rewards[i] - mine.mean())
        assert advantage[i].item() == pytest.approx((rewards[i] - mine.mean()) / spread)


@pytest.mark.parametrize("size", [2, 8, 64])
def test_one_success_in_a_group(size: int) -> None:
    """Closed form: sqrt(G - 1) with ddof 0, (G - 1) / sqrt(G) with ddof 1."""
    rewards, group = torch.zeros(size, dtype=torch.float64), torch.zeros(size, dtype=torch.long)
    rewards[size // 2] = 1
    for ddof, expected in ((0, np.sqrt(size - 1)), (1, (size - 1) / np.sqrt(size))):
        advantage, _ = group_advantages(rewards, group, "group", ddof, eps=0)
        assert advantage[size // 2].item() == pytest.approx(expected)


def test_share_of_groups_without_signal_over_every_outcome() -> None:
    """With success rate p the expected share is p^G + (1 - p)^G; here over all 2^G outcomes, weighted."""
    p, size = 0.3, 4
    expected = 0.0
    for outcome in itertools.product((0, 1), repeat=size):
        share = zero_std_groups(torch.tensor(outcome).float(), torch.zeros(size, dtype=torch.long)).item()
        expected += share * p ** sum(outcome) * (1 - p) ** (size - sum(outcome))
    assert expected == pytest.approx(p**size + (1 - p) ** size)


def test_share_of_groups_without_signal_counts_groups() -> None:
    rewards, group = torch.tensor([1.0, 0, 1, 1, 0, 0, 1, 1]), torch.tensor([5, 5, 2, 2, 7, 7, 2, 2])
    assert zero_std_groups(rewards, group).item() == pytest.approx(2 / 3)


def test_an_unknown_scale_is_refused_in_one_sentence() -> None:
    with pytest.raises(ValueError, match="scale_rewards must be group, batch or none, but is 'sum'"):
        group_advantages(torch.rand(2), torch.zeros(2, dtype=torch.long), "sum")  # type: ignore[arg-type]


def test_without_a_baseline_the_reward_is_the_credit() -> None:
    rewards, group = torch.tensor([1.0, 1.0, 0.0, 3.0]), torch.tensor([0, 0, 1, 1])
    for given in group_advantages(rewards, group, scale="none", baseline="none"):
        assert torch.equal(given, rewards)
    for scale in ("group", "batch"):
        with pytest.raises(ValueError, match=f"without a baseline, scale_rewards must be none, but is {scale}"):
            group_advantages(rewards, group, scale=scale, baseline="none")


@pytest.mark.parametrize("baseline", ["group-mean", "leave-one-out"])
def test_what_a_reward_is_compared_with(baseline: str) -> None:
    rewards = torch.tensor([1.0, 2.0, 6.0, 5.0, 5.0, 4.0, 1.0], dtype=torch.float64)
    group = torch.tensor([3, 3, 3, 1, 1, 2, 2])
    _, raw = group_advantages(rewards, group, scale="none", baseline=baseline)
    others = [4.0, 3.5, 1.5, 5.0, 5.0, 1.0, 4.0] if baseline == "leave-one-out" else [3.0] * 3 + [5.0] * 2 + [2.5] * 2
    assert raw.tolist() == pytest.approx((rewards - torch.tensor(others)).tolist())
    if baseline == "group-mean":
        assert torch.equal(raw, group_advantages(rewards, group, scale="none")[1])


def test_an_unknown_baseline_is_refused_in_one_sentence() -> None:
    with pytest.raises(ValueError, match="baseline must be group-mean, leave-one-out or none, but is 'median'"):
        group_advantages(torch.rand(2), torch.zeros(2, dtype=torch.long), baseline="median")


def test_a_response_alone_in_its_group_or_step_carries_no_signal() -> None:
    for scale, ddof, baseline in itertools.product(("group", "batch", "none"), (0, 1), ("group-mean", "leave-one-out")):
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # torch's, of a standard deviation without degrees of freedom
            both = group_advantages(torch.tensor([3.0]), torch.tensor([0]), scale, ddof, baseline=baseline)
        assert [x.tolist() for x in both] == [[0.0], [0.0]]


def test_equal_rewards_are_equal_up_to_rounding_of_their_size() -> None:
    group = torch.tensor([0, 0, 1, 1, 2, 2, 3, 3])
    rewards = torch.tensor([1000, 1000.0005, 1000, 1000.005, -1000, -1000.0005, 0, 0], dtype=torch.float64)
    assert tied(rewards, group).tolist() == [True, False, True, True]
    assert tied(torch.tensor([0.0, 1e-9, -1e-9, 0.0]), torch.tensor([0, 0, 1, 1])).tolist() == [False, False]


def test_the_spread_of_groups_is_numpys_and_leaves_out_single_responses() -> None:
    rewards, group = torch.tensor([1.0, 5.0, 2.0, 7.0, 3.0, 9.0]), torch.tensor([8, 2, 8, 2, 8, 5])
    expected = [np.std([5, 7], ddof=1), np.std([1, 2, 3], ddof=1)]  # of groups 2 and 8; 5 has one response alone
    assert group_std(rewards, group).tolist() == pytest.approx(expected)
    assert group_std(rewards[:1], group[:1]).tolist() == [0]


def test_nothing_follows_a_response_unless_it_is_said() -> None:
    assert gae_terms("gamma * lam")[0].expression == "following(value, 0)"
    assert gae_terms("gamma * lam", bootstrap=True)[0].expression == "following(value, value_after if truncated else 0)"
