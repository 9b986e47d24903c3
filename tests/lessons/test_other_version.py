"""A run of another version of the app takes no page down: it is listed, told of in both languages, and deleted."""

from __future__ import annotations

import json
import re

import pytest
import sqlalchemy as sa
from starlette.applications import Starlette
from starlette.testclient import TestClient

import lessons.server
import lessons.shared
from core.runs.feed import Feed
from core.runs.tables import runs
from lessons.catalog import LESSONS
from lessons.i18n import LANGUAGES, _, use_language
from lessons.kit.display import plain
from tests.lessons.conftest import make_run

HOSTILE = "<img src=x onerror=alert(1)> $x$ :red[x]"


@pytest.fixture
def bad(store) -> str:
    """A run whose setting `lam` another version called otherwise; a good one is beside it."""
    make_run(store, name="good")
    run_id = make_run(store, name=HOSTILE)
    spoil(store, run_id, '"lam"', '"gae_lambda"')
    return run_id


def spoil(store, run_id, old, new):
    with store.write() as c:
        text = c.execute(runs.select().where(runs.c.id == run_id)).mappings().one()["config"]
        assert old in text
        c.execute(runs.update().where(runs.c.id == run_id).values(config=text.replace(old, new)))


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("key", [x.key for x in LESSONS])
def test_every_page_comes_up_with_such_a_run_in_the_store_and_in_its_link(open_page, bad, key, lang):
    at = open_page(key, lang=lang, run=bad)
    assert not at.exception
    assert at.title
    assert not at.error


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_lab_says_of_a_link_to_it_what_was_found_and_shows_the_rest(open_page, bad, lang, speaking):
    at = open_page("lab", lang=lang, run=bad)
    (warning,) = [x.value for x in at.warning]
    assert plain("ppo.gae_lambda") in warning
    assert HOSTILE not in warning
    assert plain("0.1.0") in warning
    assert bool(re.search("[一-鿿]", warning)) == (lang == "zh-TW")
    picker = at.selectbox(key="lab_picker")
    assert len(picker.options) == 2
    with use_language(lang):
        assert any(_("made by another version") in x for x in picker.options)
    assert not at.button(key="lab_start").disabled
    at.button(key="lab_recorded").click().run()
    assert not at.exception
    assert not at.warning


@pytest.mark.parametrize("lang", LANGUAGES)
def test_it_is_renamed_and_deleted_on_the_runs_page(open_page, store, bad, lang):
    at = open_page("runs", lang=lang)
    with use_language(lang):
        state, column, name = _("made by another version"), _("State"), _("Name")
    table = at.dataframe[0].value
    assert table[column].tolist()[0] == state
    assert table[name].tolist() == [HOSTILE, "good"]
    assert plain("ppo.gae_lambda") in at.warning[0].value
    at.text_input(key=f"name_{bad}").set_value("renamed")
    next(x for x in at.button if x.form_id).click().run()
    assert not at.exception
    assert store.runs()[0].name == "renamed"
    at.button(key="runs_delete_for_good").click().run()
    assert not at.exception
    assert [x.name for x in store.runs()] == ["good"]


def test_its_addresses_answer_with_the_sentence_as_json(store, bad, monkeypatch):
    monkeypatch.setattr(lessons.shared, "feed", lambda: Feed(store))
    client = TestClient(Starlette(routes=lessons.server.routes()))
    for path in ("live", "steps/0", "steps/0/groups/0"):
        answer = client.get(f"/api/runs/{bad}/{path}")
        assert answer.status_code == 409
        assert answer.headers["content-type"].startswith("application/json")
        assert "there is no setting ppo.gae_lambda here" in json.loads(answer.text)["error"]


def test_a_viewer_whose_browser_cannot_pull_is_told_too(store, bad):
    from lessons.board.window import window

    shown = window(bad, {})
    assert not shown.live
    assert shown.problem is not None
    assert shown.problem[0] == "missing"
    assert "ppo.gae_lambda" in str(shown.problem[1])


@pytest.mark.parametrize(
    ("table", "column", "stored"),
    [("events", "value", "5"), ("events", "value", '{"sampled"'), ("steps", "scalars", "{"), ("steps", "scalars", "7")],
)
def test_the_runs_page_leaves_out_what_is_damaged_of_one_run(open_page, store, table, column, stored):
    good, bad = make_run(store, name="good"), make_run(store, name="bad")
    for run_id in (good, bad):
        store.add_event(run_id, "ppo", 2, "final", {"sampled": 0.25})
    with store.write() as c:
        c.execute(sa.text(f"UPDATE {table} SET {column} = :stored WHERE run = :run"), {"stored": stored, "run": bad})
    at = open_page("runs")
    assert not at.exception
    assert not at.error
    shown = at.dataframe[0].value.set_index("Name")["PPO right"]
    assert shown["good"] == 0.25
    assert shown.isna()["bad"]


# -- what is damaged, and of no version --------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_damaged_run_is_called_damaged_and_no_other_versions(open_page, store, lang):
    run_id = make_run(store, name=HOSTILE)
    with store.write() as c:
        c.execute(runs.update().where(runs.c.id == run_id).values(config="{"))
    with use_language(lang):
        word, other, column = _("damaged"), _("made by another version"), _("State")
    at = open_page("lab", lang=lang, run=run_id)
    (warning,) = [x.value for x in at.warning]
    assert plain(HOSTILE) in warning
    assert "made" not in warning
    assert "版本" not in warning
    assert bool(re.search("[一-鿿]", warning)) == (lang == "zh-TW")
    options = at.selectbox(key="lab_picker").options
    assert any(word in x for x in options)
    assert not any(other in x for x in options)
    listed = open_page("runs", lang=lang)
    assert listed.dataframe[0].value[column].tolist() == [word]
    assert [x.value for x in listed.warning] == [warning]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(("column", "value"), [("time", "yesterday"), ("value", "{"), ("kind", b"\xff")])
def test_the_lab_says_in_a_sentence_that_an_event_of_a_run_is_damaged(open_page, store, lang, column, value):
    run_id = make_run(store, name="mine")
    store.add_event(run_id, "ppo", 1, "pause")
    with store.write() as c:
        c.execute(sa.text(f"UPDATE events SET {column} = :value"), {"value": value})
    at = open_page("lab", lang=lang, run=run_id)
    assert not at.exception
    (error,) = [x.value for x in at.error]
    assert ("event" in error) == (lang == "en")
    assert ("事件" in error) == (lang == "zh-TW")
    assert error.isprintable()
