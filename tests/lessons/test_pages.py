"""Every page in both languages: it comes up, its headings are in order, it says what it is about."""

from __future__ import annotations

import itertools

import pytest

from core.runs.errors import StoreError
from lessons.catalog import LESSONS, lesson
from lessons.i18n import LANGUAGES, _, use_language
from tests.helpers import HOSTILE
from tests.lessons.conftest import linked, make_run

KEYS = [x.key for x in LESSONS]


def headings(at):
    """Levels of the main area's headings, in the order of the page."""
    return [int(x.tag[1]) for x in at.main if x.type in ("title", "header", "subheader")]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("runs", [0, 2])
def test_it_comes_up(open_page, store, key, lang, runs):
    for _again in range(runs):
        make_run(store)
    at = open_page(key, lang=lang)
    assert not at.exception
    assert not at.error
    levels = headings(at)
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))
    with use_language(lang):
        assert at.title[0].value == ("Credit Lab" if key == "home" else _(lesson(key).title))


def test_the_two_languages_differ(open_page):
    texts = {lang: {x.value for x in open_page("lab", lang=lang).markdown} for lang in LANGUAGES}
    assert not texts["en"] & texts["zh-TW"]


def test_a_chosen_language_walks_along_and_is_in_the_link(open_page):
    at = open_page("home")
    assert "lang" not in at.query_params
    at.segmented_control(key="language_switch").set_value("zh-TW").run()
    assert linked(at, "lang") == ["zh-TW"]
    at.switch_page("lessons/lab/page.py").run()
    assert linked(at, "lang") == ["zh-TW"]
    with use_language("zh-TW"):
        assert at.title[0].value == _("Lab")


def test_an_unknown_language_in_a_link_is_dropped(open_page):
    at = open_page("lab", lang="xx")
    assert "lang" not in at.query_params
    assert at.title[0].value == "Lab"


#: Pages that read no run.
OF_NO_RUN = {"the-critic", "online-or-offline", "verifiable-rewards", "glossary", "for-teachers"}
OF_NO_RUN |= {"when-the-proxy-breaks"}


def test_a_broken_store_leaves_a_sentence_and_the_page(open_page, store, monkeypatch):
    sentence = "The disk is full: nothing more can be written to /data. Free some space, then resume the run."

    def broken(*_given):
        raise StoreError(
            "The disk is full: nothing more can be written to /data. Free some space, then resume the run."
        )

    for name in ("get", "runs"):
        monkeypatch.setattr(store, name, broken)
    for key in KEYS:
        at = open_page(key)
        assert not at.exception
        assert at.title
        assert [x.value for x in at.error] == ([] if key in OF_NO_RUN else [sentence])  # these read no run


@pytest.mark.parametrize("key", ["lab", "runs"])
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_only_goes_where_text_is_text(open_page, store, key, name):
    run_id = make_run(store, name=name)
    at = open_page(key, run=run_id)
    assert not at.exception
    interpreted = [
        x.value for kind in ("markdown", "caption", "error", "warning", "info", "header") for x in at.get(kind)
    ]
    labels = [x.label for kind in ("button", "selectbox", "expander", "text_input", "toggle") for x in at.get(kind)]
    assert not [text for text in [*interpreted, *labels] if name in (text or "")]
    shown = [x.value for x in at.text] + [option for x in at.selectbox for option in x.options]
    assert [text for text in shown if name in text]
