"""Lessons on runs that they were not written for: a model that reads words, and a run from elsewhere without tokens."""

from __future__ import annotations

import pyarrow as pa
import pytest

from core.errors import Message
from core.runs import lifecycle
from core.runs.foreign import ForeignLearner, add_run, foreign_config
from core.training.trace import TOKENS, StepTrace
from lessons.i18n import LANGUAGES
from tests.lessons.real import commit
from tests.lessons.worded import worded_config, worded_trace

PAGES = ("how-ppo-works", "ratio-and-clip", "kl", "how-grpo-works", "same-answers", "what-is-true", "algorithms")
EVERYWHERE = (*PAGES, "runs", "lab")


@pytest.fixture
def worded(store) -> str:
    config = worded_config(num_generations=4, panel_size=8, prompts_per_step=4)
    run_id = store.create(config, "made up for a test")
    for learner in config.learners:
        store.append(run_id, worded_trace(config, learner.name, 0, groups=2))
        lifecycle.mark(store, run_id, learner.name, "finished")
    return run_id


@pytest.fixture
def tokenless(store) -> str:
    """As an import leaves it: no tokens, a few rewards, hardly a setting known."""
    config = worded_config(num_generations=4, prompts_per_step=2)
    learners = [ForeignLearner(x, {}, Message("TRL's completions hold no rows.")) for x in ("ppo", "grpo")]
    foreign = foreign_config("a test", {"steps": 1}, learners)

    def traces():
        for learner in foreign.learners:
            made = worded_trace(config, learner.name, 0)
            nothing = pa.Table.from_pylist([], schema=TOKENS)
            yield StepTrace(learner.name, 0, dict.fromkeys(made.scalars), made.samples, nothing, made.prompt_hash)

    return add_run(store, foreign, "from elsewhere", traces(), learners)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("key", EVERYWHERE)
def test_a_lesson_takes_a_run_of_words(open_page, worded, key, lang, speaking):
    at = open_page(key, run=worded, lang=lang)
    assert not at.exception, at.exception[0].value
    assert not at.error
    assert not at.warning
    if key in PAGES:
        assert any("made up for a test" in x.value for x in at.caption), "another run is shown"


def test_what_a_page_cannot_do_with_a_large_model_is_said(open_page, worded):
    for key in ("what-is-true", "same-answers"):
        at = open_page(key, run=worded)
        if key == "same-answers":
            commit(at)  # a response of one's own comes after the prediction
        assert any("too large for a page to restore" in x.value for x in at.info), key
        assert "chain\\-sum\\-3x1" in next(x.value for x in at.info if "too large" in x.value)


@pytest.mark.parametrize("key", EVERYWHERE)
def test_an_imported_run_without_tokens_is_no_lessons_and_the_page_says_so(open_page, tokenless, key):
    at = open_page(key, run=tokenless)
    assert not at.exception, at.exception[0].value
    if key in PAGES:
        assert any("was imported" in x.value for x in at.info)


def test_the_lab_asks_of_tokens_only_where_some_were_kept(open_page, tokenless, worded):
    """A run of responses alone was headed by the question which token ruined the answer."""
    heads = {x: " ".join(y.value for y in open_page("lab", lang="en", run=x).markdown) for x in (tokenless, worded)}
    assert "kept no tokens" in heads[tokenless]
    assert "*which token*" not in heads[tokenless]
    assert "*which token*" in heads[worded]
    assert "kept no tokens" not in heads[worded]
