"""Who may learn in a run that a lesson starts: its preset's learners together, or one of them."""

from __future__ import annotations

from core.config import RunConfig
from core.learners.registry import learner
from core.presets import preset
from lessons.i18n import use_language
from lessons.kit.who_learns import choices, chosen, title


def test_a_link_says_all_or_one_of_them() -> None:
    config = preset("reply")
    assert choices(config) == ["ppo-grpo", "grpo", "ppo"]
    assert {x: [y.name for y in chosen(config, x).learners] for x in choices(config)} == {
        "ppo-grpo": ["ppo", "grpo"],
        "grpo": ["grpo"],
        "ppo": ["ppo"],
    }


def test_a_kind_with_a_dash_in_its_name_is_one() -> None:
    config = RunConfig(learners=(learner("offline-pg"), learner("sft")))
    assert [x.kind for x in chosen(config, "offline-pg").learners] == ["offline-pg"]
    assert chosen(config, "offline-pg-sft") == config


def test_they_are_called_as_their_kinds_are() -> None:
    config = preset("reply")
    assert [title(config, x) for x in choices(config)] == ["PPO and GRPO", "GRPO", "PPO"]
    with use_language("zh-TW"):
        assert title(config, "ppo-grpo") == "PPO 和 GRPO"
