"""The three aggregations against plain loops over tokens."""

from __future__ import annotations

import pytest
import torch

from core.algorithms.aggregation import aggregate, token_weights

LENGTHS = (2, 5, 1)
MAX_LENGTH = 6


@pytest.fixture
def batch() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    mask = torch.arange(5) < torch.tensor(LENGTHS)[:, None]
    per_token = torch.randn(3, 5)
    per_token[~mask] = torch.nan  # padding is never read
    return per_token, mask


def by_loops(per_token: torch.Tensor, mode: str) -> float:
    rows = [row[:length].tolist() for row, length in zip(per_token, LENGTHS, strict=True)]
    if mode == "token-mean":
        tokens = [x for row in rows for x in row]
        return sum(tokens) / len(tokens)
    if mode == "seq-mean-token-mean":
        return sum(sum(row) / len(row) for row in rows) / len(rows)
    return sum(sum(row) for row in rows) / (len(rows) * MAX_LENGTH)


@pytest.mark.parametrize("mode", ["token-mean", "seq-mean-token-mean", "seq-mean-token-sum-norm"])
def test_modes(batch: tuple[torch.Tensor, torch.Tensor], mode) -> None:
    per_token, mask = batch
    assert aggregate(per_token, mask, mode, MAX_LENGTH).item() == pytest.approx(by_loops(per_token, mode), abs=1e-6)


def test_weights_add_up_and_the_gradient_is_the_weight(batch: tuple[torch.Tensor, torch.Tensor]) -> None:
    _, mask = batch
    for mode, total in (("token-mean", 1), ("seq-mean-token-mean", 1), ("seq-mean-token-sum-norm", 8 / 18)):
        per_token = torch.zeros(3, 5, requires_grad=True)
        weights = token_weights(mask, mode, MAX_LENGTH)
        assert weights.sum().item() == pytest.approx(total)
        (gradient,) = torch.autograd.grad(aggregate(per_token, mask, mode, MAX_LENGTH), per_token)
        torch.testing.assert_close(gradient, weights)


def test_a_short_answers_token_weighs_more_only_in_the_original_grpo(
    batch: tuple[torch.Tensor, torch.Tensor],
) -> None:
    _, mask = batch
    ratio = {}
    for mode in ("token-mean", "seq-mean-token-mean", "seq-mean-token-sum-norm"):
        weights = token_weights(mask, mode, MAX_LENGTH)
        ratio[mode] = (weights[2, 0] / weights[1, 0]).item()
    expected = {"token-mean": 1, "seq-mean-token-mean": 5, "seq-mean-token-sum-norm": 1}
    assert ratio == pytest.approx(expected)


def test_an_unknown_mode_is_refused_in_one_sentence() -> None:
    with pytest.raises(ValueError, match=r"aggregation must be token-mean, .* but is 'sum'"):
        token_weights(torch.ones(1, 1).bool(), "sum", 4)  # type: ignore[arg-type]


def test_a_single_token_has_all_the_weight() -> None:
    mask = torch.tensor([[True, False]])
    for mode in ("token-mean", "seq-mean-token-mean"):
        assert token_weights(mask, mode, MAX_LENGTH).tolist() == [[1, 0]]
