"""Traps that respected code fell into, at the level of a formula, numbered as in the project's list of thirteen.

The others (4, 5, 6, 10, 11, 13) need a model or a task and are tested with the trainer.

Each test compares with a closed form or with what the mistake would have given, never with the same code written twice.
"""

from __future__ import annotations

import math

import pytest
import torch

from core.algorithms.advantages import group_advantages
from core.algorithms.kl import kl_exact, kl_k3
from core.algorithms.masked import masked_mean, whitened
from core.algorithms.policy_loss import policy_objective
from core.algorithms.ratio import importance_ratio
from core.algorithms.surrogates.clip import clipped_side
from core.algorithms.types import Experience
from core.algorithms.value_loss import clipped_value_loss
from core.learners.kinds.grpo import GRPOSettings
from core.learners.registry import credit_for


def test_trap_01_whitened_advantages_do_not_keep_their_mean() -> None:
    white = whitened(torch.tensor([[5.0, 6.0, 7.0, 99.0]]), torch.tensor([[True, True, True, False]])).values
    assert white.tolist() == [pytest.approx([-1.0, 0.0, 1.0, 0.0])]


def test_trap_02_k3_has_its_log_ratio_the_right_way_round() -> None:
    """Averaged over the policy it is the exact KL; reversed it is not, and explodes where the policy moved far."""
    logits, logits_ref = torch.tensor([4.0, 0.0, -3.0]).double(), torch.tensor([-3.0, 0.0, 4.0]).double()
    logprobs, logprobs_ref = logits.log_softmax(-1), logits_ref.log_softmax(-1)
    exact = kl_exact(logits, logits_ref)
    assert (logprobs.exp() * kl_k3(logprobs, logprobs_ref)).sum().item() == pytest.approx(exact.item())
    reversed_k3 = (logprobs.exp() * kl_k3(logprobs_ref, logprobs)).sum()
    assert reversed_k3 > 100 * exact


def test_trap_03_padding_does_not_make_diagnostics_look_better() -> None:
    mask = torch.tensor([[1, 1, 0, 0, 0, 0], [1, 1, 1, 1, 0, 0]]).bool()
    ratio = torch.where(mask, 1.5, 1.0)  # a pad's ratio is 1 and its KL 0
    assert masked_mean(ratio, mask).item() == pytest.approx(1.5)
    assert ratio.mean().item() == pytest.approx(1.25)  # what the mistake would have shown


@pytest.mark.parametrize("eps", [1e-4, 1e-9, 0.0])
@pytest.mark.parametrize("scale", ["group", "batch", "none"])
def test_trap_07_a_group_equal_up_to_rounding_gives_exactly_zero(scale, eps: float) -> None:
    nearly = torch.tensor([0.1 + 0.2, 0.3, 0.3, 0.3 + 1e-8, 1 / 3, 1 / 3 + 3e-8, 1 / 3, 1 / 3])
    rewards = torch.cat([nearly, torch.tensor([0.0, 0.0, 1.0, 0.0])])
    assert nearly[4] != nearly[5]  # really different numbers, one unit in the last place apart
    group = torch.tensor([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2])
    advantage, raw = group_advantages(rewards, group, scale, eps=eps)
    assert advantage[:8].tolist() == [0.0] * 8
    assert raw[:8].tolist() == [0.0] * 8
    assert advantage[10] > 0


def test_trap_07_a_small_but_real_difference_is_kept() -> None:
    advantage, _ = group_advantages(torch.tensor([0.0, 0.001]), torch.zeros(2).long(), eps=0)
    assert advantage.tolist() == pytest.approx([-math.sqrt(0.5), math.sqrt(0.5)])


def test_trap_07_groups_belong_to_one_prompt_whatever_the_order() -> None:
    torch.manual_seed(0)
    rewards, group = torch.rand(12), torch.arange(3).repeat_interleave(4)
    shuffled = torch.randperm(12)
    advantage, _ = group_advantages(rewards, group)
    torch.testing.assert_close(group_advantages(rewards[shuffled], group[shuffled])[0], advantage[shuffled])


def test_trap_08_whitening_blows_up_the_noise_of_a_perfect_critic() -> None:
    """The documented weakness, held here so that the page may say it: noise of 1e-4 leaves with unit variance, and only
    switching whitening off keeps it small."""
    torch.manual_seed(0)
    noise, mask = torch.randn(16, 8) * 1e-4, torch.ones(16, 8).bool()
    assert whitened(noise, mask).values.std().item() == pytest.approx(1, rel=1e-3)
    assert "perfect" in (whitened.__doc__ or "")


def test_trap_09_at_the_first_pass_the_loss_is_about_zero_but_its_gradient_is_not() -> None:
    """Rewards 1 0 0 0 | 1 1 0 0, equally long responses: the GRPO loss shows 0, and the policy learns all the same."""
    experience = Experience(
        mask=torch.ones(8, 3).bool(),
        logprobs_old=torch.full((8, 3), -1.0),
        logprobs_ref=None,
        rewards=torch.tensor([1.0, 0, 0, 0, 1, 1, 0, 0]),
        group=torch.arange(2).repeat_interleave(4),
        truncated=torch.zeros(8).bool(),
    )
    settings = GRPOSettings()
    assert settings.num_iterations > 1  # or every ratio and clip fraction shown would be trivial
    logprob = experience.logprobs_old.clone().requires_grad_()
    result = policy_objective(logprob, experience, credit_for(settings)(experience), settings, 3)
    assert (result.ratio == 1).all()
    assert (result.clipped == 0).all()
    assert abs(result.loss.item()) < 1e-6
    (gradient,) = torch.autograd.grad(result.loss, logprob)
    assert gradient.abs().max() > 0.01
    moved = policy_objective(logprob.detach() + 0.5, experience, credit_for(settings)(experience), settings, 3)
    assert (moved.clipped != 0).any()


def test_trap_12_clipping_is_measured_on_the_raw_tensor() -> None:
    ratio = importance_ratio(torch.tensor([[0.5, -0.5]]), torch.zeros(1, 2))
    advantage = torch.tensor([[1.0, -1.0]])
    assert clipped_side(ratio, advantage, 0.2, 0.2).tolist() == [[1, -1]]
    held = ratio.clamp(0.8, 1.2)
    assert clipped_side(held, advantage, 0.2, 0.2).tolist() == [[0, 0]]  # what the mistake would have shown


def test_trap_12_the_value_clip_compares_with_the_old_value_not_with_itself() -> None:
    """A value that moved from 0 to 1 on its way to 2, with ε_v = 0.2: held at 0.2, so the loss is ½ 1.8², not ½ 1²."""
    loss = clipped_value_loss(torch.tensor(1.0), torch.tensor(0.0), torch.tensor(2.0), 0.2)
    assert loss.item() == pytest.approx(0.5 * 1.8**2)
