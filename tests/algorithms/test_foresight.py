"""Measured values in the place of true ones: what their noise adds is what is taken off, on average over measurements.

The true values are known here, and every measurement is made up by numpy's own random numbers.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.algorithms.advantages import group_baseline
from core.algorithms.foresight import NO_NOISE, best_constant, ceiling, foresight, measuring_noise
from core.algorithms.value_loss import explained_variance

#: 6 responses of up to 5 tokens to 2 questions: the first prefix of each question is shared by 3 responses, some
#: second ones by 2. Tokens with equal numbers have equal prefixes.
WHICH = np.array(
    [
        [0, 1, 2, 3, -1],
        [0, 1, 4, -1, -1],
        [0, 5, 6, 7, 8],
        [9, 10, 11, -1, -1],
        [9, 12, -1, -1, -1],
        [9, 10, 13, 14, 15],
    ]
)
MASK = WHICH >= 0
DRAW = np.random.default_rng(3)
VALUES = DRAW.random(16)  # V of each prefix
CRITIC = VALUES[WHICH] * 0.6 + 0.3 + 0.1 * DRAW.standard_normal(WHICH.shape)
REWARDS = np.array([1.0, 0.0, 1.0, 1.0, 0.0, 0.0])
OUTCOMES = np.broadcast_to(REWARDS[:, None], WHICH.shape)
K, REPEATS = 4, 2000


def tensors(*arrays: np.ndarray) -> list[torch.Tensor]:
    return [torch.tensor(x) for x in arrays]


@pytest.fixture(scope="module")
def measured() -> dict[str, np.ndarray]:
    """The numbers of many measurements, each of K rewards of every prefix: corrected, and as they come."""
    rows: dict[str, list[float]] = {}
    critic, mask, rewards, which = tensors(CRITIC, MASK, REWARDS, WHICH)
    for _ in range(REPEATS):
        scores = (DRAW.random((16, K)) < VALUES[:, None]).astype(float)
        truth, noise = tensors(scores.mean(1)[WHICH], (scores.var(1, ddof=1) / K)[WHICH])
        own = measuring_noise(noise, which, mask)
        for name, x in (("", own), ("raw ", NO_NOISE)):
            seen = foresight(critic, truth, rewards, mask, x)
            outcome = float(torch.tensor(OUTCOMES)[mask].var())
            numbers = {
                "error": seen.error,
                "constant": best_constant(truth, mask, x),
                # a share times the variance it is of: without bias also where the share is not
                "unexplained": (1 - (ceiling(truth, rewards, mask, x) or 0)) * outcome,
                "spread": float(truth[mask].var()) - x.variance,
                "left": float((truth - critic)[mask].var()) - x.variance,
            }
            for key, number in numbers.items():
                rows.setdefault(name + key, []).append(number)
    return {name: np.array(x) for name, x in rows.items()}


def exact() -> dict[str, float]:
    """From the true values, in numpy."""
    true = VALUES[WHICH][MASK]
    return {
        "error": float(np.mean((CRITIC[MASK] - true) ** 2)),
        "constant": float(true.var()),
        "unexplained": float((OUTCOMES[MASK] - true).var(ddof=1)),
        "spread": float(true.var(ddof=1)),
        "left": float((true - CRITIC[MASK]).var(ddof=1)),
    }


@pytest.mark.parametrize("name", ["error", "constant", "unexplained", "spread", "left"])
def test_with_the_noise_taken_off_a_measurement_is_right_on_average(measured, name) -> None:
    numbers, true = measured[name], exact()[name]
    within = 4 * numbers.std() / REPEATS**0.5
    assert numbers.mean() == pytest.approx(true, abs=within)
    assert measured["raw " + name].mean() - true > 3 * within  # without that it is not


def test_tokens_that_share_a_measurement_spread_less_by_its_noise() -> None:
    """Two prefixes of 3 and 1 tokens: over all that can be drawn, exactly."""
    values, which = np.array([0.3, 0.8]), np.array([[0, 0, 0, 1]])
    expected, taken = 0.0, 0.0
    for scores in np.ndindex(*(2,) * 4):  # two rewards of each prefix
        drawn = np.array(scores, float).reshape(2, 2)
        probability = float(np.prod(np.where(drawn == 1, values[:, None], 1 - values[:, None])))
        mean, noise = drawn.mean(1), drawn.var(1, ddof=1) / 2
        expected += probability * mean[which].var(ddof=1)
        own, number, mask = tensors(noise[which], which, np.ones((1, 4), bool))
        taken += probability * measuring_noise(own, number, mask).variance
    assert expected - taken == pytest.approx(values[which].var(ddof=1), rel=1e-12)
    two, number, mask = tensors(np.array([[0.1, 0.3]]), np.array([[0, 1]]), np.ones((1, 2), bool))
    assert measuring_noise(two, number, mask).variance == pytest.approx(0.2)  # their mean, as errors are independent
    alone, number, mask = tensors(np.full((1, 4), 0.1), np.zeros((1, 4), int), np.ones((1, 4), bool))
    assert measuring_noise(alone, number, mask).variance == 0  # one measurement: off by the same everywhere
    assert measuring_noise(alone, number, mask).squared == pytest.approx(0.1)


def test_the_shares_are_those_of_the_numbers_without_noise() -> None:
    """A large K, and the formula of explained variance by hand."""
    scores = (DRAW.random((16, 400)) < VALUES[:, None]).astype(float)
    mean, noise = scores.mean(1)[WHICH], (scores.var(1, ddof=1) / 400)[WHICH]
    critic, truth, variance, mask, rewards, which = tensors(CRITIC, mean, noise, MASK, REWARDS, WHICH)
    own = measuring_noise(variance, which, mask)
    true = exact()
    seen = foresight(critic, truth, rewards, mask, own)
    assert seen.explained == pytest.approx(1 - true["left"] / true["spread"], abs=0.05)
    outcome = OUTCOMES[MASK].var(ddof=1)
    assert ceiling(truth, rewards, mask, own) == pytest.approx(1 - true["unexplained"] / outcome, abs=0.05)
    by_hand = 1 - (((mean - CRITIC)[MASK]).var(ddof=1) - own.variance) / (mean[MASK].var(ddof=1) - own.variance)
    assert seen.explained == pytest.approx(by_hand, rel=1e-12)
    by_hand = 1 - ((OUTCOMES - mean)[MASK].var(ddof=1) - own.variance) / outcome
    assert ceiling(truth, rewards, mask, own) == pytest.approx(by_hand, rel=1e-12)
    assert seen.outcome == pytest.approx(1 - (OUTCOMES - CRITIC)[MASK].var(ddof=1) / outcome, rel=1e-12)


def test_the_noise_of_rewards_of_0_or_1_is_p_times_1_minus_p_over_k_minus_1() -> None:
    scores = (DRAW.random((16, K)) < VALUES[:, None]).astype(float)
    p = scores.mean(1)
    assert scores.var(1, ddof=1) / K == pytest.approx(p * (1 - p) / (K - 1))
    noise, mask, which = tensors((p * (1 - p) / (K - 1))[WHICH], MASK, WHICH)
    assert measuring_noise(noise, which, mask).squared == pytest.approx((p * (1 - p) / (K - 1))[WHICH][MASK].mean())


def test_where_noise_is_all_that_varies_no_share_is_made_up() -> None:
    scores = np.tile([[1.0, 0.0, 1.0, 0.0]], (16, 1))  # the same mean everywhere, and a variance of it
    truth, noise, mask, rewards, critic, which = tensors(
        scores.mean(1)[WHICH], (scores.var(1, ddof=1) / K)[WHICH], MASK, REWARDS, CRITIC, WHICH
    )
    own = measuring_noise(noise, which, mask)
    assert own.variance > 0
    assert foresight(critic, truth, rewards, mask, own).explained is None
    assert ceiling(truth, torch.ones(6, dtype=torch.float64), mask, own) is None


def test_without_noise_nothing_is_taken_off() -> None:
    critic, truth, mask, rewards = tensors(CRITIC, VALUES[WHICH], MASK, REWARDS)
    assert foresight(critic, truth, rewards, mask) == foresight(critic, truth, rewards, mask, NO_NOISE)
    true = VALUES[WHICH][MASK]
    assert foresight(critic, truth, rewards, mask).error == pytest.approx(
        np.mean((CRITIC[MASK] - true) ** 2), rel=1e-12
    )
    assert best_constant(truth, mask) == pytest.approx(true.var(), rel=1e-12)
    plain = explained_variance(critic, truth, mask)
    assert explained_variance(critic, truth, mask, noise_of_values=0.0, noise_of_returns=0.0) == plain


def test_a_group_baseline_is_what_is_taken_off() -> None:
    rewards, group = torch.tensor([1.0, 0.0, 0.0, 1.0, 1.0]), torch.tensor([0, 0, 0, 1, 1])
    assert group_baseline(rewards, group, "group-mean").tolist() == pytest.approx([1 / 3] * 3 + [1, 1])
    assert group_baseline(rewards, group, "leave-one-out").tolist() == pytest.approx([0, 0.5, 0.5, 1, 1], abs=1e-6)
    assert group_baseline(rewards, group, "none").tolist() == [0] * 5
