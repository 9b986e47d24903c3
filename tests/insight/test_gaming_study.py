"""The study of four rules of payment: its file, what one learner's result is made of, and what it recorded."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import fmean

import pyarrow as pa
import pytest

from core.given_config import change
from core.insight import gaming_study as study
from core.presets import preset
from core.training.trainer import Trainer


def result(condition: str, seed: int) -> study.GamingResult:
    return study.GamingResult(condition, seed, (0.5,), (0.25,), (0.1,), (0.0,), (0.5, 0.75), (0.25, 0.5), (0.1, 0.2))


def test_what_is_written_is_read_again_and_another_version_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "study.json"
    assert study.read(file) == []
    study.write([result("visible", 1), result("all", 0)], file)
    assert study.read(file) == [result("all", 0), result("visible", 1)]
    stored = json.loads(file.read_text())
    stored["about"]["version"] = study.VERSION + 1
    file.write_text(json.dumps(stored))
    with pytest.raises(ValueError, match="version"):
        study.read(file)


def test_it_goes_on_where_it_was_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, trained = tmp_path / "study.json", []
    study.write([result("all", 0), result("visible", 0)], file)

    def train(condition: str, seed: int) -> study.GamingResult:
        trained.append((condition, seed))
        return result(condition, seed)

    monkeypatch.setattr(study, "train", train)
    study.main(["--seeds", "1", "--out", str(file)])
    assert trained == [("all-share", 0), ("visible-share", 0)]
    assert [x.condition for x in study.read(file)] == list(study.CONDITIONS)


def test_a_response_games_that_passes_all_visible_tests_and_is_wrong() -> None:
    samples = pa.table({"visible_tests": [1.0, 1.0, 0.75, 1.0], "success": [False, True, False, False]})
    assert study._games(samples) == 0.5


def test_a_learners_result_is_what_its_trace_says(monkeypatch: pytest.MonkeyPatch) -> None:
    few = {"task.heldout": 16, "prompts_per_step": 2, "num_generations": 4}
    monkeypatch.setattr(study, "CONDITIONS", {"visible": {"task.scored": "visible", **few}})
    monkeypatch.setattr(study, "EVERY", 2)
    made = study.train("visible", 3, steps=3)
    about = {"seed": 3, "steps": 3, "eval_every": 2, "measure_kl": False, "task.scored": "visible", **few}
    traces = list(Trainer(change(preset("program"), about), "grpo").steps())
    for trace, visible, hidden, success, games in zip(
        traces, made.visible, made.hidden, made.success, made.games, strict=True
    ):
        rows = trace.samples.to_pylist()
        assert visible == pytest.approx(fmean(x["visible_tests"] for x in rows))
        assert hidden == pytest.approx(fmean(x["hidden_tests"] for x in rows))
        assert success == fmean(x["success"] for x in rows)
        assert games == fmean(x["reward"] == 1 and not x["success"] for x in rows), "paid, and wrong"
    assert [len(x) for x in (made.heldout_visible, made.heldout_hidden, made.heldout_success)] == [3, 3, 3]
    assert made.heldout_visible[1] == traces[2].scalars["heldout_visible_tests"]


def test_each_rule_was_recorded_with_five_seeds_from_the_same_start() -> None:
    rows = study.read()
    assert [(x.condition, x.seed) for x in rows] == [(x, seed) for x in study.CONDITIONS for seed in range(5)]
    assert {len(x.success) for x in rows} == {study.STEPS}
    for seed in range(5):
        assert len({(x.heldout_visible[0], x.heldout_hidden[0]) for x in rows if x.seed == seed}) == 1
    assert json.loads(study.RECORDED.read_text())["about"]["conditions"] == study.CONDITIONS
