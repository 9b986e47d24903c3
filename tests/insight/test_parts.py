"""PPO's credit in two parts, values beside the truth, and the stored study that is made of them."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest
import torch

from core.algorithms.foresight import best_constant, foresight
from core.config import RunConfig
from core.insight.parts import parts_under
from core.insight.study import CREDITS, RECORDED, VERSION, StudyRow, summary
from core.insight.whatif import adjusted, stored_step, values_of
from core.learners.kinds.grpo import GRPOSettings
from core.learners.kinds.ppo import PPOSettings
from core.training.trainer import Trainer

CONFIG = RunConfig(prompts_per_step=4, num_generations=4, eval_every=0, learners=(PPOSettings(),), steps=3, trace="all")


@pytest.fixture(scope="module")
def stored():
    torch.set_num_threads(1)
    *_, trace = itertools.islice(Trainer(CONFIG, "ppo").steps(), 3)
    return stored_step(trace.samples, trace.tokens)


@pytest.mark.parametrize(("gamma", "lam"), [(1.0, 0.95), (0.9, 0.5), (1.0, 0.0)])
def test_the_parts_are_the_sums_of_their_own_surprises(stored, gamma, lam) -> None:
    settings = adjusted(CONFIG.learner("ppo"), {"gamma": gamma, "lam": lam})
    parts, panel = parts_under(stored, settings), stored.panel
    old, ref = panel.column("logprob_old"), panel.column("logprob_ref")
    for i in range(len(panel.samples)):
        n = int(panel.mask[i].sum())
        value = [*panel.column("value")[i, :n].tolist(), 0.0]
        penalty = [-settings.kl_coef * float(old[i, t] - ref[i, t]) for t in range(n)]
        surprise = [
            (float(panel.rewards[i]) if t == n - 1 else 0.0) + gamma * value[t + 1] - value[t] for t in range(n)
        ]
        fade = [(gamma * lam) ** k for k in range(n)]
        for t in range(n):
            own = sum(fade[k] * surprise[t + k] for k in range(n - t))
            assert float(parts.critic[i, t]) == pytest.approx(own, abs=1e-5)
            own = sum(fade[k] * penalty[t + k] for k in range(n - t))
            assert float(parts.penalty[i, t]) == pytest.approx(own, abs=1e-5)
    assert float(parts.penalty.abs().max()) > 1e-3


def test_the_parts_of_the_settings_that_trained_add_up_to_the_trace(stored) -> None:
    parts = parts_under(stored, CONFIG.learner("ppo"))
    whole = stored.panel.column("advantage_raw")
    assert torch.allclose((parts.critic + parts.penalty)[stored.panel.mask], whole[stored.panel.mask], atol=1e-6)


def test_the_parts_are_of_the_values_that_are_given(stored) -> None:
    settings = adjusted(CONFIG.learner("ppo"), {"gamma": 1.0, "lam": 1.0})
    nobodys, critics = (parts_under(stored, settings, values) for values in ("zero", "stored"))
    mask, rewards = stored.panel.mask, stored.panel.rewards
    torch.testing.assert_close(nobodys.critic, rewards[:, None] * mask)
    # The penalty is charged whatever anybody expected.
    torch.testing.assert_close(nobodys.penalty, critics.penalty, atol=1e-6, rtol=0)


def test_a_learner_without_surprises_has_two_parts_all_the_same(stored) -> None:
    settings, panel = GRPOSettings(kl_coef=0.2), stored.panel
    parts = parts_under(stored, settings)
    charged = -0.2 * (panel.column("logprob_old") - panel.column("logprob_ref")).sum(1)
    for i in range(len(panel.samples)):
        group = panel.group == panel.group[i]
        for part, of in ((parts.critic, panel.rewards), (parts.penalty, charged)):
            assert part[i][panel.mask[i]].tolist() == pytest.approx(
                [float(of[i] - of[group].mean())] * int(panel.mask[i].sum()), abs=1e-6
            )


def test_the_mean_of_the_others_leaves_a_response_its_own_reward_out(stored) -> None:
    values, panel = values_of(stored, "leave-one-out"), stored.panel
    for i in range(len(panel.samples)):
        others = [
            float(panel.rewards[j]) for j in range(len(panel.samples)) if j != i and panel.group[j] == panel.group[i]
        ]
        assert float(values[i, 0]) == pytest.approx(np.mean(others), abs=1e-6)
    assert not values[~panel.mask].any()


def test_a_bias_shows_in_the_error_and_not_in_what_is_explained() -> None:
    draw = np.random.default_rng(0)
    truth = torch.tensor(draw.random((5, 7)), dtype=torch.float64)
    mask = torch.tensor(draw.random((5, 7)) < 0.8)
    rewards = torch.tensor((draw.random(5) < 0.5).astype(float))
    near = truth + torch.tensor(0.1 * draw.standard_normal((5, 7)))
    plain, biased = foresight(near, truth, rewards, mask), foresight(near + 0.6, truth, rewards, mask)
    assert biased.explained == pytest.approx(plain.explained)
    assert plain.error == pytest.approx(np.mean((near - truth)[mask].numpy() ** 2))
    constant = best_constant(truth, mask)
    assert constant == pytest.approx(np.var(truth[mask].numpy()))
    assert plain.error < constant < biased.error
    assert biased.explained > 0  # better than a constant by this measure, and worse by the error
    outcome = rewards[:, None].expand_as(truth)[mask].numpy()
    assert plain.outcome == pytest.approx(1 - np.var(outcome - near[mask].numpy()) / np.var(outcome))


def test_what_does_not_vary_explains_nothing_and_is_none() -> None:
    truth, mask = torch.full((2, 3), 0.5), torch.ones(2, 3, dtype=torch.bool)
    seen = foresight(truth, truth, torch.ones(2), mask)
    assert (seen.error, seen.explained, seen.outcome) == (0.0, None, None)


def test_the_recorded_study_has_every_credit_and_its_summary_is_that_of_its_rows() -> None:
    study = json.loads(RECORDED.read_text(encoding="utf-8"))
    assert study["about"]["version"] == VERSION
    assert study["about"]["seeds"] == [0, 1, 2, 3, 4]
    rows = [StudyRow(**x) for x in study["rows"]]
    assert [x.credit for x in rows] == [*CREDITS] * (len(rows) // len(CREDITS))
    for line, again in zip(study["summary"], summary(rows), strict=True):
        for name, recorded in line.items():
            if isinstance(recorded, dict) and recorded["mean"] is not None:
                assert recorded["mean"] == pytest.approx(again[name]["mean"], rel=1e-4, abs=1e-6), name


def test_lambdas_own_noise_bounds_even_a_perfect_critic_in_the_recorded_study() -> None:
    rows = [StudyRow(**x) for x in json.loads(RECORDED.read_text(encoding="utf-8"))["rows"]]
    by = {(x.seed, x.step, x.credit): x for x in rows}
    for (seed, step, credit), row in by.items():
        if credit == "perfect":
            assert 0.25 < row.correlation < 0.35
            assert by[seed, step, "again"].correlation > 2 * row.correlation
            assert row.explained_variance > 0.95
        if credit == "ppo":
            assert row.value_error == by[seed, step, "critic"].value_error
