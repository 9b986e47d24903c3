"""Pages on real runs whose questions have one response each, and whose PPO has an oracle, or a frozen critic."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from core.config import RunConfig
from core.runs import lifecycle
from core.training.trace import StepTrace
from core.training.trainer import Trainer
from lessons.i18n import LANGUAGES

PAGES = ("how-ppo-works", "ratio-and-clip", "kl", "how-grpo-works", "same-answers", "what-is-true", "algorithms", "lab")
ALONE = {"baseline": "none", "scale_rewards": "none", "whiten_advantages": True}
PPO: dict[str, dict[str, Any]] = {
    "an oracle": {"oracle_continuations": 2, "lam": 0.5},
    "a frozen critic": {"lam_critic": 1.0, "value_freeze_after": 1, "num_generations": 1},
}


@pytest.fixture(scope="module")
def traces() -> dict[str, tuple[RunConfig, list[StepTrace]]]:
    torch.set_num_threads(1)
    made = {}
    for name, settings in PPO.items():
        run = {"steps": 2, "prompts_per_step": 16, "num_generations": 1, "eval_every": 0, "panel_size": 16}
        learners = [{"algorithm": "ppo", **settings}, {"algorithm": "grpo", **ALONE}]
        config = RunConfig.model_validate({**run, "learners": learners})
        made[name] = config, [x for y in config.learners for x in Trainer(config, y.name).steps()]
    return made


@pytest.mark.parametrize("key", PAGES)
@pytest.mark.parametrize("name", PPO)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_page_takes_such_a_run(
    open_page: Any, store: Any, traces: Any, name: str, key: str, lang: str, speaking: Any
) -> None:
    config, steps = traces[name]
    run_id = store.create(config, "made for a test")
    for trace in steps:
        store.append(run_id, trace)
    for learner in config.learners:
        lifecycle.mark(store, run_id, learner.name, "finished")
    at = open_page(key, run=run_id, step="2", lang=lang)
    assert not at.exception, at.exception[0].value
    assert not at.error
