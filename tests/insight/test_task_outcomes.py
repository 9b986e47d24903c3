"""The study of the tasks' default runs: what is trained, what is written, and that the shipped record is of today's."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from core.insight.task_outcomes import (
    PLACEBO,
    RECORDED,
    TASKS,
    TaskOutcome,
    config_of,
    learners_of,
    read,
    train,
    write,
)
from core.presets import preset
from core.stored_config import load_config


@pytest.mark.parametrize("task", TASKS)
def test_ppo_grpo_and_a_placebo_train_on_the_presets_task_from_its_start(task: str) -> None:
    assert list(learners_of(task)) == ["ppo", "grpo", PLACEBO]
    base = preset(task)
    for name in learners_of(task):
        config = config_of(task, 3, name)
        assert (config.seed, config.steps, config.task, config.model) == (3, base.steps, base.task, base.model)
    assert config.learners[0].reward == "placebo"
    assert config.learners[0].model_copy(update={"name": "grpo", "reward": "verifier"}) == base.learner("grpo")


def test_what_is_not_watched_on_the_way_changes_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    unwatched = train("countdown", "ppo", 0, steps=2)
    monkeypatch.setattr("core.insight.task_outcomes._UNWATCHED", {"eval_every": 1})
    assert replace(train("countdown", "ppo", 0, steps=2), seconds=0) == replace(unwatched, seconds=0)


def test_one_learner_gives_the_same_numbers_again() -> None:
    first, again = (train("countdown", "grpo", 1, steps=2) for _ in range(2))
    assert replace(first, seconds=0) == replace(again, seconds=0)
    assert first.steps == 2
    assert 0 < first.start < 1
    assert first.seconds > 0


def test_what_is_written_is_read_and_another_version_is_refused(tmp_path: Path) -> None:
    rows = [TaskOutcome("reply", x, 0, 60, 0.25, 0.5, 0.5, 0.75, 12.5) for x in ("grpo", "ppo", PLACEBO)]
    path = tmp_path / "outcomes.json"
    write(rows, path)
    assert read(path) == [rows[1], rows[0], rows[2]]
    stored = json.loads(path.read_text(encoding="utf-8"))
    assert load_config(stored["about"]["runs"]["reply"]) == preset("reply")
    path.write_text(json.dumps({**stored, "about": {**stored["about"], "version": 9}}), encoding="utf-8")
    with pytest.raises(ValueError, match="of version 9, and this reads version 1"):
        read(path)
    assert read(tmp_path / "none.json") == []


def test_the_record_is_of_five_seeds_and_of_the_default_runs_as_they_are() -> None:
    rows = read()
    wanted = [(task, name, seed) for task in TASKS for name in learners_of(task) for seed in range(5)]
    assert [(x.task, x.learner, x.seed) for x in rows] == wanted
    about = json.loads(RECORDED.read_text(encoding="utf-8"))["about"]
    for task in TASKS:
        assert load_config(about["runs"][task]) == preset(task), f"{task}: another default run was recorded"
        assert {x.steps for x in rows if x.task == task} == {preset(task).steps}
    assert all(0 <= y <= 1 for x in rows for y in (x.start, x.heldout, x.greedy, x.trained))
    assert len({(x.task, x.seed, x.start) for x in rows}) == len(TASKS) * 5  # one start for all learners of a seed


@pytest.mark.parametrize("task", TASKS)
def test_a_default_run_takes_no_more_than_90_seconds_of_each_of_two_cores(task: str) -> None:
    assert max(x.seconds for x in read() if x.task == task and x.learner != PLACEBO) <= 90


@pytest.mark.parametrize("task", TASKS)
def test_held_out_success_rises_with_the_verifiers_rewards_on_every_seed(task: str) -> None:
    for x in read():
        if x.task == task and x.learner != PLACEBO:
            assert x.heldout > x.start, x
