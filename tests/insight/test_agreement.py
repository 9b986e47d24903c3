"""How right credit is: on examples small enough to count by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.insight.agreement import blame, compare

MASK = torch.tensor([[True, True, True], [True, True, False], [True, True, True]])
TRUTH = torch.tensor([[0.1, -0.6, -0.1], [-0.2, -0.3, 9.0], [0.2, 0.1, 0.1]])
REWARDS = torch.tensor([0.0, 0.0, 1.0])


def test_the_most_negative_token_is_blamed_ties_together_and_nobody_where_nothing_was_lost() -> None:
    advantages = torch.tensor([[0.0, -2.0, -1.0], [-0.5, -0.5 + 1e-9, -7.0], [0.0, 0.3, 0.0]])
    expected = [[False, True, False], [True, True, False], [False, False, False]]
    assert blame(advantages, MASK).tolist() == expected


def test_credit_that_is_the_truth_agrees_with_it() -> None:
    agreement = compare(TRUTH, TRUTH, MASK, REWARDS)
    assert agreement.correlation == pytest.approx(1)
    assert agreement.mean_absolute_error == 0
    assert (agreement.blame_accuracy, agreement.blamed) == (1, 2)
    assert agreement.chance == pytest.approx((1 / 3 + 1 / 2) / 2)


def test_uniform_credit_is_right_about_blame_as_often_as_chance() -> None:
    uniform = torch.where(MASK, torch.tensor([[-0.5], [-0.5], [1.0]]), 0)
    agreement = compare(uniform, TRUTH, MASK, REWARDS)
    assert agreement.blame_accuracy == agreement.chance == pytest.approx((1 / 3 + 1 / 2) / 2)
    tokens, truth = uniform[MASK].numpy(), TRUTH[MASK].numpy()
    assert agreement.correlation == pytest.approx(np.corrcoef(tokens, truth)[0, 1])
    assert agreement.mean_absolute_error == pytest.approx(np.abs(tokens - truth).mean())


def test_a_learner_that_blames_nobody_or_the_wrong_token_is_wrong() -> None:
    nobody = torch.zeros(3, 3)
    assert compare(nobody, TRUTH, MASK, REWARDS).blame_accuracy == 0
    assert compare(nobody, TRUTH, MASK, REWARDS).correlation is None
    half = torch.tensor([[-1.0, 0, 0], [0, -1.0, 0], [0, 0, 0]])
    assert compare(half, TRUTH, MASK, REWARDS).blame_accuracy == 0.5


def test_if_the_truth_ties_either_token_is_a_right_answer() -> None:
    truth = torch.tensor([[-0.5, -0.5, 0.0]])
    mask, rewards = torch.ones(1, 3).bool(), torch.zeros(1)
    for guess in ([-1.0, 0, 0], [0, -1.0, 0]):
        assert compare(torch.tensor([guess]), truth, mask, rewards).blame_accuracy == 1
    assert compare(torch.tensor([[0, 0, -1.0]]), truth, mask, rewards).blame_accuracy == 0
    assert compare(torch.tensor([[-1.0, 0, -1.0]]), truth, mask, rewards).blame_accuracy == 0.5


def test_only_a_drop_beyond_doubt_is_counted() -> None:
    high = torch.tensor([[0.3, -0.4, 0.1], [0.1, 0.05, 0.0], [0.4, 0.3, 0.3]])
    agreement = compare(TRUTH, TRUTH, MASK, REWARDS, truth_high=high)
    assert agreement.blamed == 1
    assert agreement.chance == pytest.approx(1 / 3)
    none = compare(TRUTH, TRUTH, MASK, torch.ones(3))
    assert (none.blamed, none.blame_accuracy, none.chance) == (0, None, None)


def test_what_is_nothing_but_rounding_is_neither_blamed_nor_compared() -> None:
    mask, rewards = torch.ones(1, 3).bool(), torch.zeros(1)
    little = torch.tensor([[0.0, -5e-7, 5e-7]])
    assert not blame(little, mask).any()
    assert blame(torch.tensor([[0.0, -2e-6, 1.0]]), mask).tolist() == [[False, True, False]]
    assert blame(torch.tensor([[-1.0, -1.0 + 5e-7, -1.0 + 1e-5]]), mask).tolist() == [[True, True, False]]
    truth = torch.tensor([[-0.5, 0.1, 0.2]])
    assert compare(little / 4, truth, mask, rewards).correlation is None
    assert compare(truth, little / 4, mask, rewards).correlation is None
    assert compare(truth * 1e-4, truth, mask, rewards).correlation == pytest.approx(1)
    assert compare(-truth, truth, mask, rewards).correlation == pytest.approx(-1)


def test_one_token_has_no_correlation_and_two_have_one() -> None:
    truth = torch.tensor([[-0.5, 0.3, 9.0]])
    for length, correlation in ((1, None), (2, pytest.approx(1))):
        mask = torch.arange(3)[None] < length
        assert compare(truth * 2, truth, mask, torch.zeros(1)).correlation == correlation


def test_a_drop_whose_interval_reaches_zero_is_not_certain() -> None:
    truth, mask, rewards = torch.tensor([[0.1, -0.6]]), torch.ones(1, 2).bool(), torch.zeros(1)
    for high, blamed in ((0.0, 0), (-0.01, 1), (0.5, 0)):
        given = compare(truth, truth, mask, rewards, truth_high=torch.tensor([[0.3, high]]))
        assert given.blamed == blamed


def test_only_wrong_responses_are_counted_whatever_the_right_ones_lost() -> None:
    truth, mask = torch.tensor([[0.1, -0.6], [0.1, -0.6], [0.1, -0.6]]), torch.ones(3, 2).bool()
    credit = torch.tensor([[0.0, -1.0], [-1.0, 0.0], [-1.0, 0.0]])
    given = compare(credit, truth, mask, torch.tensor([0.0, 1.0, 0.5]))
    assert (given.blamed, given.blame_accuracy, given.chance) == (1, 1.0, 0.5)
    assert given.mean_absolute_error == pytest.approx((0.1 + 0.4 + 2 * (1.1 + 0.6)) / 6)
