"""The Bradley–Terry loss against closed forms, float64 autograd and TRL's own trainer."""

from __future__ import annotations

import math
from collections import defaultdict
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from core.algorithms.preferences import bradley_terry_loss, calibration, pair_accuracy


def t(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def test_the_loss_of_known_differences() -> None:
    assert float(bradley_terry_loss(t(0.7, -3), t(0.7, -3))) == pytest.approx(math.log(2))
    assert float(bradley_terry_loss(t(math.log(3)), t(0))) == pytest.approx(math.log(4 / 3))  # σ = 3/4
    assert float(bradley_terry_loss(t(0), t(math.log(3)))) == pytest.approx(math.log(4))
    assert float(bradley_terry_loss(t(-800), t(800))) == pytest.approx(1600)  # no overflow


def test_only_differences_count() -> None:
    chosen, rejected = t(0.3, -1, 2), t(1, -2, 0.5)
    assert float(bradley_terry_loss(chosen + 40, rejected + 40)) == pytest.approx(
        float(bradley_terry_loss(chosen, rejected)), abs=1e-12
    )


def test_the_gradient_is_the_probability_of_the_other_label() -> None:
    chosen, rejected = t(0.3, -1, 2).requires_grad_(), t(1, -2, 0.5).requires_grad_()
    assert torch.autograd.gradcheck(bradley_terry_loss, (chosen, rejected, t(1, 20, 3)))
    bradley_terry_loss(chosen, rejected).backward()
    other = [1 / (1 + math.exp(c - r)) for c, r in zip(chosen.tolist(), rejected.tolist(), strict=True)]
    assert chosen.grad is not None
    assert rejected.grad is not None
    assert chosen.grad.tolist() == pytest.approx([-x / 3 for x in other])
    assert rejected.grad.tolist() == pytest.approx([x / 3 for x in other])


def test_a_label_of_weight_three_counts_as_three() -> None:
    heavy = bradley_terry_loss(t(0.3, -1), t(1, -2), t(3, 1))
    thrice = bradley_terry_loss(t(0.3, 0.3, 0.3, -1), t(1, 1, 1, -2))
    assert float(heavy) == pytest.approx(float(thrice))
    assert pair_accuracy(t(0.3, -1), t(1, -2), t(3, 1)) == pytest.approx(0.25)
    assert pair_accuracy(t(0.3, 0.3, 0.3, -1), t(1, 1, 1, -2)) == pytest.approx(0.25)


def test_a_tie_is_half_right() -> None:
    assert pair_accuracy(t(0, 1), t(0, 0)) == 0.75


def test_calibration_by_hand() -> None:
    # σ of 0.2 is .55, of 3 is .953; the last is sure, and wrong
    bins = calibration(t(0.2, 0, 3, 0), t(0, 0.2, 0, 3))
    assert [(x.pairs, x.right) for x in bins] == [(2, 0.5), (2, 0.5)]
    assert [x.claimed for x in bins] == pytest.approx([1 / (1 + math.exp(-0.2)), 1 / (1 + math.exp(-3))])
    heavy = calibration(t(3, 0), t(0, 3), t(9, 1))
    assert heavy[0].right == pytest.approx(0.9)
    assert calibration(t(900), t(0))[0].claimed == 1


def test_a_judge_who_labels_by_its_own_probabilities_is_calibrated() -> None:
    generator = torch.Generator().manual_seed(0)
    a, b = torch.randn(2, 40_000, generator=generator, dtype=torch.float64) * 1.5
    first = torch.rand(40_000, generator=generator) < torch.sigmoid(a - b)
    chosen, rejected = torch.where(first, a, b), torch.where(first, b, a)
    bins = calibration(chosen, rejected)
    assert len(bins) == 5
    for each in bins:
        assert each.right == pytest.approx(each.claimed, abs=4 * math.sqrt(0.25 / each.pairs))


def test_the_loss_is_that_of_trls_reward_trainer() -> None:
    trainer: Any = pytest.importorskip("trl.trainer.reward_trainer").RewardTrainer
    chosen, rejected = torch.randn(2, 9, generator=torch.Generator().manual_seed(1))
    itself = SimpleNamespace(
        model=SimpleNamespace(training=False),
        args=SimpleNamespace(center_rewards_coefficient=None),
        accelerator=SimpleNamespace(gather=lambda x: x, gather_for_metrics=lambda x: x),
        _metrics={"eval": defaultdict(list)},
        _total_train_tokens=0,
    )

    def model(**_: object) -> SimpleNamespace:
        return SimpleNamespace(logits=torch.cat([chosen, rejected])[:, None])

    loss = trainer.compute_loss(itself, model, {})
    assert float(bradley_terry_loss(chosen, rejected)) == pytest.approx(float(loss), rel=1e-6)
    [accuracy] = itself._metrics["eval"]["accuracy"]
    assert pair_accuracy(chosen, rejected) == pytest.approx(accuracy)
