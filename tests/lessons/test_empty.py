"""Every page where there is nothing to show: one sentence with what to do, and the way there; never an exception."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.given_config import change
from core.presets import preset
from core.runs import lifecycle
from core.runs.store import RunStore
from lessons.catalog import LESSONS
from lessons.i18n import LANGUAGES, _, use_language
from lessons.kit.history import RECORDED
from tests.helpers import step_trace

#: They show no run: what they show is there from the beginning.
OF_NO_RUN = {"the-critic", "data-that-teaches", "online-or-offline", "verifiable-rewards", "glossary", "for-teachers"}
OF_NO_RUN |= {"a-trained-reward-model", "when-the-proxy-breaks"}
LINKED = {x.key for x in LESSONS} - OF_NO_RUN - {"lab", "a-real-instruct-model"}  # these have what to press themselves
START = "There is no run to look at yet. Open the lab and press Start; this page then shows its steps."


def nothing(_store: RunStore) -> None:
    """Neither a run of one's own nor the recorded one."""


def without_steps(store: RunStore) -> None:
    """A run that has only been written down."""
    store.create(change(preset("chain-sum"), {"steps": 10}), "waits", run_id=RECORDED)


def without_tokens(store: RunStore) -> None:
    """A run whose steps kept no token."""
    config = change(preset("chain-sum"), {"num_generations": 4, "steps": 10})
    store.create(config, "bare", run_id=RECORDED)
    for learner in config.learners:
        for step in range(2):
            trace = step_trace(config, learner.name, step)
            store.append(RECORDED, replace(trace, tokens=trace.tokens.slice(0, 0)))
        lifecycle.mark(store, RECORDED, learner.name, "finished")


def links(at: object) -> list[str]:
    return [x.proto.page for x in at.main.get("page_link")]  # type: ignore[attr-defined]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("key", [x.key for x in LESSONS])
def test_without_any_run_each_page_says_what_to_do(open_page, store, key: str, lang: str) -> None:
    nothing(store)
    at = open_page(key, lang=lang)
    assert not at.exception
    assert not at.error
    assert len(at.info) == (key not in OF_NO_RUN), "one sentence, once"
    with use_language(lang):
        start = _("Start: {preset}").partition("{")[0].strip(": ：")
    if key in LINKED:
        assert start in at.info[0].value
        assert "lab" in links(at)


@pytest.mark.parametrize("key", [x.key for x in LESSONS])
@pytest.mark.parametrize("make", [without_steps, without_tokens])
def test_a_run_with_nothing_in_it_breaks_no_page(open_page, store, make, key: str) -> None:
    make(store)
    at = open_page(key)
    assert not at.exception
    assert not at.error
    if key in LINKED - {"runs"}:
        assert [x.value for x in at.info] == [START]
        assert "lab" in links(at)
        why = [x.value for x in at.warning]
        assert [("no token of its step" in x) for x in why] == [True] * (make is without_tokens)
