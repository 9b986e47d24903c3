"""What runs are called: the task, in what they differ from their preset, and the seed."""

from __future__ import annotations

import pytest

from core.config import RunConfig
from core.given_config import change, parse_config
from core.learners.registry import learner
from core.presets import PRESETS, differences, preset, title_of
from core.runs.naming import checked_name
from core.tasks.readable import READS_TEXT

SUMS = preset("chain-sum")


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_as_it_is_has_its_name_and_seed(name: str) -> None:
    config = preset(name)
    assert differences(config) == []
    assert title_of(config) == f"{name}, seed 0"
    watched = change(config, {"seed": 7, "keep_level": True, "value_check_responses": 8})
    assert title_of(watched) == f"{name}, seed 7"


@pytest.mark.parametrize(
    ("assignments", "named"),
    [
        ({"steps": 40}, ["steps=40"]),
        ({"epsilon": 0.3}, ["epsilon=0.3"]),  # both have it so
        ({"ppo.epsilon": 0.3}, ["ppo.epsilon=0.3"]),
        ({"ppo.lam": 0.9, "beta": 0.04}, ["beta=0.04", "ppo.lam=0.9"]),
        ({"max_completion_length": 20, "measure_kl": False}, ["max_completion_length=20", "measure_kl=false"]),
        ({"model": "/a/b/my-model/"}, ["model=my-model"]),
        ({"task.terms": 2}, ["task.terms=2"]),
        ({"task.kind": "reasoning-gym", "model": READS_TEXT}, [f"model={READS_TEXT}", "task.dataset=chain_sum"]),
        (
            {"task.kind": "reasoning-gym", "task.dataset": "gcd", "model": READS_TEXT},
            [f"model={READS_TEXT}", "task.dataset=gcd"],
        ),
    ],
)
def test_differences_are_named_as_they_are_typed(assignments: dict[str, object], named: list[str]) -> None:
    config = change(SUMS, assignments)
    assert differences(config) == named
    about = "reasoning-gym" if "task.kind" in assignments else "chain-sum"
    assert title_of(config) == ", ".join([about, *named, "seed 0"])


def test_other_learners_are_named_and_of_many_differences_the_first() -> None:
    alone = parse_config({**SUMS.model_dump(), "learners": [learner("ppo").model_dump()]})
    assert title_of(alone) == "chain-sum, ppo, seed 0"
    many = change(SUMS, {"steps": 9, "prompts_per_step": 2, "eval_every": 0, "trace": "all", "epsilon": 0.1, "seed": 1})
    assert title_of(many) == "chain-sum, steps=9, prompts_per_step=2, eval_every=0, trace=all, +1, seed 1"


def test_whatever_a_run_is_its_name_can_be_one() -> None:
    names = [f"{x}{'n' * 20}" for x in "abcd"]
    others = [{**learner("ppo").model_dump(), "name": name} for name in names]
    config = change(
        RunConfig(preset="x" * 60), {"model": "m" * 200, "system_prompt": "long\n " * 300, "seed": 2**31 - 1}
    )
    config = parse_config({**config.model_dump(), "learners": others})
    title = title_of(config)
    assert checked_name(title) == title
    assert title.endswith(f", seed {2**31 - 1}")
    assert len(title) <= 120
