"""What a learner has trained on and what was scored for it, step by step: the x-axes of the lab."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from core.config import RunConfig
from core.training.trace import StepTrace
from core.training.trainer import Trainer
from tests.training.test_trainer import SMALL

PPO = {"algorithm": "ppo", "kl_coef": 0.0}
FITTED = {**PPO, "value_pretrain_updates": 8}
ORACLE = {**PPO, "oracle_continuations": 2}


def trainer(learner: dict[str, Any], **run: Any) -> Trainer:
    torch.set_num_threads(1)
    config = RunConfig.model_validate({**SMALL, "learners": [learner], **run})
    return Trainer(config, learner["algorithm"])


def counted(traces: list[StepTrace], column: str) -> list[Any]:
    return [x.scalars[column] for x in traces]


@pytest.mark.parametrize(
    "learner",
    [{"algorithm": "grpo"}, {"algorithm": "grpo", "dynamic_sampling": True}, {**PPO, "num_generations": 1}, ORACLE],
)
def test_a_step_trains_on_the_responses_that_it_leaves_in_the_trace(learner: dict[str, Any]) -> None:
    traces = list(trainer(learner).steps())
    kept = [x.samples.num_rows for x in traces]
    assert counted(traces, "responses_trained") == [sum(kept[: i + 1]) for i in range(len(kept))] == [16, 32, 48]


def test_what_a_critic_was_fitted_to_is_scored_but_not_trained_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDIT_LAB_HOME", str(tmp_path))
    traces = list(trainer(FITTED).steps())
    assert counted(traces, "responses_trained") == [16, 32, 48]
    assert counted(traces, "samples_seen") == [2 * 16 + 16, 2 * 16 + 32, 2 * 16 + 48]


def test_continuations_that_measure_values_for_the_credit_are_scored_but_not_trained_on() -> None:
    trained, scored = (counted(list(trainer(ORACLE).steps()), x) for x in ("responses_trained", "samples_seen"))
    assert all(x > 2 * y for x, y in zip(scored, trained, strict=True))


def test_held_out_questions_teach_nothing_and_count_as_nothing() -> None:
    often, never = (list(trainer({"algorithm": "grpo"}, eval_every=x).steps()) for x in (1, 0))
    assert [x.scalars["heldout_success"] is None for x in (*often, *never)] == [False] * 3 + [True] * 3
    for column in ("responses_trained", "samples_seen"):
        assert counted(often, column) == counted(never, column)


@pytest.mark.parametrize("older", [False, True])
def test_a_resumed_run_counts_on(older: bool, tmp_path: Path) -> None:
    straight = list(trainer({"algorithm": "grpo"}).steps())
    first = trainer({"algorithm": "grpo"}, steps=2)
    list(first.steps())
    first.save(tmp_path / "checkpoint")
    if older:  # before the number was kept
        state = torch.load(tmp_path / "checkpoint", weights_only=True)
        del state["responses_trained"]
        torch.save(state, tmp_path / "checkpoint")
    resumed = Trainer.load(tmp_path / "checkpoint")
    resumed.change({"steps": 3})
    assert counted(list(resumed.steps()), "responses_trained") == counted(straight, "responses_trained")[2:]
