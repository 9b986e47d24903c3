"""How many steps to 90 %: when a learner has arrived, and what is written and recorded."""

from __future__ import annotations

import json

from core.insight.sample_efficiency import PRESETS, RECORDED, VERSION, Arrival, arrived, run, write
from core.presets import preset


def test_a_learner_has_arrived_when_the_last_steps_are_right_often_enough_on_average() -> None:
    assert arrived([1.0] * 4) is None
    assert arrived([0.5, 1.0, 1.0, 1.0, 1.0, 1.0]) == 5  # 4.5 of 5
    assert arrived([0.0, 1.0, 1.0, 1.0, 1.0, 1.0]) == 6
    assert arrived([0.8] * 50) is None
    assert arrived([0.2, 0.6, 0.7], target=0.6, window=2) == 3


def test_every_learner_of_every_preset_is_trained_and_written(tmp_path, monkeypatch) -> None:
    small = preset("chain-sum").model_copy(update={"prompts_per_step": 2, "num_generations": 2})
    monkeypatch.setattr("core.insight.sample_efficiency.preset", lambda name: small)
    arrivals = list(run(["chain-sum"], [0, 1], 2))
    assert [(x.preset, x.learner, x.seed, len(x.success)) for x in arrivals] == [
        ("chain-sum", name, seed, 2) for seed in (0, 1) for name in ("ppo", "grpo")
    ]
    write(arrivals, 2, tmp_path / "made.json")
    read = json.loads((tmp_path / "made.json").read_text())
    assert read["about"]["version"] == VERSION
    assert read["about"]["responses_per_step"] == {"chain-sum": 4}
    assert [x["learner"] for x in read["rows"]] == ["ppo", "grpo"] * 2


def test_the_recorded_steps_follow_from_the_recorded_success() -> None:
    read = json.loads(RECORDED.read_text(encoding="utf-8"))
    rows = [Arrival(**{**x, "success": tuple(x["success"])}) for x in read["rows"]]
    assert {(x.preset, x.learner) for x in rows} == {(name, y.name) for name in PRESETS for y in preset(name).learners}
    for row in rows:
        assert len(row.success) == read["about"]["steps"]
        assert row.steps == arrived(row.success)
        assert {x.seed for x in rows if (x.preset, x.learner) == (row.preset, row.learner)} == set(
            read["about"]["seeds"]
        )
