"""Run ids are random: one that Streamlit would not take in a component's key harms no page."""

from __future__ import annotations

import pytest

from lessons.board.component import component_key
from lessons.catalog import LESSONS
from tests.lessons.answered import answered_run
from tests.lessons.conftest import make_run

#: Ids as `core.runs.naming.new_id` makes them: two underscores together, at the end, three, and none.
IDS = ("v__MBh5YqwYUsm6oLK9qIA", "A-b_", "a___b__", "plain")


def test_keys_that_streamlit_takes_stay_as_they_are_and_others_differ():
    assert component_key("lab_strip-a") == "lab_strip-a"
    keys = ["a__b", "a_b", "a~5f_b", "a_", "a", "a~5f", "a___b", "a_~5fb", "__", "~", "~7e"]
    made = [component_key(x) for x in keys]
    assert len(set(made)) == len(keys)
    assert not [x for x in made if "__" in x or x.endswith("_")]


@pytest.mark.parametrize("page", [x.key for x in LESSONS])
def test_a_page_shows_a_run_with_such_an_id(page, open_page, store, monkeypatch):
    for run_id in IDS:
        monkeypatch.setattr("core.runs.store.new_id", lambda made=run_id: made)
        at = open_page(page, lang="en", run=make_run(store) if page != "a-real-instruct-model" else answered_run(store))
        assert not at.exception, (run_id, at.exception[0].value)
