"""Runs whose PPO has no critic, or whose GRPO compares nothing: no lesson shows them as what they are not."""

from __future__ import annotations

import functools

import pytest

from core.config import RunConfig
from core.learners.registry import AnyLearner, learner
from core.runs import lifecycle
from core.training.trace import StepTrace
from core.training.trainer import Trainer
from lessons.i18n import LANGUAGES
from tests.lessons.conftest import texts

MEASURED = learner("ppo", kl_coef=0.0, oracle_continuations=2)
ALONE = learner("grpo", baseline="none", scale_rewards="none", whiten_advantages=True)
SINGLE = learner("ppo", kl_coef=0.0, num_generations=1)
#: How a page says so; How GRPO works names the setting.
INSTEAD = {
    "en": ("was trained without what this page is about (a critic, or a group", "compared with its group's mean"),
    "zh-TW": ("沒有這個頁面要談的東西", "與自己群組的平均比較"),
}


@functools.cache
def step_of(settings: AnyLearner) -> tuple[RunConfig, StepTrace]:
    config = RunConfig(steps=1, prompts_per_step=4, num_generations=4, eval_every=0, device="cpu", learners=(settings,))
    return config, next(Trainer(config, settings.name).steps())


def made(store, settings: AnyLearner) -> str:
    config, trace = step_of(settings)
    run_id = store.create(config, "made for a test")
    store.append(run_id, trace)
    lifecycle.mark(store, run_id, settings.name, "finished")
    return run_id


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    ("key", "settings"),
    [
        ("how-ppo-works", MEASURED),
        ("same-answers", MEASURED),
        ("what-is-true", MEASURED),
        ("same-answers", SINGLE),
        ("what-is-true", SINGLE),
        ("how-grpo-works", ALONE),
    ],
)
def test_another_run_is_shown_and_the_page_says_why(open_page, store, key, settings, lang, speaking) -> None:
    at = open_page(key, run=made(store, settings), lang=lang)
    assert not at.exception
    assert [x for x in at.info if any(y in x.value for y in INSTEAD[lang]) and "made for a test" in x.value]
    assert not [x for x in at.caption if "made for a test" in x.value]


@pytest.mark.parametrize(
    ("key", "settings"),
    [("ratio-and-clip", MEASURED), ("kl", MEASURED), ("algorithms", MEASURED), ("how-ppo-works", SINGLE)],
)
def test_what_does_not_need_it_shows_the_run_itself(open_page, store, key, settings) -> None:
    at = open_page(key, run=made(store, settings), lang="en", step="1")
    assert not at.exception
    assert not any(x in texts(at) for x in INSTEAD["en"])
    assert [x for x in at.caption if "made for a test" in x.value]
