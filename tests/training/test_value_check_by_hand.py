"""The check of values on made-up numbers: what goes into the trace, and when it is made."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from core.algorithms.types import Experience
from core.config import RunConfig
from core.given_config import change
from core.learners.registry import learner
from core.training import value_check
from core.training.continuations import TrueValues
from core.training.trace import VALUE_CHECK
from core.training.value_check import UNCHECKED, ValueCheck, check, how_many

#: Of 6 responses the first 4, two questions of two, are checked.
LENGTHS, CHECKED = (3, 2, 3, 1, 2, 3), 4
REWARDS, GROUP = np.array([1.0, 0.0, 0.5, 1.0, 0.0, 1.0]), np.array([0, 0, 1, 1, 2, 2])
MASK = np.arange(3) < np.array(LENGTHS)[:, None]
#: The first prefix of each question is shared.
WHICH = np.array([[0, 1, 2], [0, 3, -1], [4, 5, 6], [4, -1, -1]])
K = 4


def numbers(shape: tuple[int, ...], seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random(shape)


def measured(values: np.ndarray, noise: np.ndarray) -> TrueValues:
    value, spread = torch.tensor(values, dtype=torch.float32), torch.tensor(noise, dtype=torch.float32)
    other = torch.full_like(value, -7)
    return TrueValues(value, other, other, value + 1, other, other, spread, torch.tensor(WHICH), K, 7, 7 * K)


def experience(values: Tensor | None, group: np.ndarray = GROUP) -> Experience:
    mask, nothing = torch.tensor(MASK), torch.zeros(6, 3)
    own = (torch.tensor(REWARDS, dtype=torch.float32), torch.tensor(group), torch.zeros(6, dtype=torch.bool))
    return Experience(mask, nothing, None, *own, values)


@pytest.fixture
def made() -> SimpleNamespace:
    """Made-up values of 7 prefixes, with a critic's."""
    prefix, spread = numbers((8,), 1), 0.05 * numbers((8,), 2)
    return SimpleNamespace(true=prefix[WHICH], noise=spread[WHICH], critic=numbers((6, 3), 3))


def expected(made: SimpleNamespace) -> dict[str, float | int]:
    """In numpy, token by token."""
    kept = MASK[:CHECKED]
    true, noise, critic = made.true[kept], made.noise[kept], made.critic[:CHECKED][kept]
    which, rewards = WHICH[kept], np.broadcast_to(REWARDS[:CHECKED, None], kept.shape)[kept]
    others = np.broadcast_to(REWARDS[[1, 0, 3, 2]][:, None], kept.shape)[kept]
    n = len(true)
    share = np.array([np.mean(which == x) for x in which])
    in_variance = (noise * (1 - share)).mean() * n / (n - 1)
    return {
        "value_explained": 1 - ((true - critic).var(ddof=1) - in_variance) / (true.var(ddof=1) - in_variance),
        "value_outcome_explained": 1 - (rewards - critic).var(ddof=1) / rewards.var(ddof=1),
        "value_outcome_ceiling": 1 - ((rewards - true).var(ddof=1) - in_variance) / rewards.var(ddof=1),
        "value_error": ((true - critic) ** 2).mean() - noise.mean(),
        "value_error_group_mean": ((true - others) ** 2).mean() - noise.mean(),
        "value_error_constant": true.var() - in_variance * (n - 1) / n,
        "value_check_scored": 28,
    }


def test_the_numbers_are_those_of_the_checked_responses(made) -> None:
    check = ValueCheck(measured(made.true, made.noise))
    result = check.numbers(experience(torch.tensor(made.critic, dtype=torch.float32)))
    assert tuple(result) == VALUE_CHECK
    for name, number in expected(made).items():
        assert result[name] == pytest.approx(number, abs=2e-6), name


def test_what_a_learner_has_no_values_for_is_none_and_the_rest_is_there(made) -> None:
    result = ValueCheck(measured(made.true, made.noise)).numbers(experience(None))
    of_critic = {"value_explained", "value_outcome_explained", "value_error"}
    for name, number in expected(made).items():
        assert result[name] == (None if name in of_critic else pytest.approx(number, abs=2e-6)), name


def test_where_one_response_has_no_others_there_is_no_groups_mean(made) -> None:
    """Three of one question, one of another."""
    result = ValueCheck(measured(made.true, made.noise)).numbers(experience(None, np.array([0, 0, 0, 1, 2, 2])))
    assert result["value_error_group_mean"] is None
    assert result["value_error_constant"] == pytest.approx(expected(made)["value_error_constant"], abs=2e-6)


def test_the_trace_keeps_values_noise_and_advantages(made) -> None:
    truth = measured(made.true, made.noise)
    columns = ValueCheck(truth).columns()
    assert list(columns) == ["value_measured", "value_measured_noise", "advantage_measured"]
    for tensor, own in zip(columns.values(), (truth.values, truth.noise, truth.advantages), strict=True):
        assert tensor is own


def test_a_step_without_a_check_has_none_of_it() -> None:
    assert dict.fromkeys(VALUE_CHECK) == UNCHECKED


CONFIG = change(RunConfig(), {"num_generations": 4, "eval_every": 3, "value_check_responses": 9})


@pytest.mark.parametrize(
    ("settings", "step", "kept", "count"),
    [
        ({}, 0, 12, 8),  # two whole groups of four
        ({}, 3, 12, 8),
        ({}, 1, 12, 0),  # no evaluation
        ({}, 2, 12, 0),
        ({}, 0, 8, 8),
        ({}, 0, 6, 6),  # no more than what the trace keeps
        ({"value_check_responses": 3}, 0, 12, 4),  # never a part of a group
        ({"value_check_responses": 4}, 0, 12, 4),
        ({"value_check_responses": 0}, 0, 12, 0),
        ({"eval_every": 0}, 0, 12, 0),
        ({"eval_every": 1}, 1, 12, 8),
    ],
)
def test_at_evaluations_whole_groups_are_checked(settings, step, kept, count) -> None:
    result = how_many(change(CONFIG, settings), learner("ppo"), step, kept)
    assert result == count
    assert isinstance(result, int)


def test_a_learners_own_group_counts_and_given_responses_are_not_checked(monkeypatch) -> None:
    assert how_many(CONFIG, learner("grpo", num_generations=3), 0, 12) == 9
    assert how_many(CONFIG, learner("grpo", num_generations=8), 0, 24) == 8
    monkeypatch.setattr("core.run_settings.learner_kind", lambda settings: SimpleNamespace(offline=True))
    assert how_many(CONFIG, learner("ppo"), 0, 12) == 0


def test_the_policy_that_wrote_them_is_asked_with_the_runs_own_continuations(monkeypatch) -> None:
    asked: list[Any] = []

    class Oracle:
        @classmethod
        def of(cls, whose: Any) -> Oracle:
            asked.append(whose)
            return cls()

        def estimate(self, responses: Any, *, continuations: int, seed: torch.Generator) -> str:
            asked.append((responses, continuations, seed))
            return "the truth"

    monkeypatch.setattr(value_check, "Oracle", Oracle)
    whose = SimpleNamespace(config=change(CONFIG, {"value_check_continuations": 5}))
    gathered, draw = SimpleNamespace(written=lambda count: ("written", count)), torch.Generator()
    assert check(whose, learner("ppo"), gathered, 1, 12, draw) is None  # type: ignore[arg-type]
    assert asked == []
    result = check(whose, learner("ppo"), gathered, 3, 12, draw)  # type: ignore[arg-type]
    assert result == ValueCheck("the truth")  # type: ignore[arg-type]
    assert asked == [whose, (("written", 8), 5, draw)]
    assert check(whose, learner("ppo"), gathered, 3, 5, draw) is not None  # type: ignore[arg-type]
    assert asked[-1] == (("written", 5), 5, draw)
