"""Present mode is a link's or a switch's, goes along from page to page, and ends when it is left."""

from __future__ import annotations

import pytest

from lessons.catalog import LESSONS, lesson
from tests.lessons.conftest import ROOT


def bar(at):
    return [x for x in at.get("bidi_component") if "present_bar" in x.proto.id]


def test_a_link_begins_it_and_it_goes_along_to_other_pages(open_page):
    at = open_page("how-grpo-works", present="1")
    assert not at.exception
    assert len(bar(at)) == 1
    assert any("font-size: 24px" in x.proto.body for x in at.get("html"))
    at.switch_page(lesson("same-answers").path.relative_to(ROOT).as_posix()).run()
    assert len(bar(at)) == 1
    assert at.query_params["present"] in ("1", ["1"])


def test_without_it_nothing_of_it_is_there(open_page):
    at = open_page("how-grpo-works")
    assert not bar(at)
    assert not any("font-size: 24px" in x.proto.body for x in at.get("html"))


def test_the_switch_begins_it(open_page):
    at = open_page("how-grpo-works")
    at.button(key="present_on").click().run()
    assert len(bar(at)) == 1
    assert at.query_params["present"] in ("1", ["1"])


@pytest.mark.parametrize("value", ["0", "", "yes", "<b>"])
def test_any_other_value_ends_it(open_page, value):
    at = open_page("how-grpo-works", present="1")
    at.query_params["present"] = value
    at.run()
    assert not bar(at)
    assert "present" not in at.query_params


@pytest.mark.parametrize("page", [x.key for x in LESSONS])
@pytest.mark.parametrize("lang", ["en", "zh-TW"])
def test_every_page_can_be_shown(open_page, page, lang, speaking):
    at = open_page(page, lang=lang, present="1")
    assert not at.exception, at.exception[0].value
    assert len(bar(at)) == 1
