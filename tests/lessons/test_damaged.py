"""A run of which something was edited by hand in the store: no page dies of it, and other runs are shown."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
import sqlalchemy as sa

from core.runs.arrow import pack, unpack
from core.runs.errors import DataUnreadable
from core.runs.feed import Feed
from core.training.trace import TOKENS
from lessons.catalog import LESSONS
from tests.lessons.conftest import make_run
from tests.lessons.real import real_run


def event(store, run_id, stored):
    store.add_event(run_id, "ppo", 2, "final", {"sampled": 0.5, "greedy": 0.5})
    with store.write() as c:
        c.execute(sa.text("UPDATE events SET value = :value WHERE run = :run"), {"value": stored, "run": run_id})


def scalar(store, run_id, stored):
    with store.write() as c:
        rows = c.execute(sa.text("SELECT id, scalars FROM steps WHERE run = :run"), {"run": run_id}).all()
        for key, text in rows:
            new = json.dumps({**json.loads(text), "reward": stored})
            c.execute(sa.text("UPDATE steps SET scalars = :new WHERE id = :key"), {"new": new, "key": key})


def tokens(store, run_id, column, value):
    with store.write() as c:
        query = "SELECT step_id, tokens FROM blobs JOIN steps ON steps.id = step_id WHERE run = :run"
        for key, blob in c.execute(sa.text(query), {"run": run_id}).all():
            table = unpack(blob)
            at = TOKENS.get_field_index(column)
            table = table.set_column(at, TOKENS.field(at), pa.array([value] * table.num_rows, TOKENS.field(at).type))
            c.execute(
                sa.text("UPDATE blobs SET tokens = :new WHERE step_id = :key"), {"new": pack(table, TOKENS), "key": key}
            )


#: What is edited → whether the lab's own addresses answer that it cannot be read.
EDITS = {
    "an event's text": (lambda store, run: event(store, run, '"boom"'), True),
    "an event's null": (lambda store, run: event(store, run, "null"), True),
    "a number's text": (lambda store, run: scalar(store, run, "boom"), True),
    "a token without a response": (lambda store, run: tokens(store, run, "sample", 9999), True),
    "a far position": (lambda store, run: tokens(store, run, "position", 2**31 - 1), True),
    "no advantages": (lambda store, run: tokens(store, run, "advantage", None), False),
    "infinite advantages": (lambda store, run: tokens(store, run, "advantage", float("inf")), False),
}


@pytest.mark.parametrize("what", EDITS)
def test_no_page_dies_of_it(open_page, store, what):
    good, bad = real_run(store), make_run(store, name="bad one")
    edit, unreadable = EDITS[what]
    edit(store, bad)
    feed = Feed(store)
    ask = [lambda: feed.live(bad), lambda: feed.step(bad, 0), lambda: feed.group(bad, 0, 0)]
    answers = []
    for each in ask:
        try:
            each()
            answers.append(True)
        except DataUnreadable:
            answers.append(False)
    assert (False in answers) == unreadable
    assert json.loads(Feed(store).live(good).text())["rows"]
    for page in LESSONS if what == "a token without a response" else [x for x in LESSONS if x.key in ("runs", "lab")]:
        for linked in ({}, {"run": bad}):
            at = open_page(page.key, **linked)
            assert not at.exception, (page.key, linked)


def test_a_lesson_says_so_and_goes_on_with_another_run(open_page, store):
    real_run(store)
    bad = make_run(store, name="bad one")
    tokens(store, bad, "advantage", float("nan"))
    at = open_page("how-ppo-works", run=bad)
    assert not at.exception
    assert "bad one" in at.warning[0].value
    assert "lacks numbers that this page is about \\(advantage\\)" in at.warning[0].value
    assert any(x.value.startswith("Real numbers: PPO") for x in at.caption)


def test_the_runs_page_names_it_damaged(open_page, store):
    make_run(store, name="good")
    bad = make_run(store, name="bad")
    event(store, bad, '"boom"')
    table = open_page("runs").dataframe[0].value.set_index("Name")
    assert (table["State"]["bad"], table["State"]["good"]) == ("damaged", "finished")


def test_a_run_that_vanishes_under_a_page_is_a_sentence(open_page, store, monkeypatch):
    run_id = real_run(store)
    with store.write() as c:
        c.execute(sa.text("DELETE FROM steps WHERE run = :run AND step = 0"), {"run": run_id})
    at = open_page("how-ppo-works", run=run_id, step="1")
    assert not at.exception
    assert "has no step 0" in at.warning[0].value
