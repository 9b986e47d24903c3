"""Where the reward stands."""

from __future__ import annotations

import pytest
import torch

from core.algorithms.token_rewards import token_rewards

MASK = torch.tensor([[1, 1, 1], [1, 0, 0]]).bool()
SCORE = torch.tensor([1.0, -2.0])


def test_the_score_stands_at_the_last_real_token() -> None:
    assert token_rewards(SCORE, MASK).tolist() == [[0, 0, 1], [-2, 0, 0]]


def test_the_kl_penalty_stands_at_every_token() -> None:
    kl = torch.tensor([[1.0, -2.0, 3.0], [4.0, torch.nan, torch.nan]])
    expected = torch.tensor([[-0.1, 0.2, 1 - 0.3], [-2 - 0.4, 0, 0]])
    torch.testing.assert_close(token_rewards(SCORE, MASK, kl, 0.1), expected)
    assert token_rewards(SCORE, MASK, kl, 0.1).sum(1).tolist() == pytest.approx([0.8, -2.4])
