"""The tour of the lab: six stops in both languages, and that its end is remembered."""

from __future__ import annotations

import pytest

from lessons.i18n import LANGUAGES, use_language
from lessons.lab.tour import NAME, _remember, stops
from tests.lessons.conftest import make_run
from tests.lessons.real import strips

ROLES = ["curves", "timeline", "strips", "card", "controls", "start"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_it_has_six_stops_that_point_at_the_labs_parts(open_page, store, lang: str) -> None:
    at = open_page("lab", run=make_run(store), lang=lang)
    assert not at.exception
    sent = strips(at, "lab_tour")
    with use_language(lang):
        assert sent["stops"] == stops()
    assert [x["role"] for x in sent["stops"]] == ROLES
    assert [x["selector"] for x in sent["stops"]][:4] == [None] * 4  # the board's own parts say what they are
    assert not sent["seen"]


def test_the_pages_own_parts_are_those_that_it_names(open_page, store) -> None:
    at = open_page("lab", run=make_run(store))
    assert at.button(key="lab_start")
    blocks = {x["selector"] for x in strips(at, "lab_tour")["stops"]} - {None}
    assert blocks == {".st-key-lab_controls", ".st-key-lab_start"}


def test_an_end_is_remembered(open_page, store, monkeypatch: pytest.MonkeyPatch) -> None:
    at = open_page("lab", run=make_run(store))
    state: dict[str, object] = {}
    monkeypatch.setattr("streamlit.session_state", state)
    _remember()
    assert list(state["memory_entries"]) == [NAME]  # type: ignore[call-overload]
    at.session_state["memory_entries"] = state["memory_entries"]
    at.run()
    assert strips(at, "lab_tour")["seen"]


def test_it_is_not_offered_over_a_projectors_picture(open_page, store) -> None:
    assert strips(open_page("lab", run=make_run(store), present="1"), "lab_tour")["seen"]
