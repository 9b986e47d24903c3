"""From a page into the lab and back: every page's way in says where it came from, and the lab shows the way back."""

from __future__ import annotations

import pytest

from lessons.catalog import LESSONS, lesson
from lessons.i18n import _
from lessons.kit.to_lab import came_from
from tests.lessons.conftest import linked, make_run

COURSE = [x.key for x in LESSONS if x.minutes and x.key not in ("home", "lab")]


def back(at):
    """(path, query) of the lab's link back; None where there is none."""
    links = [x.proto for x in at.get("page_link") if x.proto.icon == ":material/arrow_back:"]
    return [(x.label, x.page, x.query_string) for x in links]


@pytest.mark.parametrize("lang", ["en", "zh-TW"])
@pytest.mark.parametrize("key", COURSE)
def test_every_lesson_opens_the_lab_and_the_lab_leads_back_to_its_address(open_page, run_id, key, lang, speaking):
    at = open_page(key, lang=lang, run=run_id, step="2", sub="ratio")
    assert not at.exception
    at.button(key="lesson_lab").click().run()
    assert not at.exception
    assert at.title[0].value == _("Lab")
    [(label, page, query)] = back(at)
    assert label == _("Back to {title}").format(title=_(lesson(key).title))
    assert page == key
    assert set(query.split("&")) == {f"lang={lang}", f"run={run_id}", "step=2", "sub=ratio"}


def test_a_lesson_about_a_step_opens_the_lab_at_it(open_page, run_id):
    at = open_page("how-ppo-works", lang="en", run=run_id, step="2")
    at.button(key="lesson_lab").click().run()
    assert (linked(at, "run"), linked(at, "step")) == ([run_id], ["2"])


def test_a_race_carries_where_it_came_from(open_page):
    at = open_page("the-loop", lang="en")
    at.button(key="loop_race").click().run()
    assert linked(at, "from") == ["the-loop"]
    assert [x[:2] for x in back(at)] == [("Back to The loop", "the-loop")]


def test_the_browsers_way_back_finds_what_was_chosen(open_page):
    """Streamlit writes the lab's parameters onto the lesson's address before it leaves it."""
    at = open_page("data-that-teaches", lang="en", own="program", present="1")
    at.button(key="data_lab").click().run()
    query = {x: linked(at, x) for x in at.query_params}
    assert query["preset"] == ["program"]
    again = open_page("data-that-teaches", **query)
    assert not again.exception
    assert {x: linked(again, x) for x in again.query_params} == {"lang": ["en"], "own": ["program"], "present": ["1"]}
    other = open_page("the-loop", **query)
    assert linked(other, "from") == query["from"], "another page's way back is none of its own"


def test_another_run_of_the_lab_keeps_the_way_back(open_page, store):
    one, other = make_run(store), make_run(store, name="another")
    at = open_page("lab", lang="en", run=one, **{"from": "the-loop?round=3"})
    at.selectbox(key="lab_picker").set_value(other).run()
    assert linked(at, "run") == [other]
    assert back(at) == [("Back to The loop", "the-loop", "round=3&lang=en")]


def test_the_lab_by_itself_has_no_way_back(open_page, run_id):
    assert back(open_page("lab", lang="en", run=run_id)) == []


@pytest.mark.parametrize(
    "text",
    [
        "nope",
        "lab",
        "lab?run=x",
        "https://example.org",
        "//example.org",
        "../home",
        "?run=x",
        "",
        "the_loop",
        "The-loop",
    ],
)
def test_what_is_no_page_of_the_catalogue_is_no_way_back(open_page, text):
    assert came_from(text) is None
    at = open_page("lab", lang="en", **{"from": text})
    assert not at.exception
    assert back(at) == []


def test_of_a_strange_address_what_can_be_a_parameter_is_taken():
    page, parts = came_from("kl?run=a%20b&step=3&lang=xx&present=1&from=kl&embed=true&<b>=1&set=a=1&set=b=2&x%00=1")
    assert page.key == "kl"
    assert parts == {"run": "a b", "step": "3", "set": ["a=1", "b=2"]}
    assert came_from("kl?" + "&".join(f"a{i}=1" for i in range(100)))[1] == {}
    assert came_from("kl?a=" + "x" * 5000)[1] == {}


def test_an_address_that_is_too_long_is_left_behind_but_not_its_page(open_page):
    at = open_page("kl", lang="en", note="x" * 3000)
    at.button(key="lesson_lab").click().run()
    assert linked(at, "from") == ["kl"]


def test_present_mode_keeps_the_way_back(open_page, run_id):
    at = open_page("kl", lang="en", run=run_id, present="1")
    at.button(key="lesson_lab").click().run()
    assert linked(at, "present") == ["1"]
    assert len(back(at)) == 1
