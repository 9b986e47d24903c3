"""The study of online and offline learners: its file, and what one learner's result is made of."""

from __future__ import annotations

import json

import pytest

from core.insight import online_or_offline as study


def result(name: str, seed: int) -> study.FinalSuccess:
    points = (study.Point(0, 128, 0.4, 0.0, -0.11, -0.11, 1.0), study.Point(10, 1408, 0.6, None, -0.2, -0.08, None))
    return study.FinalSuccess(name, seed, name in ("grpo", "ppo"), 1280, 0.6, 0.7, points)


def test_what_is_written_is_read_again(tmp_path):
    file = tmp_path / "study.json"
    assert study.read(file) == []
    made = [result("sft", 0), result("grpo", 1)]
    study.write(made, file)
    assert study.read(file) == made
    stored = json.loads(file.read_text())
    stored["about"]["version"] = study.VERSION + 1
    file.write_text(json.dumps(stored))
    with pytest.raises(ValueError, match="version"):
        study.read(file)


def test_it_goes_on_where_it_was_cut_off(tmp_path, monkeypatch, capsys):
    """What the file has is not trained again."""
    file, trained = tmp_path / "study.json", []
    study.write([result(x, 0) for x in study.names()[:3]], file)

    def train(name, seed, steps):
        trained.append((name, seed, steps))
        return result(name, seed)

    monkeypatch.setattr(study, "train", train)
    study.main(["--seeds", "2", "--steps", "4", "--out", str(file)])
    left = [(x, 0, 4) for x in study.names()[3:]] + [(x, 1, 4) for x in study.names()]
    assert trained == left
    assert {(x.learner, x.seed) for x in study.read(file)} == {(x, seed) for x in study.names() for seed in (0, 1)}
    assert "mean 0.600" in capsys.readouterr().out


def test_all_learners_of_a_seed_are_measured_on_the_same_set_with_the_same_budget(monkeypatch):
    measured = []
    real = study.coverage.measure

    def measure(learner, data):
        measured.append(data)
        return real(learner, data)

    monkeypatch.setattr(study.coverage, "measure", measure)
    offline, online = (study.train(x, 3, steps=2) for x in ("sft", "grpo"))
    assert offline.scored == online.scored == 2 * 128
    assert not offline.online
    assert online.online
    assert len({x.responses for x in measured}) == 1
    assert len(measured[0]) == 2 * 128
    # The same start: before the first step, each is where the other is.
    assert offline.points[0].data_logprob == pytest.approx(online.points[0].data_logprob, abs=1e-5)
    assert offline.points[0].fresh_logprob == pytest.approx(online.points[0].fresh_logprob, abs=1e-5)
    assert offline.points[0].ess == pytest.approx(1.0, abs=1e-3)
