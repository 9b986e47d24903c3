"""Lessons on odd runs that settings allow: one learner, one response a question, all right, all wrong."""

from __future__ import annotations

import functools
import re
from typing import Any

import pytest

from core.config import RunConfig
from core.learners.registry import learner
from core.runs import lifecycle
from core.runs.store import RunStore
from core.tasks.base import Verdict
from core.tasks.kinds.chain_sum import ChainSum
from core.training.trace import StepTrace
from core.training.trainer import Trainer
from lessons.i18n import LANGUAGES

PAGES = ("how-ppo-works", "ratio-and-clip", "kl", "how-grpo-works", "same-answers", "what-is-true", "algorithms")
SMALL: dict[str, Any] = {
    "steps": 1,
    "prompts_per_step": 4,
    "num_generations": 4,
    "panel_size": 16,
    "eval_every": 0,
    "device": "cpu",
}
ODD: dict[str, dict[str, Any]] = {
    "ppo alone": {"learners": (learner("ppo"),)},
    "grpo alone": {"learners": (learner("grpo"),)},
    "one response a question": {
        "num_generations": 1,
        "learners": (learner("ppo"), learner("grpo", baseline="none", scale_rewards="none")),
    },
    "all right": {"learners": (learner("ppo"), learner("grpo"))},
    "all wrong": {"learners": (learner("ppo"), learner("grpo"))},
    "the critic warms up": {"learners": (learner("ppo", value_warmup_steps=1),)},
}


@functools.cache
def traces(name: str) -> tuple[StepTrace, ...]:
    config = RunConfig(**{**SMALL, **ODD[name]})
    always = {"all right": 1.0, "all wrong": 0.0}.get(name)
    with pytest.MonkeyPatch.context() as patch:
        if always is not None:

            def verdict(_task: ChainSum, _prompt: str, response: str, *, finished: bool = True) -> Verdict:
                return Verdict(always, bool(always), response[-2:])

            patch.setattr(ChainSum, "verify", verdict)
        return tuple(next(Trainer(config, x.name).steps()) for x in config.learners)


def odd_run(store: RunStore, name: str) -> str:
    config = RunConfig(**{**SMALL, **ODD[name]})
    run_id = store.create(config, "made for a test")
    for trace in traces(name):
        store.append(run_id, trace)
        lifecycle.mark(store, run_id, trace.learner, "finished")
    return run_id


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("key", PAGES)
def test_a_lesson_takes_an_odd_run(open_page, store: RunStore, name: str, key: str, lang: str, speaking: None) -> None:
    at = open_page(key, run=odd_run(store, name), lang=lang)
    assert not at.exception, at.exception[0].value
    assert not at.error
    texts = [x.value for kind in ("markdown", "caption", "info", "warning") for x in at.get(kind)]
    assert not [x for x in texts if "first 0 steps" in x or "前 0 步" in x]
    assert not [x for x in texts if re.search(r"\bnan\b|\binf\b", x)]
