"""A run that this version of the app cannot read is listed, renamed and deleted, and harms nothing else."""

from __future__ import annotations

import ast
import io
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from core.__main__ import main
from core.cli.train import _follow, _report
from core.config import RunConfig
from core.runs import lifecycle
from core.runs.errors import DataUnreadable
from core.runs.export import export, snippet
from core.runs.feed import Feed
from core.runs.recorded import SHIPPED, import_shipped
from core.runs.records import RunInfo, RunUnreadable, UnreadableRun, readable
from core.runs.store import RunNotFound, RunStore, StoreError
from core.runs.tables import runs, steps
from core.stored_config import CONFIG_VERSION, NO_CONFIG
from tests.helpers import step_trace

CONFIG = RunConfig(steps=3, num_generations=4)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunStore:
    """The app's store, for this test alone."""
    monkeypatch.setenv("CREDIT_LAB_HOME", str(tmp_path))
    monkeypatch.delenv("CREDIT_LAB_DATABASE_URL", raising=False)
    return RunStore()


def spoil(store: RunStore, run_id: str, **columns: Any) -> None:
    with store.write() as c:
        c.execute(runs.update().where(runs.c.id == run_id).values(**columns))


def stored_config(**changes: Any) -> str:
    return json.dumps({**CONFIG.model_dump(mode="json"), "config_version": 1, "made_by": "0.9.1", **changes})


#: What may be in the store → what is said of it.
SPOILT: dict[str, tuple[dict[str, Any], str]] = {
    "a renamed setting": ({"config": stored_config(colour=1)}, "there is no setting colour here"),
    "an unknown learner": (
        {"config": stored_config(learners=[{"algorithm": "kto", "name": "kto"}])},
        "there is no learner of the kind kto here",
    ),
    "broken JSON": ({"config": stored_config()[:-9]}, "its settings are not JSON that describes a run"),
    "no object": ({"config": "[1, 2]"}, "its settings are not JSON that describes a run"),
    "a newer config": (
        {"config": stored_config(config_version=9)},
        f"its settings are of version 9, and this version of the app reads them up to version {CONFIG_VERSION}",
    ),
    "changes of a newer version": ({"config_version": 9}, "its settings are of version 9"),
    "newer steps": ({"trace_version": 9}, "its steps are of version 9"),
    "an impossible value": ({"config": stored_config(steps=0)}, "steps: must be at least 1, but is 0"),
}


@pytest.fixture(params=SPOILT)
def spoilt(request: pytest.FixtureRequest, store: RunStore) -> tuple[str, str, str]:
    """(a good run, a spoilt one, what is said of it)."""
    good, bad = store.create(CONFIG, "good"), store.create(CONFIG, "bad")
    for run_id in (good, bad):
        store.append(run_id, step_trace(CONFIG, "ppo", 0))
    columns, problem = SPOILT[request.param]
    spoil(store, bad, **columns)
    return good, bad, problem


def test_it_is_listed_beside_the_others_which_work_as_before(store: RunStore, spoilt: tuple[str, str, str]) -> None:
    good, bad, problem = spoilt
    listed = store.runs()
    assert [(type(x), x.id, x.name) for x in listed] == [(UnreadableRun, bad, "bad"), (RunInfo, good, "good")]
    run = listed[0]
    assert isinstance(run, UnreadableRun)
    assert problem in str(run.problem)
    assert [(x.name, x.step, x.steps) for x in run.learners] == [("ppo", 0, 3), ("grpo", -1, 3)]
    assert readable(listed) == [store.get(good)]
    assert json.loads(Feed(store).live(good).text())["rows"]


def test_whoever_asks_for_it_hears_what_was_found(
    store: RunStore, spoilt: tuple[str, str, str], tmp_path: Path
) -> None:
    _, bad, problem = spoilt
    feed = Feed(store)
    asks: list[Callable[[], object]] = [
        lambda: store.get(bad),
        lambda: store.control(bad, "stop"),
        lambda: feed.live(bad),
        lambda: feed.step(bad, 0),
        lambda: feed.group(bad, 0, 0),
        lambda: export(store, bad, tmp_path / "out"),
    ]
    for ask in asks:
        with pytest.raises(RunUnreadable) as caught:
            ask()
        assert isinstance(caught.value, StoreError)  # whoever handles no more than those handles it
        made = problem != str(NO_CONFIG)  # what no version writes is damaged, not another version's
        begin = (
            "The run 'bad' was made by another version of the app" if made else "The run 'bad' cannot be opened: its"
        )
        assert str(caught.value).startswith(begin)
        assert problem in str(caught.value)
        assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_it_can_be_renamed_and_deleted(store: RunStore, spoilt: tuple[str, str, str]) -> None:
    good, bad, _ = spoilt
    store.rename(bad, "worse")
    assert [x.name for x in store.runs()] == ["worse", "good"]
    store.delete(bad)
    assert [x.id for x in store.runs()] == [good]
    with pytest.raises(RunNotFound):
        store.get(bad)


def test_which_version_made_it_is_told_where_that_is_known(store: RunStore) -> None:
    run_id = store.create(CONFIG)
    spoil(store, run_id, config=stored_config(colour=1))
    assert made_by(store) == "0.9.1"
    spoil(store, run_id, config="{", versions='{"credit-lab": "0.8.0"}')
    assert made_by(store) == "0.8.0"
    for versions in ("{}", "[]", "no JSON"):
        spoil(store, run_id, versions=versions)
        assert made_by(store) is None


def test_versions_that_are_no_text_are_left_out_and_none_is_code(store: RunStore) -> None:
    run_id = store.create(CONFIG)
    breaking = '\n"""\nraise SystemExit("run")\n"""'
    spoil(store, run_id, versions=json.dumps({"torch": "2.9.1+cpu", "python": 3, "x": None, breaking: breaking}))
    run = store.get(run_id)
    assert set(run.versions) == {"torch", breaking}
    head, _, rest = snippet(run).partition("Needs this project's folder")
    assert "torch 2.9.1+cpu" in head
    assert head.count('"""') == 1
    assert ast.get_docstring(ast.parse(head + rest)) is not None
    assert not [x for x in ast.walk(ast.parse(head + rest)) if isinstance(x, ast.Raise)]


def made_by(store: RunStore) -> str | None:
    run = store.runs()[0]
    assert isinstance(run, UnreadableRun)
    return run.made_by


def test_a_dead_worker_of_another_version_is_noticed(store: RunStore) -> None:
    run_id = store.create(CONFIG)
    lifecycle.enqueue(store, run_id, ["ppo"])
    assert lifecycle.claim(store, run_id, "ppo")
    spoil(store, run_id, config="{")
    assert store.runs()[0].under_way  # this process lives
    with store.write() as c:
        c.execute(sa.text("UPDATE learners SET pid = 999999999, updated = updated - 9 WHERE name = 'ppo'"))
    run = store.runs()[0]
    assert run.learners[0].status == "failed"
    assert not run.under_way


def test_a_shipped_run_that_cannot_be_read_is_put_in_again(store: RunStore) -> None:
    import_shipped(store)
    run_id = next(iter(SHIPPED))
    config = store.get(run_id).config
    spoil(store, run_id, config="{")
    import_shipped(store)
    assert store.get(run_id).config == config


#: Bytes that are no UTF-8, stored as if they were text.
NO_TEXT = b"caf\xe9"


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("runs", "config_version", "new"),
        ("runs", "trace_version", "new"),
        ("runs", "name", b"b\xffd"),
        ("runs", "created", "yesterday"),
        ("runs", "created", 1e300),
        ("runs", "created", -1e15),
        ("learners", "preparing", "[" * 100_000),
        ("learners", "reason", b"why"),
        ("learners", "updated", "now"),
        ("learners", "status", "dancing"),
        ("runs", "id", b"\xff\x00'"),
        ("runs", "config", b"{}"),
        ("runs", "versions", b"{}"),
        ("learners", "step", "third"),
        ("learners", "pid", b"\x01"),
        ("runs", "config", NO_TEXT),
        ("runs", "name", NO_TEXT),
        ("learners", "reason", NO_TEXT),
    ],
)
def test_an_odd_value_in_a_row_makes_that_run_unreadable(
    store: RunStore, capsys: pytest.CaptureFixture[str], table: str, column: str, value: object
) -> None:
    good, bad = store.create(CONFIG, "good"), store.create(CONFIG, "bad")
    lifecycle.enqueue(store, bad, ["ppo"])
    key = {"runs": "id", "learners": "run"}[table]
    stored = "CAST(:value AS TEXT)" if value is NO_TEXT else ":value"
    with store.write() as c:
        c.execute(sa.text("PRAGMA defer_foreign_keys=ON"))
        c.execute(sa.text(f"UPDATE {table} SET {column} = {stored} WHERE {key} = :run"), {"value": value, "run": bad})
        if column == "id":
            c.execute(sa.text("UPDATE learners SET run = :value WHERE run = :run"), {"value": value, "run": bad})
            bad = "x'ff0027'"
    listed = {x.id: x for x in store.runs()}
    run = listed[bad]
    assert isinstance(run, UnreadableRun)
    assert run.damaged
    assert str(run.why) == f"what the store holds of it is damaged ({column})."
    assert str(run.problem) == f"what the store holds of it is damaged ({column})"
    assert isinstance(run.name, str)
    assert 0 <= run.created <= 2**33
    assert readable(listed.values()) == [store.get(good)]
    with pytest.raises(RunUnreadable):
        store.get(bad)
    assert main(["runs"]) == 0
    [line, why] = [x for x in capsys.readouterr().out.splitlines() if bad in x or f"({column})" in x]
    assert "  damaged   " in line
    assert line.endswith(f"  {run.name}")
    assert why == f"    what the store holds of it is damaged ({column})."
    store.rename(bad, "renamed")
    assert {x.name for x in store.runs()} == {"good", "renamed"}
    if column == "name":  # now it is a run like any other
        assert isinstance(store.get(bad), RunInfo)
        store.delete(bad)
    else:
        assert main(["delete", bad, "--yes"]) == 0
    assert [x.id for x in store.runs()] == [good]


# -- runs that can be opened, with a part that cannot be read ----------------------------------------------------------


@pytest.mark.parametrize("table", ["events", "steps"])
@pytest.mark.parametrize("stored", ['{"sampled": 0.', "[" * 100_000, b"\xff"])
def test_a_damaged_part_is_told_of_and_other_runs_are_read(store: RunStore, table: str, stored: object) -> None:
    good, bad = store.create(CONFIG, "good"), store.create(CONFIG, "bad")
    for run_id in (good, bad):
        store.append(run_id, step_trace(CONFIG, "ppo", 0))
        store.add_event(run_id, "ppo", 1, "final", {"sampled": 0.5})
    column = {"events": "value", "steps": "scalars"}[table]
    with store.write() as c:
        c.execute(sa.text(f"UPDATE {table} SET {column} = :stored WHERE run = :run"), {"stored": stored, "run": bad})
    with pytest.raises(DataUnreadable, match="is damaged"):
        Feed(store).live(bad)
    assert json.loads(Feed(store).live(good).text())["rows"]


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("events", "time", "yesterday"),
        ("events", "time", 1e300),
        ("events", "time", b"\x00"),
        ("events", "step", "third"),
        ("events", "kind", b"final"),
        ("events", "kind", NO_TEXT),
        ("events", "learner", b"\xff"),
        ("events", "config_version", "new"),
        ("steps", "step", "third"),
        ("steps", "learner", b"\xff"),
        ("steps", "scalars", NO_TEXT),
        ("steps", "prompt_hash", b"\xff"),
        ("steps", "trace_version", "new"),
    ],
)
def test_an_odd_value_in_a_part_of_a_run_is_told_of_by_its_column(
    store: RunStore, table: str, column: str, value: object
) -> None:
    good, bad = store.create(CONFIG, "good"), store.create(CONFIG, "bad")
    for run_id in (good, bad):
        store.append(run_id, step_trace(CONFIG, "ppo", 0))
        store.add_event(run_id, "ppo", 1, "final", {"sampled": 0.5})
    stored = "CAST(:value AS TEXT)" if value is NO_TEXT else ":value"
    with store.write() as c:
        c.execute(sa.text(f"UPDATE {table} SET {column} = {stored} WHERE run = :run"), {"value": value, "run": bad})
    part = {"events": "an event", "steps": "a step"}[table]
    with pytest.raises(DataUnreadable) as caught:
        Feed(store).live(bad)
    assert str(caught.value) == f"What the store holds of {part} of this run is damaged ({column})."
    assert json.loads(Feed(store).live(good).text())["rows"]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"sampled": 0.5, "greedy": 0.25}, "held-out success 0.500 sampled, 0.250 greedy"),
        ({"sampled": 0.5}, "held-out success 0.500 sampled"),
        ({"sampled": None, "greedy": 1}, "held-out success 1.000 greedy"),
        ({"sampled": "high", "greedy": True}, "held-out success not recorded"),
        ([0.5], "held-out success not recorded"),
        (None, "held-out success not recorded"),
    ],
)
def test_the_report_after_training_says_what_a_final_event_holds(
    store: RunStore, capsys: pytest.CaptureFixture[str], value: object, shown: str
) -> None:
    run = store.get(store.create(CONFIG))
    _report(run, [{"kind": "final", "learner": "ppo", "value": value}], [])
    assert capsys.readouterr().out.splitlines()[0] == f"ppo: queued after 0 of 3 steps; {shown}"


def test_progress_is_shown_of_steps_without_a_success_too(store: RunStore) -> None:
    run_id = store.create(CONFIG)
    trace = step_trace(CONFIG, "ppo", 0)
    store.append(run_id, replace(trace, scalars={**trace.scalars, "success_rate": None}))
    for name in ("ppo", "grpo"):
        lifecycle.mark(store, run_id, name, "finished")
    _follow(store, run_id, CONFIG)


def test_a_step_of_a_newer_version_is_refused_in_a_run_of_this_one(store: RunStore) -> None:
    run_id = store.create(CONFIG)
    store.append(run_id, step_trace(CONFIG, "ppo", 0))
    with store.write() as c:
        c.execute(steps.update().values(trace_version=99))
    reads: list[Callable[[], object]] = [
        lambda: store.rows_since(run_id, 0),
        lambda: store.scalars(run_id, "ppo", 0),
        lambda: list(store.learner_steps(run_id, "ppo")),
    ]
    for read in reads:
        with pytest.raises(DataUnreadable, match="its steps are of version 99"):
            read()


# -- the command line --------------------------------------------------------------------------------------------------


def test_runs_lists_it_with_what_was_found(
    store: RunStore, spoilt: tuple[str, str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad, problem = spoilt
    assert main(["runs"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(bad)
    assert "ppo 1/3, grpo 0/3  bad" in lines[0]
    assert lines[1].startswith(
        "    its settings" if problem == str(NO_CONFIG) else "    made by another version of the app"
    )
    assert problem in lines[1]
    assert lines[2].startswith(good)


def test_export_and_save_of_it_are_a_sentence(
    store: RunStore, spoilt: tuple[str, str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for asked in (["export", spoilt[1], "--out", str(tmp_path / "out")], ["save", spoilt[1]]):
        assert main(asked) == 2
        output = capsys.readouterr().err
        assert spoilt[2] in output
        assert "Traceback" not in output


def test_delete_takes_several_ids_and_asks_nothing_with_yes(
    store: RunStore, spoilt: tuple[str, str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad, _ = spoilt
    kept = store.create(CONFIG, "kept")
    assert main(["delete", good[:8], bad, bad, "--yes"]) == 0
    assert capsys.readouterr().out.splitlines() == [f"deleted {good}  good", f"deleted {bad}  bad"]
    assert [x.id for x in store.runs()] == [kept]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("yes\n", 0), ("n\n", 1), ("\n", 1), ("", 1)])
def test_delete_asks_on_a_terminal(
    store: RunStore, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: str, code: int
) -> None:
    run_id = store.create(CONFIG, "mine")
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    assert main(["delete", run_id]) == code
    output = capsys.readouterr().out
    assert f"{run_id}  mine" in output
    assert "cannot be undone" in output
    assert [x.id for x in store.runs()] == ([] if code == 0 else [run_id])


def test_delete_refuses_before_anything_is_gone(
    store: RunStore, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import_shipped(store)
    done, working, waiting = (store.create(CONFIG, x) for x in ("done", "working", "waiting"))
    for run_id in (working, waiting):
        lifecycle.enqueue(store, run_id, ["ppo"])
    assert lifecycle.claim(store, working, "ppo")
    for asked, sentence in (
        ([done, working], "The run 'working' is under way: stop it first"),
        ([done, waiting], "The run 'waiting' is under way: stop it first"),
        ([done, next(iter(SHIPPED))], "is part of the app and cannot be deleted"),
        ([done, "nothing"], "no run whose id begins with 'nothing'"),
        ([done, ""], "runs' ids begin with ''"),
    ):
        assert main(["delete", *asked, "--yes"]) == 2
        assert sentence in capsys.readouterr().err
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert main(["delete", done]) == 2
    assert "give --yes" in capsys.readouterr().err
    assert {done, working, waiting} <= {x.id for x in store.runs()}
    lifecycle.mark(store, working, "ppo", "stopped")
    assert main(["delete", working, "--yes"]) == 0


def test_delete_takes_what_is_under_way_and_cannot_be_opened(store: RunStore) -> None:
    run_id = store.create(CONFIG, "working")
    lifecycle.enqueue(store, run_id, ["ppo"])
    assert lifecycle.claim(store, run_id, "ppo")
    spoil(store, run_id, config="{")
    assert main(["delete", run_id, "--yes"]) == 0, "nothing else could end it"
    assert store.runs() == []
