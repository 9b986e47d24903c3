"""The study of thin and wrong unit tests: its file, what one learner's result is made of, and what it recorded."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import fmean

import pytest

from core.curation import Curated, is_curated, task_of
from core.given_config import change
from core.insight import gaming_study
from core.insight import unit_test_study as study
from core.presets import preset
from core.tasks.kinds.program import Program
from core.training.trainer import Trainer

WRONG = study.WrongProgram("0:2,9:8=", "x-1", "min(x,6)+2", ((9, 8),), ((0, 2, "-1"), (1, 3, "")))


def result(condition: str, seed: int, example: study.WrongProgram | None = None) -> study.UnitTestResult:
    return study.UnitTestResult(condition, seed, 0.3, 0.4, 0.5, (0.25,), (0.5,), (0.3,), 0.125, 0.0625, example)


def test_what_is_written_is_read_again_and_another_version_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "study.json"
    assert study.read(file) == []
    study.write([result("tests-1", 1, WRONG), result("all-tests", 0)], file)
    assert study.read(file) == [result("all-tests", 0), result("tests-1", 1, WRONG)]
    stored = json.loads(file.read_text())
    stored["about"]["version"] = study.VERSION + 1
    file.write_text(json.dumps(stored))
    with pytest.raises(ValueError, match="version"):
        study.read(file)


def test_it_goes_on_where_it_was_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, trained = tmp_path / "study.json", []
    study.write([result(x, 0) for x in study.CONDITIONS if x != "tests-2"], file)

    def train(condition: str, seed: int) -> study.UnitTestResult:
        trained.append((condition, seed))
        return result(condition, seed)

    monkeypatch.setattr(study, "train", train)
    study.main(["--seeds", "1", "--out", str(file)])
    assert trained == [("tests-2", 0)]
    assert [x.condition for x in study.read(file)] == list(study.CONDITIONS)


def test_a_learners_result_is_what_its_trace_says(monkeypatch: pytest.MonkeyPatch) -> None:
    spoilt = {"tests_per_question": 1, "wrong_tests": 0.4, "task.heldout": 16, "prompts_per_step": 4}
    monkeypatch.setattr(study, "CONDITIONS", {"tests-1-wrong-40": spoilt})
    monkeypatch.setattr(study, "EVERY", 2)
    monkeypatch.setattr(study, "LAST", 2)
    made = study.train("tests-1-wrong-40", 3, steps=3)
    config = change(preset("program"), {"seed": 3, "steps": 3, "eval_every": 2, "measure_kl": False, **spoilt})
    trainer = Trainer(config, "grpo")
    traces = list(trainer.steps())
    assert made.success == tuple(x.scalars["success_rate"] for x in traces)
    assert made.reward == tuple(x.scalars["reward"] for x in traces)
    assert made.known == tuple(x.scalars["heldout_success"] for x in traces[::2])
    assert made.silent == pytest.approx(fmean(x.scalars["frac_reward_zero_std"] for x in traces))
    rows = [row for x in traces[1:] for row in x.samples.to_pylist()]
    wrong = [x for x in rows if x["reward"] == 1 and not x["success"]]
    assert made.wrongly_paid == len(wrong) / len(rows) > 0
    assert made.unpaid == fmean(x["success"] and not x["reward"] for x in rows)
    assert made.example is not None
    assert (made.example.prompt, made.example.response) in {(x["prompt"], x["response"]) for x in wrong}
    assert isinstance(trainer.task, Curated)


def test_the_record_has_five_seeds_of_every_condition_from_one_start() -> None:
    rows = study.read()
    assert {(x.condition, x.seed) for x in rows} == {(x, seed) for x in study.CONDITIONS for seed in range(5)}
    for seed in range(5):
        assert len({x.start for x in rows if x.seed == seed}) == 1
    for name, values in study.CONDITIONS.items():
        assert is_curated(change(preset("program"), dict(values))) == bool(values)
        own = [x for x in rows if x.condition == name]
        if not values:  # by right tests, all of them, nothing else is paid than what is right
            assert all(x.success == x.reward and x.example is None for x in own)
            assert all(x.wrongly_paid == x.unpaid == 0 for x in own)


def test_paid_by_every_visible_test_it_is_the_learner_of_the_study_of_gaming() -> None:
    """Two ways to the same rule: `tests_per_question=4` and `task.scored=visible`."""
    gaming = {x.seed: x for x in gaming_study.read() if x.condition == "visible"}
    for x in study.read():
        if x.condition == "tests-4":
            assert x.success == gaming[x.seed].success
            assert x.heldout == pytest.approx(gaming[x.seed].heldout_success[-1], rel=1e-3)


def test_each_recorded_example_was_paid_by_its_tests_and_is_wrong() -> None:
    for x in study.read():
        if x.example is None:
            continue
        task = task_of(change(preset("program"), dict(study.CONDITIONS[x.condition])))
        assert isinstance(task, Curated)
        verdict = task.verify(x.example.prompt, x.example.response)
        assert (verdict.reward, verdict.success) == (1.0, False)
        tests = task.paid_tests(x.example.prompt)
        assert tests is not None
        assert x.example.paid_by == tuple((y.arguments[0], y.expected) for y in tests)
        right = {y.arguments[0]: y.expected for y in Program(preset("program").task).tests(x.example.prompt)}
        assert x.example.fails
        assert all(right[argument] == expected != got for argument, expected, got in x.example.fails)
