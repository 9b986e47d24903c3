"""A name that somebody is typing stays, whatever another tab makes of it: the field is not drawn anew, and it is said.

What is typed and not yet entered only the browser knows. It loses it where the field becomes another widget, or where
the server puts a value into it.
"""

from __future__ import annotations

import pytest

from lessons.kit import remembered
from tests.lessons.conftest import make_run

MEANWHILE = "renamed elsewhere: it is called “by another tab” now"


@pytest.mark.parametrize(("page", "key", "link"), [("lab", "lab_name_{run}", True), ("runs", "name_{run}", False)])
def test_a_runs_name_that_another_tab_changes_leaves_the_field_alone(open_page, store, page, key, link) -> None:
    run_id = make_run(store, name="at first")
    key = key.format(run=run_id)
    at = open_page(page, lang="en", **({"run": run_id} if link else {}))
    before = at.text_input(key=key)
    assert before.value == "at first"
    at.run()
    store.rename(run_id, "by another tab")
    at.run()
    field = at.text_input(key=key)
    assert (field.id, field.proto.set_value, field.value) == (before.id, False, "at first")
    assert any(MEANWHILE in x.value for x in at.caption)
    if page == "lab":
        field.set_value("mine").run()
        assert store.get(run_id).name == "mine"
        assert at.text_input(key=key).value == "mine"
        assert not any("elsewhere" in x.value for x in at.caption)


def test_whose_labels_they_are_is_not_taken_out_of_the_field_either(open_page) -> None:
    at = open_page("a-trained-reward-model", lang="en")
    before = at.text_input(key="rm_name")
    drawn = before.value
    at.session_state["memory_entries"] = {"labels/name": ("Mei", remembered.now() + 5)}
    at.run()
    field = at.text_input(key="rm_name")
    assert (field.id, field.proto.set_value, field.value) == (before.id, False, drawn)
    assert any("In another tab this became “Mei”" in x.value for x in at.caption)
    field.set_value("Bo").run()
    assert at.session_state["memory_entries"]["labels/name"][0] == "Bo"
    assert not any("In another tab" in x.value for x in at.caption)


def test_that_name_can_be_taken(open_page) -> None:
    at = open_page("a-trained-reward-model", lang="en")
    at.session_state["memory_entries"] = {"labels/name": ("Mei", remembered.now() + 5)}
    at.run()
    at.button(key="rm_name_take").click().run()
    [field] = [x for x in at.text_input if x.label.startswith("Whose labels")]
    assert field.value == "Mei"
    assert not any("In another tab" in x.value for x in at.caption)
