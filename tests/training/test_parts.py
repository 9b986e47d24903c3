"""A reward says its parts: the shares of visible and hidden tests that passed, in the trace."""

from __future__ import annotations

from statistics import fmean

import pytest

from core.config import RunConfig
from core.given_config import change
from core.presets import preset
from core.training import evaluation
from core.training.answer import mean_parts
from core.training.trainer import Trainer

SMALL = {"prompts_per_step": 2, "num_generations": 4, "steps": 2, "eval_every": 2, "task.heldout": 16, "panel_size": 4}
TRAINED = ("visible_tests", "hidden_tests")
HELDOUT = ("heldout_visible_tests", "heldout_hidden_tests")


def test_a_step_keeps_each_response_s_shares_and_their_means_and_an_evaluation_those_of_held_out_questions() -> None:
    trainer = Trainer(change(preset("program"), SMALL), "grpo")
    task = trainer.task
    answers = [x for each in evaluation.heldout(trainer) for x in each]
    first, second = trainer.steps()
    for trace in (first, second):
        rows = trace.samples.to_pylist()
        for row in rows:
            outcome = task.outcome(row["prompt"], row["response"])  # type: ignore[attr-defined]
            expected = (0, 0) if row["truncated"] else (outcome.visible, outcome.hidden)
            assert tuple(row[x] for x in TRAINED) == pytest.approx(expected)
        for name in TRAINED:
            assert trace.scalars[name] == pytest.approx(fmean(x[name] for x in rows))
    for name in TRAINED:
        assert first.scalars[f"heldout_{name}"] == pytest.approx(fmean(x.parts[name] for x in answers))
        assert 0 < first.scalars[f"heldout_{name}"] < 1
    assert [second.scalars[x] for x in HELDOUT] == [None, None], "not evaluated there"


def test_a_task_without_unit_tests_has_no_such_shares() -> None:
    small = {**SMALL, "steps": 1}
    del small["task.heldout"]
    [trace] = Trainer(change(RunConfig(), small), "grpo").steps()
    assert trace.scalars["heldout_success"] is not None
    assert [trace.scalars[x] for x in (*TRAINED, *HELDOUT)] == [None] * 4
    assert all(trace.samples[x].null_count == trace.samples.num_rows for x in TRAINED)


def test_a_mean_is_known_only_where_every_verdict_has_the_part() -> None:
    parts = [{"visible_tests": 1.0, "hidden_tests": 0.5}, {"visible_tests": 0.0}]
    assert mean_parts(parts, "heldout_") == {"heldout_visible_tests": 0.5, "heldout_hidden_tests": None}
    assert mean_parts([]) == {"visible_tests": None, "hidden_tests": None}
