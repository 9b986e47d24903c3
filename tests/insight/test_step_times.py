"""What the study's learners take on a core: the file, and the lesson's sentence, without what was not measured."""

from __future__ import annotations

import json
import statistics

import pytest

from core.insight import step_times
from core.insight.long_sums import setups
from lessons.the_critic import results


@pytest.fixture(autouse=True)
def _afresh():
    step_times.seconds.cache_clear()
    yield
    step_times.seconds.cache_clear()


def test_all_that_are_timed_are_in_the_study():
    assert set(step_times.TIMED) <= set(setups())


def test_the_recorded_seconds_are_the_medians_of_the_rounds():
    stored = json.loads(step_times.TIMES.read_text())
    assert step_times.seconds() == {name: statistics.median(x) for name, x in stored["seconds"].items()}
    assert set(stored["seconds"]) == set(step_times.TIMED)
    assert len({len(x) for x in stored["seconds"].values()}) == 1, "all have had as many rounds"


def test_learners_take_turns(monkeypatch):
    """Round by round, after one run that is not counted."""
    asked = []

    class Made:
        seconds = 2.04567

    monkeypatch.setattr(step_times, "train", lambda setup, seed: asked.append(setup.name) or Made())
    assert step_times.measure(("grpo-16x8", "vine-16x8"), 2) == {"grpo-16x8": [2.05, 2.05], "vine-16x8": [2.05, 2.05]}
    assert asked == ["grpo-16x8"] + ["grpo-16x8", "vine-16x8"] * 2


def test_the_sentence_has_everybodys_seconds_or_is_left_out(monkeypatch):
    monkeypatch.setattr(results, "seconds", lambda: {"grpo-16x8": 8.4, "vine-16x8": 61.0})
    assert results.times({"GRPO": "grpo-16x8", "VinePPO": "vine-16x8"}).endswith("core: GRPO: 8 s; VinePPO: 61 s.")
    assert results.times({"GRPO": "grpo-16x8", "PPO": "ppo-zero-16x8"}) == ""
