"""A group's arithmetic against closed forms and against counting every case."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from core.insight.groups import credit_step, lone_success, no_signal, no_signal_drawn, weights
from core.learners.kinds.grpo import GRPOSettings


@pytest.mark.parametrize(("p", "size", "share"), [(0.05, 8, 0.66), (0.05, 64, 0.04), (0.5, 2, 0.5), (1.0, 8, 1.0)])
def test_the_share_of_silent_groups_is_the_published_one(p, size, share):
    assert no_signal(p, size) == pytest.approx(share, abs=0.005)


def test_smaller_groups_are_counted_over_all_subsets():
    answers = [1, 1, 1, 0, 0, 1]
    subsets = list(itertools.combinations(answers, 3))
    silent = sum(len(set(x)) == 1 for x in subsets) / len(subsets)
    assert no_signal_drawn(sum(answers), len(answers), 3) == pytest.approx(silent)
    assert no_signal_drawn(0, 6, 6) == 1
    assert no_signal_drawn(3, 6, 6) == 0


@pytest.mark.parametrize("size", [2, 8, 64])
def test_one_success_in_g_has_its_closed_form(size):
    right, wrong = lone_success(size, 0, 0.0)
    assert right == pytest.approx((size - 1) ** 0.5)
    assert wrong == pytest.approx(-1 / (size - 1) ** 0.5)
    assert lone_success(size, 1, 0.0)[0] == pytest.approx((size - 1) / size**0.5)


def test_a_step_with_groups_that_say_nothing():
    rewards, group = [1, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0], [5] * 4 + [6] * 4 + [9] * 4
    lengths = [2, 4, 4, 4, 3, 3, 3, 3, 1, 1, 1, 1]
    step = credit_step(rewards, group, lengths, GRPOSettings(), 10)
    assert step.numbers == (5, 6, 9)
    assert step.silent == (False, True, True)
    first = np.array(rewards[:4], float)
    assert step.advantages[:4] == pytest.approx((first - first.mean()) / (first.std(ddof=1) + 1e-4))
    assert set(step.advantages[4:]) == {0.0}
    assert step.idle == pytest.approx((12 + 4) / sum(lengths))
    assert step.push[1:] == (0.0, 0.0)
    assert step.push[0] == pytest.approx(
        sum(abs(a) * n for a, n in zip(step.advantages[:4], lengths[:4], strict=True)) / sum(lengths)
    )


def test_weights_of_each_mode():
    assert weights([1, 3], "token-mean", 8) == pytest.approx([1 / 4, 1 / 4])
    assert weights([1, 3], "seq-mean-token-mean", 8) == pytest.approx([1 / 2, 1 / 6])
    assert weights([1, 3], "seq-mean-token-sum-norm", 8) == pytest.approx([1 / 16, 1 / 16])


def test_a_lone_success_has_the_eps_that_training_has():
    right, wrong = lone_success(4, 1)
    spread = np.std([1, 0, 0, 0], ddof=1) + 1e-4
    assert (right, wrong) == (pytest.approx(0.75 / spread, rel=1e-12), pytest.approx(-0.25 / spread, rel=1e-12))


def test_a_step_is_credited_by_the_learners_own_settings():
    rewards, group, lengths = [1, 0, 0, 0, 1, 1], [5, 5, 5, 6, 6, 6], [2, 4, 4, 3, 3, 1]
    settings = GRPOSettings(
        scale_rewards="batch", scale_ddof=0, scale_eps=0.5, baseline="leave-one-out", aggregation="seq-mean-token-mean"
    )
    step = credit_step(rewards, group, lengths, settings, 10)
    against = [0, 0.5, 0.5, 1, 0.5, 0.5]
    centred = np.array(rewards) - against
    assert step.advantages == pytest.approx(centred / (np.std(rewards) + 0.5))
    assert step.silent == (False, False)
    assert step.idle == 0
    push = np.abs(step.advantages) / 6  # every response weighs a sixth, however long
    assert step.push == pytest.approx([push[:3].sum(), push[3:].sum()])
    assert sum(credit_step(rewards, group, lengths, GRPOSettings(aggregation="seq-mean-token-sum-norm"), 10).push) > 0


def test_the_idle_share_is_one_of_the_whole_weight_whatever_that_adds_up_to():
    """Under Dr. GRPO's norm the weights of a step add up to less than 1."""
    rewards, group, lengths = [1, 0, 1, 1], [0, 0, 1, 1], [2, 4, 3, 1]
    step = credit_step(rewards, group, lengths, GRPOSettings(aggregation="seq-mean-token-sum-norm"), 10)
    assert step.silent == (False, True)
    assert step.idle == pytest.approx(4 / 10)
