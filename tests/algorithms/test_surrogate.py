"""The clipped objective against its definition in plain Python and its gradient against finite differences."""

from __future__ import annotations

import math

import pytest
import torch

from core.algorithms.ratio import importance_ratio
from core.algorithms.surrogates.clip import branches, clipped_side, clipped_surrogate

LOW, HIGH = 0.2, 0.3
#: Well inside each region, never on a kink: below, inside (both sides of 1), above, far above any dual clip.
RATIOS = (0.4, 0.9, 1.15, 1.8, 5.0)
CASES = [(ratio, advantage, dual) for ratio in RATIOS for advantage in (-1.5, 0.0, 0.7) for dual in (None, 3.0)]


def by_definition(ratio: float, advantage: float, dual: float | None) -> float:
    objective = min(ratio * advantage, min(max(ratio, 1 - LOW), 1 + HIGH) * advantage)
    return max(objective, dual * advantage) if dual is not None and advantage < 0 else objective


def expected_side(ratio: float, advantage: float, dual: float | None) -> int:
    if advantage > 0:
        return int(ratio > 1 + HIGH)
    if advantage < 0 and ratio < 1 - LOW:
        return -1
    return int(advantage < 0 and dual is not None and ratio > dual)


@pytest.mark.parametrize(("ratio", "advantage", "dual"), CASES)
def test_value_gradient_and_side(ratio: float, advantage: float, dual: float | None) -> None:
    logprob = torch.tensor(math.log(ratio), dtype=torch.float64, requires_grad=True)
    rho = importance_ratio(logprob, torch.zeros((), dtype=torch.float64))
    a = torch.tensor(advantage, dtype=torch.float64)
    objective = clipped_surrogate(rho, a, LOW, HIGH, dual)
    assert objective.item() == pytest.approx(by_definition(ratio, advantage, dual), rel=1e-12)

    (gradient,) = torch.autograd.grad(objective, logprob)
    step = 1e-6
    nudged = [by_definition(ratio * math.exp(s), advantage, dual) for s in (step, -step)]
    assert gradient.item() == pytest.approx((nudged[0] - nudged[1]) / (2 * step), abs=1e-8)

    side = clipped_side(rho, a, LOW, HIGH, dual)
    assert side.dtype == torch.int8
    assert side.item() == expected_side(ratio, advantage, dual)
    if advantage != 0:
        assert (side.item() != 0) == (gradient.item() == 0)


def test_both_branches_are_what_the_min_chooses_from() -> None:
    ratio, advantage = torch.tensor([0.5, 1.0, 2.0]), torch.tensor([1.0, -1.0, 2.0])
    unclipped, clipped = branches(ratio, advantage, LOW, HIGH)
    torch.testing.assert_close(unclipped, torch.tensor([0.5, -1.0, 4.0]))
    torch.testing.assert_close(clipped, torch.tensor([0.8, -1.0, 2.6]))
    torch.testing.assert_close(clipped_surrogate(ratio, advantage, LOW, HIGH), torch.minimum(unclipped, clipped))


def test_the_ratio_of_a_fresh_rollout_is_exactly_one() -> None:
    logprob = -torch.rand(4, 5) * 10
    assert (importance_ratio(logprob, logprob.clone()) == 1).all()


def test_the_ratio_is_float32_even_from_bfloat16() -> None:
    logprob = torch.tensor([-1.0], dtype=torch.bfloat16)
    assert importance_ratio(logprob, logprob).dtype == torch.float32


def test_at_a_bound_itself_nothing_is_cut() -> None:
    """1/2, 3/2 and 3 are exact in binary, so the ratio can stand on the bound."""
    ratio, advantage = torch.tensor([1.5, 0.5, 3.0]), torch.tensor([1.0, -1.0, -1.0])
    assert clipped_side(ratio, advantage, 0.5, 0.5, 3.0).tolist() == [0, 0, 0]
    assert clipped_side(ratio * torch.tensor([1.01, 0.99, 1.01]), advantage, 0.5, 0.5, 3.0).tolist() == [1, -1, 1]
