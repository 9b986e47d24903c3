"""The critic's loss against its definition and finite differences; explained variance against numpy."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from core.algorithms.value_loss import clipped_value_loss, explained_variance

CLIP = 0.2


def by_definition(value: float, old: float, target: float, clip: float | None) -> float:
    plain = (value - target) ** 2
    if clip is None:
        return plain / 2
    held = min(max(value, old - clip), old + clip)
    return max(plain, (held - target) ** 2) / 2


@pytest.mark.parametrize("clip", [None, CLIP])
@pytest.mark.parametrize("target", [-3.0, 0.95, 1.07, 4.0])
@pytest.mark.parametrize("value", [0.3, 0.85, 1.02, 1.9])  # below, inside twice, above 1 ± 0.2
def test_value_and_gradient(value: float, target: float, clip: float | None) -> None:
    v = torch.tensor(value, dtype=torch.float64, requires_grad=True)
    loss = clipped_value_loss(v, torch.ones_like(v), torch.full_like(v, target), clip)
    assert loss.item() == pytest.approx(by_definition(value, 1.0, target, clip), rel=1e-12)
    (gradient,) = torch.autograd.grad(loss, v)
    step = 1e-6
    nudged = [by_definition(value + s, 1.0, target, clip) for s in (step, -step)]
    assert gradient.item() == pytest.approx((nudged[0] - nudged[1]) / (2 * step), abs=1e-7)


def test_a_value_that_moved_too_far_towards_its_target_gets_no_gradient() -> None:
    v = torch.tensor([1.5], requires_grad=True)
    (gradient,) = torch.autograd.grad(clipped_value_loss(v, torch.ones(1), torch.full((1,), 4.0), CLIP), v)
    assert gradient.item() == 0


def test_explained_variance_is_numpys() -> None:
    torch.manual_seed(0)
    mask = torch.arange(5) < torch.tensor([[5], [2], [3]])
    values, returns = torch.randn(3, 5), torch.randn(3, 5)
    v, r = values[mask].numpy(), returns[mask].numpy()
    expected = 1 - (r - v).var() / r.var()
    assert explained_variance(values, returns, mask).item() == pytest.approx(expected, rel=1e-5)
    assert expected < 0  # an unrelated critic is worse than a constant, and the number says so


def test_explained_variance_at_its_landmarks() -> None:
    mask, returns = torch.ones(1, 4).bool(), torch.tensor([[0.0, 1.0, 0.0, 1.0]])
    assert explained_variance(returns, returns, mask).item() == 1
    assert explained_variance(torch.full_like(returns, 0.3), returns, mask).item() == pytest.approx(0)
    assert math.isnan(explained_variance(returns, torch.ones(1, 4), mask).item())
    assert np.isnan(explained_variance(returns, torch.ones(1, 4), mask).numpy())
