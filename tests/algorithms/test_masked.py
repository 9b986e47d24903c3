"""Masked statistics against numpy on the real tokens alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.algorithms.masked import last_token, masked_mean, masked_var, whiten


@pytest.fixture
def batch() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    mask = torch.arange(7) < torch.tensor([[7], [3], [1], [5]])
    x = torch.randn(4, 7, dtype=torch.float64) * 3 + 2
    x[~mask] = torch.nan  # padding is never read
    return x, mask


def test_mean_and_variance_are_numpys(batch: tuple[torch.Tensor, torch.Tensor]) -> None:
    x, mask = batch
    real = x[mask].numpy()
    assert masked_mean(x, mask).item() == pytest.approx(real.mean(), rel=1e-12)
    for ddof in (0, 1):
        assert masked_var(x, mask, ddof).item() == pytest.approx(real.var(ddof=ddof), rel=1e-12)


def test_mean_per_response(batch: tuple[torch.Tensor, torch.Tensor]) -> None:
    x, mask = batch
    expected = [row[keep].mean() for row, keep in zip(x.numpy(), mask.numpy(), strict=True)]
    np.testing.assert_allclose(masked_mean(x, mask, dim=1).numpy(), expected, rtol=1e-12)


@pytest.mark.parametrize("ddof", [0, 1])
def test_whitening_is_numpys(batch: tuple[torch.Tensor, torch.Tensor], ddof: int) -> None:
    x, mask = batch
    real = x[mask].numpy()
    white = whiten(x, mask, ddof)
    np.testing.assert_allclose(white[mask].numpy(), (real - real.mean()) / (real.std(ddof=ddof) + 1e-8), rtol=1e-10)
    assert (white[~mask] == 0).all()


def test_a_single_token_whitens_to_zero() -> None:
    assert whiten(torch.tensor([[3.0, 9.0]]), torch.tensor([[True, False]])).tolist() == [[0.0, 0.0]]


def test_last_token() -> None:
    mask = torch.tensor([[1, 1, 0], [1, 1, 1], [1, 0, 0], [0, 0, 0]]).bool()
    assert last_token(mask).int().tolist() == [[0, 1, 0], [0, 0, 1], [1, 0, 0], [0, 0, 0]]


def test_padding_does_not_reach_the_gradient() -> None:
    x = torch.tensor([[1.0, 2.0, torch.nan]], requires_grad=True)
    masked_mean(x, torch.tensor([[True, True, False]])).backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[0.5, 0.5, 0.0]]
