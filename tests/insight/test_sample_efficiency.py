"""How many steps to 90 %: when a learner has arrived, and what is written and recorded."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import torch

from core.config import RunConfig
from core.insight import sample_efficiency
from core.insight.sample_efficiency import PRESETS, RECORDED, VERSION, Arrival, arrived, run, write
from core.presets import preset
from core.versions import versions


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


class Learner:
    """In place of a trainer: right in every step but the first three, and in one that nobody judged."""

    made: list[tuple[RunConfig, str]] = []  # noqa: RUF012  (emptied by each test)

    def __init__(self, config: RunConfig, learner: str) -> None:
        self.config = config
        self.made.append((config, learner))

    def steps(self) -> Iterator[SimpleNamespace]:
        for step in range(self.config.steps):
            rate = None if step == self.config.seed else float(step > 2)
            yield SimpleNamespace(scalars={"success_rate": rate})


def test_each_learner_is_trained_with_each_seed_and_nothing_beside(monkeypatch) -> None:
    monkeypatch.setattr(Learner, "made", [])
    monkeypatch.setattr(sample_efficiency, "Trainer", Learner)
    names = ("chain-sum", "chain-sum-only-credit")
    found = list(run(names, [1, 5], 9))
    pairs = [(name, x.name, seed) for seed in (1, 5) for name in names for x in preset(name).learners]
    assert [(x.preset, x.learner, x.seed) for x in found] == pairs
    for (config, learner), (name, expected, seed) in zip(Learner.made, pairs, strict=True):
        quiet = {"seed": seed, "steps": 9, "eval_every": 0, "panel_size": 1}
        assert (config, learner) == (preset(name).model_copy(update=quiet), expected)
    assert {x.success for x in found if x.seed == 1} == {(0, 0, 0, 1, 1, 1, 1, 1, 1)}
    assert {x.steps for x in found if x.seed == 1} == {8}
    assert {x.success for x in found if x.seed == 5} == {(0, 0, 0, 1, 1, 0, 1, 1, 1)}
    assert {x.steps for x in found if x.seed == 5} == {None}


def test_the_file_says_what_was_trained(tmp_path) -> None:
    path = tmp_path / "new" / "and" / "made.json"
    arrivals = [Arrival("chain-sum", "ppo", 3, 2, (0.123456, 1.0)), Arrival("chain-sum", "grpo", 1, None, (0.0, 0.5))]
    write(arrivals, 2, path)
    write(arrivals, 2, path)  # over an older one
    text = path.read_text(encoding="utf-8")
    assert text.endswith("}\n")
    assert json.loads(text) == {
        "about": {
            "version": VERSION,
            "seeds": [1, 3],
            "steps": 2,
            "target": 0.9,
            "window": 5,
            "responses_per_step": {"chain-sum": preset("chain-sum").prompts_per_step * 8},
            "versions": versions(),
        },
        "rows": [
            {"preset": "chain-sum", "learner": "ppo", "seed": 3, "steps": 2, "success": [0.1235, 1.0]},
            {"preset": "chain-sum", "learner": "grpo", "seed": 1, "steps": None, "success": [0.0, 0.5]},
        ],
    }


def test_the_command_tells_each_arrival_and_writes_all(tmp_path, monkeypatch, capsys) -> None:
    bars: list[dict] = []
    told: list[str] = []

    class Bar:
        def __new__(cls, rows, **options):  # type: ignore[no-untyped-def]
            assert torch.get_num_threads() == 1
            bars.append(options)
            return rows

        write = staticmethod(told.append)

    monkeypatch.setattr(sample_efficiency, "Trainer", Learner)
    monkeypatch.setattr(sample_efficiency, "tqdm", Bar)
    path, threads = tmp_path / "made.json", torch.get_num_threads()
    try:
        sample_efficiency.main(["--seeds", "2", "--steps", "8", "--out", str(path)])
    finally:
        torch.set_num_threads(threads)
    read = json.loads(path.read_text(encoding="utf-8"))
    assert (read["about"]["steps"], read["about"]["seeds"]) == (8, [0, 1])
    assert {x["preset"] for x in read["rows"]} == set(PRESETS)
    assert bars[0]["total"] == len(read["rows"]) == len(told)
    assert told[0] == f"{'chain-sum':24} {'ppo':8} seed 0: 8 steps"
    assert capsys.readouterr().out == f"wrote {path}\n"
    sample_efficiency.main(["--seeds", "1", "--steps", "7", "--out", str(path)])
    assert told[-1].endswith("seed 0: not steps")


def test_the_default_command_trains_five_seeds_of_a_hundred_steps_in_the_recorded_place(monkeypatch) -> None:
    asked, written = [], []
    monkeypatch.setattr(sample_efficiency, "run", lambda *given: asked.append(given) or [])
    monkeypatch.setattr(sample_efficiency, "write", lambda *given: written.append(given))
    sample_efficiency.main([])
    assert asked == [(PRESETS, range(5), 100)]
    assert written == [([], 100, RECORDED)]


@pytest.mark.parametrize("short", [1e-10, 1e-8])
def test_rounding_does_not_keep_a_learner_from_arriving(short: float) -> None:
    assert arrived([0.9 - short] * 5) == (5 if short < 1e-9 else None)
