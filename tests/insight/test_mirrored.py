"""Held-out additions that were trained on the other way round."""

from __future__ import annotations

import pytest

from core.given_config import parse_config
from core.insight.mirrored import MOST, mirrored, trained_on
from core.presets import PRESETS


@pytest.mark.parametrize(
    ("question", "trained", "addition", "counts"),
    [
        ("3 + 5 =", "5 + 3 =", True, True),
        ("What is 3 + 5?", "Say 5 + 3 now.", True, True),
        ("3+5", "5 + 3 =", True, True),
        ("3 + 5 =", "3 + 5 = ", True, False),  # not mirrored
        ("4 + 4 =", "4 + 4 =", True, False),  # its own mirror image
        ("3 + 5 - 2 =", "5 + 3 =", False, False),
        ("1 - 3 + 5 =", "5 + 3 =", False, False),
        ("3 + 5 + 2 =", "5 + 3 =", False, False),
        ("33 + 5 =", "5 + 3 =", True, False),
        ("3 + 55 =", "5 + 3 =", True, False),
        ("3.3 + 5 =", "5 + 3 =", False, False),
        ("3 - 5 =", "5 + 3 =", False, False),
    ],
)
def test_what_is_an_addition_and_what_its_mirror_image(question, trained, addition, counts) -> None:
    near = mirrored(["how many?", question], [trained])
    assert near.additions == ((1,) if addition else ())
    assert near.mirrored == ((1,) if counts else ())


def test_the_training_questions_are_drawn_again_as_they_were() -> None:
    config = PRESETS["smollm2-sums"]
    again = trained_on(config, "grpo", 3)
    assert again is not None
    assert len(again) == 3 * config.prompts_of(config.learner("grpo"))
    assert trained_on(config, "grpo", 2) == again[: len(again) * 2 // 3]
    a_step = len(again) // 3
    assert again[:a_step] != again[a_step : 2 * a_step] != again[2 * a_step :]
    assert trained_on(config, "grpo", MOST) is None
    other = parse_config({**config.model_dump(mode="json"), "seed": 1})
    assert trained_on(other, "grpo", 3) != again


def test_so_many_questions_are_drawn_again_and_no_more(monkeypatch) -> None:
    config = PRESETS["smollm2-sums"]
    a_step = config.prompts_of(config.learner("grpo"))
    monkeypatch.setattr("core.insight.mirrored.MOST", 2 * a_step)
    assert len(trained_on(config, "grpo", 2) or ()) == 2 * a_step
    assert trained_on(config, "grpo", 3) is None


def test_all_additions_are_listed_by_their_places() -> None:
    near = mirrored(["1 + 2", "what?", "2 + 1", "10 + 7 ="], ["2 + 1", "who?", "7 + 10"])
    assert near.additions == (0, 2, 3)
    assert near.mirrored == (0, 3)
