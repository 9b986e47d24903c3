"""How far models are from their start, as the trace has it: by hand, whatever else a run keeps, and into every file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch
from torch import Tensor, nn

from core.config import RunConfig
from core.given_config import change
from core.learners.registry import learner, without
from core.models.start import load
from core.runs.export import export
from core.runs.importing import import_any
from core.runs.store import RunStore
from core.training import distances
from core.training.trace import AT_EVALUATIONS, DISTANCES, StepTrace
from core.training.trainer import Trainer

V1 = Path(__file__).parents[1] / "data" / "v1" / "parquet"
SMALL = {"prompts_per_step": 2, "num_generations": 4, "steps": 4, "eval_every": 2, "device": "cpu", "task.heldout": 16}
LEARNERS = {
    "ppo": learner("ppo", value_learning_rate=3e-3),
    "grpo": learner("grpo"),
    "oracle": learner("ppo", name="oracle", oracle_continuations=2),
}


def trainer(name: str, **settings: Any) -> Trainer:
    torch.set_num_threads(1)
    return Trainer(change(RunConfig(learners=(LEARNERS[name],)), {**SMALL, **settings}), name)


def numbers(model: nn.Module) -> Tensor:
    return torch.cat([x.detach().double().flatten() for x in model.parameters()])


def by_hand(learning: Trainer) -> tuple[float, float | None]:
    """From all numbers of a model as one vector; shares no code with core/training/distances.py."""
    start = load(learning.config.model).model
    policy = float((numbers(learning.policy) - numbers(start)).norm() / numbers(start).norm())
    critic = learning.value_model
    if critic is None:
        return policy, None
    then = numbers(start.base_model)
    moved = torch.cat([numbers(critic.backbone) - then, numbers(critic.head)])
    return policy, float(moved.norm() / then.norm())


def followed(learning: Trainer) -> tuple[list[StepTrace], list[tuple[float, float | None]]]:
    """Every step, and what the distances were before it."""
    before, steps = [by_hand(learning)], []
    for step in learning.steps():
        steps.append(step)
        before.append(by_hand(learning))
    return steps, before


@pytest.mark.parametrize("name", LEARNERS)
def test_distances_are_those_before_the_step_at_evaluations_alone(name: str) -> None:
    learning = trainer(name)
    steps, before = followed(learning)
    for number in (1, 3):
        assert [steps[number].scalars[x] for x in DISTANCES] == [None, None]
    for number in (0, 2):
        policy, critic = before[number]
        assert steps[number].scalars["policy_distance"] == pytest.approx(policy, rel=1e-9)
        assert steps[number].scalars["value_distance"] == (critic and pytest.approx(critic, rel=1e-9))
    assert before[0] == (0.0, 0.0 if name == "ppo" else None)
    assert before[2][0] > 1e-4
    assert ("value_distance" in without(LEARNERS[name])) == (name != "ppo")
    assert learning.reference is not None
    assert torch.equal(numbers(learning.reference), numbers(load(learning.config.model).model))


def test_they_are_known_without_a_reference_too_unless_the_model_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = [x.scalars["policy_distance"] for x in trainer("grpo").steps()]
    alone = trainer("grpo", measure_kl=False)
    assert alone.reference is None
    assert [x.scalars["policy_distance"] for x in alone.steps()] == kept
    monkeypatch.setattr(distances, "MOST", 1000)
    large = trainer("ppo", measure_kl=False, **{"ppo.kl_coef": 0})
    assert large.reference is None
    assert {x.scalars[name] for x in large.steps() for name in DISTANCES} == {None}


def test_a_resumed_run_measures_from_the_same_start(tmp_path: Path) -> None:
    straight = list(trainer("ppo").steps())
    half = trainer("ppo")
    steps = half.steps()
    next(steps)
    half.save(tmp_path / "1.pt")
    resumed = list(Trainer.load(tmp_path / "1.pt").steps())
    assert [x.scalars[name] for x in straight[1:] for name in DISTANCES] == [
        x.scalars[name] for x in resumed for name in DISTANCES
    ]


def test_a_fitted_critic_is_away_from_the_start_before_the_first_step() -> None:
    learning = trainer("ppo", model="chain-sum-6x1", **{"ppo.value_model": "chain-sum-6x1-critic", "task.terms": 6})
    first = next(learning.steps())
    assert first.scalars["policy_distance"] == 0
    assert first.scalars["value_distance"] > 0.01


def test_they_go_through_the_store_and_out_and_in_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDIT_LAB_HOME", str(tmp_path / "home"))
    learning = trainer("ppo")
    with_numbers = list(learning.steps())
    store = RunStore()
    run = store.create(learning.config)
    for trace in with_numbers:
        store.append(run, trace)
    assert set(DISTANCES) <= set(AT_EVALUATIONS)
    export(store, run, tmp_path / "out")
    rows = pq.read_table(tmp_path / "out" / "steps.parquet").to_pylist()
    again = import_any(store, tmp_path / "out")
    for number, trace in enumerate(with_numbers):
        expected = {x: trace.scalars[x] for x in DISTANCES}
        assert {x: store.scalars(run, "ppo", number)[x] for x in DISTANCES} == expected
        assert {x: rows[number][x] for x in DISTANCES} == expected
        assert {x: store.scalars(again, "ppo", number)[x] for x in DISTANCES} == expected


def test_what_an_older_version_wrote_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDIT_LAB_HOME", str(tmp_path / "home"))
    store = RunStore()
    run = import_any(store, V1)
    name = json.loads((V1 / "run.json").read_text(encoding="utf-8"))["config"]["learners"][0]["name"]
    assert not set(DISTANCES) & set(pq.read_schema(V1 / "steps.parquet").names)
    assert {store.scalars(run, name, 0)[x] for x in DISTANCES} == {None}
