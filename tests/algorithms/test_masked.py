"""Masked statistics against numpy on the real tokens alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.algorithms.masked import (
    last_token,
    lengths,
    masked_mean,
    masked_var,
    next_token,
    whitened,
    whitened_credit,
)
from core.algorithms.types import Credit


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
    white = whitened(x, mask, ddof).values
    np.testing.assert_allclose(white[mask].numpy(), (real - real.mean()) / (real.std(ddof=ddof) + 1e-8), rtol=1e-10)
    assert (white[~mask] == 0).all()


def test_a_single_token_whitens_to_zero() -> None:
    assert whitened(torch.tensor([[3.0, 9.0]]), torch.tensor([[True, False]])).values.tolist() == [[0.0, 0.0]]


def test_last_token() -> None:
    mask = torch.tensor([[1, 1, 0], [1, 1, 1], [1, 0, 0], [0, 0, 0]]).bool()
    assert last_token(mask).int().tolist() == [[0, 1, 0], [0, 0, 1], [1, 0, 0], [0, 0, 0]]


def test_padding_does_not_reach_the_gradient() -> None:
    x = torch.tensor([[1.0, 2.0, torch.nan]], requires_grad=True)
    masked_mean(x, torch.tensor([[True, True, False]])).backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[0.5, 0.5, 0.0]]


def test_by_default_a_variance_divides_by_one_less_than_there_are(batch: tuple[torch.Tensor, torch.Tensor]) -> None:
    x, mask = batch
    variance = x[mask].numpy().var(ddof=1)
    assert masked_var(x, mask).item() == pytest.approx(variance, rel=1e-12)
    assert whitened(x, mask).std.item() == pytest.approx(variance**0.5, rel=1e-12)


def test_the_variance_of_two_tokens_divides_by_one() -> None:
    assert masked_var(torch.tensor([[1.0, 4.0, 9.0]]), torch.tensor([[True, True, False]])).item() == 4.5


def test_whitening_adds_its_eps_and_says_by_what_it_whitened(batch: tuple[torch.Tensor, torch.Tensor]) -> None:
    x, mask = batch
    real = x[mask].numpy()
    by = whitened(x, mask, 0, 0.5)
    expected = (real - real.mean()) / (real.std() + 0.5)
    np.testing.assert_allclose(by.values[mask].numpy(), expected, rtol=1e-12)
    assert (by.mean.item(), by.std.item()) == (pytest.approx(real.mean()), pytest.approx(real.std()))


@pytest.mark.parametrize("ddof", [0, 1])
def test_whitened_credit_keeps_the_raw_one_and_adds_to_what_the_step_says(
    batch: tuple[torch.Tensor, torch.Tensor], ddof: int
) -> None:
    x, mask = batch
    real = x[mask].numpy()
    credit = whitened_credit(Credit(x, x + 1, step={"score_std": torch.tensor(7.0)}), mask, ddof)
    np.testing.assert_allclose(credit.advantages[mask].numpy(), (real - real.mean()) / (real.std(ddof=ddof) + 1e-8))
    torch.testing.assert_close(credit.advantages_raw, x + 1, equal_nan=True)
    step = {name: value.item() for name, value in credit.step.items()}
    by = {"advantage_mean": real.mean(), "advantage_std": real.std(ddof=ddof)}
    assert step == pytest.approx({"score_std": 7.0, **by}, rel=1e-12)


#: The policy's own tokens; 0 inside a row is somebody else's, 0 at its end is padding.
HOLES = torch.tensor([[1, 0, 0, 1, 1], [1, 1, 1, 0, 0], [0, 1, 0, 1, 0], [1, 0, 0, 0, 0]]).bool()


def test_a_length_counts_holes_but_no_padding() -> None:
    assert lengths(HOLES).tolist() == [5, 3, 4, 1]
    assert lengths(HOLES).dtype == torch.long


@pytest.mark.parametrize("mask", [HOLES, HOLES[[0, 1]], HOLES[[1, 3]]], ids=["late", "with holes", "without"])
@pytest.mark.parametrize("end", [0.0, 9.0, None], ids=str)
def test_the_next_token_is_the_policys_own_next_one(mask: torch.Tensor, end: float | None) -> None:
    count = len(mask)
    x = torch.arange(1.0, 5 * count + 1, dtype=torch.float64).view(count, 5)
    x[~mask] = torch.nan  # never read
    ends = torch.arange(100.0, 100 + count) if end is None else torch.full((count,), end)
    expected = torch.zeros(count, 5, dtype=torch.float64)
    for row in range(count):
        own = mask[row].nonzero()[:, 0].tolist()
        for here, after in zip(own, [*own[1:], None], strict=True):
            expected[row, here] = ends[row] if after is None else x[row, after]
    given = () if end == 0 else (ends,) if end is None else (end,)
    assert torch.equal(next_token(x, mask, *given), expected)
    low = next_token(x.float(), mask, *(y.double() if isinstance(y, torch.Tensor) else y for y in given))
    assert low.dtype == torch.float32
    assert torch.equal(low, expected.float())
