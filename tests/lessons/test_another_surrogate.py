"""Lessons on the clip, opened on a PPO that trains without it: they say what it maximises, and no false maths."""

from __future__ import annotations

import re

import pytest

from core.algorithms.ratio import LEVELS
from core.algorithms.surrogates import SURROGATES
from core.given_config import change
from core.learners.registry import LEARNER_KINDS
from core.presets import preset
from lessons.i18n import LANGUAGES, _, use_language
from tests.lessons.conftest import make_run
from tests.lessons.real import strips
from tests.registered import surrogates_of

OTHERS = {
    **{name: {"ppo.surrogate": name} for name in surrogates_of(LEARNER_KINDS["ppo"]) if name != "clip"},
    "sequence": {"ppo.importance_sampling_level": "sequence"},
}
PAGES = {"how-ppo-works": {"sub": "clip"}, "ratio-and-clip": {}}


def open_on(open_page, store, page, settings, lang="en"):
    at = open_page(page, lang=lang, run=make_run(store, steps=2, **settings), step="2", **PAGES[page])
    assert not at.exception
    assert not at.error
    return at


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("page", list(PAGES))
@pytest.mark.parametrize("name", list(OTHERS))
def test_the_runs_own_surrogate_is_named_and_written(open_page, store, page, name, lang) -> None:
    at = open_on(open_page, store, page, OTHERS[name], lang)
    settings = change(preset("chain-sum"), OTHERS[name]).learner("ppo")
    form, level = SURROGATES[settings.surrogate], LEVELS[settings.importance_sampling_level]
    with use_language(lang):
        (note,) = [x.value for x in at.info if x.icon == ":material/function:"]
        assert (_(form.title) in note) == (form.name != "clip")
        assert (_("It takes one ratio for a whole response, the geometric mean of its tokens'.") in note) == level.whole
    written = "\n".join(x.value for x in at.latex)
    assert form.line(settings) in written
    assert level.line in written


@pytest.mark.parametrize("name", list(OTHERS))
def test_nothing_is_said_of_a_clip_range_that_does_not_cut(open_page, store, name) -> None:
    at = open_on(open_page, store, "how-ppo-works", OTHERS[name])
    sent = strips(at, "ppo_steps")
    assert "clip" not in [x["key"] for x in sent["stations"]]
    assert "epsilon" not in [x["name"] for x in sent["sliders"]]
    assert not [x.value for x in at.latex if r"\varepsilon" in x.value]
    at = open_on(open_page, store, "ratio-and-clip", OTHERS[name])
    assert not [x for x in at.radio if (x.key or "").startswith("rck_halved")]
    assert not re.search(r"are cut\.", "\n".join(x.value for x in at.markdown))


def test_a_dual_clip_is_said_beside_the_formula(open_page, store) -> None:
    sent = strips(open_on(open_page, store, "how-ppo-works", {"ppo.dual_clip": 3}), "ppo_steps")
    assert "J is at least 3 · Â" in sent["words"]["says_clip"]
    sent = strips(open_on(open_page, store, "how-ppo-works", {}), "ppo_steps")
    assert sent["start"] == "clip"
    assert "Range {low_ratio} to {high_ratio}" in sent["words"]["says_clip"]
    assert "dual clip" not in sent["words"]["says_clip"]
