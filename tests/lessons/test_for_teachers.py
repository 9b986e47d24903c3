"""Every lesson, and the lab, has notes for teachers in every language, and what they say to click is on the page."""

from __future__ import annotations

import re

import pytest

from lessons.catalog import HERE, LESSONS, lesson
from lessons.i18n import LANGUAGES, _, use_language
from tests.lessons.conftest import ROOT, Open
from tests.lessons.texts import every_message

#: Pages that one can teach with, now and later: those that say how many minutes they take, but for the home page.
TAUGHT = [x.key for x in LESSONS if x.minutes and not x.default]
HEADINGS = {
    "en": ["Timing", "Ask", "What people get wrong", "Click"],
    "zh-TW": ["時間", "提問", "常見的誤解", "操作"],
}
QUOTED = {"en": r"“([^”]+)”", "zh-TW": r"「([^」]+)」"}


def notes(key: str, lang: str) -> str:
    return (HERE / key.replace("-", "_") / f"teacher.{lang}.md").read_text(encoding="utf-8")


def sections(key: str, lang: str) -> dict[str, str]:
    """Heading → text, in the order of the notes."""
    _before, *rest = re.split(r"^### (.+)$", notes(key, lang), flags=re.MULTILINE)
    return dict(zip(rest[::2], rest[1::2], strict=True))


def shown(lang: str) -> re.Pattern[str]:
    """Everything that the app may write in this language; a place of a template stands for any text."""
    ids = {x for message, _place in every_message() for x in ([message] if isinstance(message, str) else message)}
    with use_language(lang):
        texts = {_(x) for x in ids}
    return re.compile("|".join(re.sub(r"\\\{\w+\\\}", ".+", re.escape(x)) for x in texts if re.search(r"[^{}\W]", x)))


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("key", TAUGHT)
def test_every_lesson_has_notes_under_the_four_headings(key: str, lang: str) -> None:
    parts = sections(key, lang)
    assert list(parts) == HEADINGS[lang]
    assert all(text.strip() for text in parts.values())
    minutes = re.search(r"\d+", parts[HEADINGS[lang][0]])
    assert minutes
    assert int(minutes.group()) == lesson(key).minutes
    assert len(re.findall(r"^- ", parts[HEADINGS[lang][1]], re.MULTILINE)) >= 2
    assert len(re.findall(r"^- ", parts[HEADINGS[lang][2]], re.MULTILINE)) >= 2
    assert len(re.findall(r"^\d\. ", parts[HEADINGS[lang][3]], re.MULTILINE)) >= 3


@pytest.mark.parametrize("key", TAUGHT)
def test_both_languages_say_the_same_number_of_things(key: str) -> None:
    counted = [[len(re.findall(r"^(?:- |\d\. )", x, re.M)) for x in sections(key, lang).values()] for lang in LANGUAGES]
    assert counted[0] == counted[1]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_is_to_be_clicked_is_called_that_in_the_app(lang: str) -> None:
    known = shown(lang)
    called = {x for key in TAUGHT for x in re.findall(QUOTED[lang], sections(key, lang)[HEADINGS[lang][3]])}
    assert len(called) > 20
    names = {"PPO", "GRPO"}  # learners' own, the same in every language
    assert not [x for x in sorted(called - names) if not known.fullmatch(x)]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("key", TAUGHT)
def test_the_page_shows_a_lesson_s_notes_and_leads_to_it(open_page: Open, key: str, lang: str, speaking: None) -> None:
    at = open_page("for-teachers", lang=lang, **({} if key == TAUGHT[0] else {"lesson": key}))
    assert not at.exception
    with use_language(lang):
        assert at.header[0].value == _(lesson(key).title)
    assert notes(key, lang).strip() in {x.value for x in at.markdown}
    assert [x.proto.page for x in at.main.get("page_link")] == [key, key]


def test_a_lesson_ends_with_a_link_to_its_notes(open_page: Open) -> None:
    at = open_page("kl")
    linked = [x.proto for x in at.main.get("page_link")]
    assert [x.query_string for x in linked if x.page == "for-teachers"] == ["lesson=kl"]


def test_a_link_to_notes_that_are_not_there_shows_the_first(open_page: Open) -> None:
    at = open_page("for-teachers", lesson="nothing")
    assert not at.exception
    assert at.selectbox(key="lesson").value == TAUGHT[0]
    assert (ROOT / "lessons/for_teachers/page.py").exists()
