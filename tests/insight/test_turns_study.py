"""The study of two turns against one: its file, what one learner's result is made of, and what it recorded."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import fmean

import pytest

from core.given_config import change
from core.insight import turns_study as study
from core.presets import preset
from core.training.trainer import Trainer


def result(learner: str, turns: int, seed: int) -> study.TurnsResult:
    return study.TurnsResult(learner, turns, seed, (0, 900), (0.25, 0.5), (0.5, 0.75), (0.75, 0.5), (0.6,))


def test_what_is_written_is_read_again_and_another_version_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "study.json"
    assert study.read(file) == []
    study.write([result("grpo", 1, 0), result("ppo", 2, 1), result("ppo", 1, 1)], file)
    assert study.read(file) == [result("ppo", 1, 1), result("ppo", 2, 1), result("grpo", 1, 0)]
    stored = json.loads(file.read_text())
    assert study.setup().items() <= stored["about"].items()
    stored["about"]["version"] = study.VERSION + 1
    file.write_text(json.dumps(stored))
    with pytest.raises(ValueError, match="version"):
        study.read(file)


def test_it_goes_on_where_it_was_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, trained = tmp_path / "study.json", []
    study.write([result("ppo", 2, 0), result("grpo", 1, 0)], file)

    def train(learner: str, turns: int, seed: int) -> study.TurnsResult:
        trained.append((learner, turns, seed))
        return result(learner, turns, seed)

    monkeypatch.setattr(study, "train", train)
    study.main(["--seeds", "1", "--out", str(file)])
    assert trained == [("ppo", 1, 0), ("grpo", 2, 0)]
    assert len(study.read(file)) == 4


def test_both_begin_with_the_same_model_and_the_preset_s_settings() -> None:
    once, twice = (study.config_of(x, 3) for x in study.TURNS)
    assert once.model == twice.model == preset("program-two-turns").model
    assert twice.task == preset("program-two-turns").task
    assert once.task == preset("program").task
    assert once.learners == twice.learners == preset("program-two-turns").learners
    assert study.STEPS == preset("program-two-turns").steps == preset("program").steps


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Little of everything; what is watched is kept whole, so that tokens can be counted one by one."""
    real = study.config_of
    few = {"task.heldout": 16, "prompts_per_step": 2, "num_generations": 4, "steps": 3, "panel_size": 8}
    monkeypatch.setattr(study, "config_of", lambda turns, seed: change(real(turns, seed), few))
    monkeypatch.setattr(study, "EVERY", 3)


@pytest.mark.parametrize("turns", study.TURNS)
def test_tokens_are_those_that_the_policy_wrote(small: None, turns: int) -> None:
    made = study.train("grpo", turns, 1)
    traces = list(Trainer(study.config_of(turns, 1), "grpo").steps())
    rows = [x for trace in traces for x in trace.tokens.to_pylist() if x["pass"] == 0]
    assert made.tokens == (0, sum(x["written"] for x in rows))
    assert any(not x["written"] for x in rows) == (turns == 2)
    assert made.trained == (pytest.approx(fmean(x["success"] for y in traces for x in y.samples.to_pylist())),)


def test_a_second_answer_is_asked_for_and_counted_whatever_was_trained(small: None) -> None:
    """First answers by a task of one turn; a response that got a second answer ended its first."""
    first, last = (study.look(Trainer(study.config_of(x, 1), "grpo")) for x in study.TURNS)
    assert first == last
    right, final, again = first
    assert 0 < right < final < 1
    assert 0 < again <= 1 - right
    assert study.train("grpo", 1, 1) == study.train("grpo", 1, 1)


def test_the_record_is_of_five_seeds_and_of_the_study_as_it_is() -> None:
    rows = study.read()
    wanted = [(name, turns, seed) for name in study.LEARNERS for turns in study.TURNS for seed in range(5)]
    assert [(x.learner, x.turns, x.seed) for x in rows] == wanted
    about = json.loads(study.RECORDED.read_text(encoding="utf-8"))["about"]
    assert {x: about[x] for x in study.setup()} == study.setup()
    looks = study.STEPS // study.EVERY + 1
    assert {len(y) for x in rows for y in (x.tokens, x.first, x.last, x.again)} == {looks}
    assert {len(x.trained) for x in rows} == {looks - 1}
    assert len({(x.seed, x.first[0], x.last[0]) for x in rows}) == 5, "one start for all learners of a seed"
    assert all(list(x.tokens) == sorted(set(x.tokens)) for x in rows)
