"""A store that is locked, or whose database is being restarted, is waited for; on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from core.config import RunConfig
from core.runs import lifecycle, patience
from core.runs.errors import StoreBusy, StoreError
from core.runs.keeping import bytes_used
from core.runs.store import Control, RunStore
from core.runs.tables import events, learners, runs
from tests.helpers import step_trace
from tests.runs.postgres import Postgres, running

CONFIG = RunConfig(steps=8, num_generations=4)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunStore:
    monkeypatch.setattr("core.runs.tables.LOCK_TIMEOUT_S", 0)  # SQLite's own; here what comes on top is looked at
    return RunStore(f"sqlite:///{tmp_path / 'runs.sqlite'}", home=tmp_path)


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with running() as started:
        yield started


@pytest.fixture
def postgres(server: Postgres, tmp_path: Path) -> Iterator[RunStore]:
    store = RunStore(server.url, home=tmp_path)
    yield store
    store.close()


def waits(action: Callable[[], Any], free: Callable[[], None], after_s: float = 1.0) -> bool:
    """Does it while something is in the way that `free` takes away; returns whether it was done only after that."""
    is_free = threading.Event()

    def take_away() -> None:
        is_free.set()
        free()

    timer = threading.Timer(after_s, take_away)
    timer.start()
    try:
        action()
        return is_free.is_set()
    finally:
        timer.join()


# -- SQLite ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lock", ["IMMEDIATE", "EXCLUSIVE"])
def test_who_is_patient_waits_for_a_locked_file_and_who_is_not_says_so(store: RunStore, lock: str) -> None:
    run_id = store.create(CONFIG)
    lifecycle.enqueue(store, run_id, ["ppo", "grpo"])
    other = sqlite3.connect(store.place, isolation_level=None, check_same_thread=False)
    if lock == "EXCLUSIVE":  # as a backup or VACUUM: not even readers get in
        store.close()
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
    other.execute(f"BEGIN {lock}")
    other.execute("UPDATE runs SET name = name")
    with pytest.raises(StoreBusy, match="is locked by another program"):
        store.append(run_id, step_trace(CONFIG, "ppo", 0))
    patient = store.patient(30)

    def free() -> None:
        other.execute("COMMIT")
        other.close()

    assert waits(lambda: patient.append(run_id, step_trace(CONFIG, "ppo", 0)), free)
    assert len(store.rows_since(run_id, 0)[0]) == 1


@pytest.mark.parametrize("what", ["mark", "claim", "event", "controls", "get", "beat"])
def test_whatever_a_worker_does_waits(store: RunStore, what: str) -> None:
    run_id = store.create(CONFIG)
    lifecycle.enqueue(store, run_id, ["ppo"])
    store.control(run_id, "pause", None, "ppo")
    patient = store.patient(30)
    actions: dict[str, Callable[[], Any]] = {
        "mark": lambda: lifecycle.mark(patient, run_id, "ppo", "paused"),
        "claim": lambda: lifecycle.claim(patient, run_id, "ppo"),
        "event": lambda: patient.add_event(run_id, "ppo", 0, "start"),
        "controls": lambda: patient.take_controls(run_id, "ppo"),
        "get": lambda: patient.get(run_id),
        "beat": lambda: lifecycle.beat(patient, run_id, "ppo"),
    }
    store.close()
    other = sqlite3.connect(store.place, isolation_level=None, check_same_thread=False)
    other.execute("PRAGMA locking_mode=EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    other.execute("UPDATE runs SET name = name")
    assert waits(actions[what], other.close, 0.5)


def test_patience_ends(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = store.create(CONFIG)
    other = sqlite3.connect(store.place, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    slept: list[float] = []
    monkeypatch.setattr(patience, "time", SimpleNamespace(monotonic=lambda: sum(slept), sleep=slept.append))
    with pytest.raises(StoreBusy, match="locked"):
        lifecycle.mark(store.patient(1), run_id, "ppo", "paused")
    assert slept == [0.1, 0.2, 0.4]  # 0.8 s more would have been too long


def test_what_waiting_does_not_mend_is_not_waited_for(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.create(CONFIG)
    store.close()
    Path(store.place).write_bytes(b"this is no database, whatever it is called" * 200)
    monkeypatch.setattr(patience.time, "sleep", lambda _: pytest.fail("it waited"))
    with pytest.raises(StoreError, match="damaged"):
        store.patient(30).runs()


def test_pauses_grow_and_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    now = [0.0]

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    monkeypatch.setattr(patience.time, "sleep", sleep)
    monkeypatch.setattr(patience.time, "monotonic", lambda: now[0])

    class Locked:
        patience_s = patience.WORKERS_S

    @patience.again
    def never(_: Locked) -> None:
        raise StoreBusy("The store at {place} is locked.", place="x")

    with pytest.raises(StoreBusy):
        never(Locked())
    assert slept[:5] == [0.1, 0.2, 0.4, 0.8, 1.6]
    assert max(slept) == 2.0
    assert 55 < sum(slept) <= 60


def test_an_event_or_a_claim_whose_commit_was_not_confirmed_counts_once(store: RunStore) -> None:
    run_id = store.create(CONFIG)
    event = {"run": run_id, "learner": "ppo", "step": 0, "kind": "start", "time": 5.0}
    store._add_event(event, {"x": 1})
    store._add_event(event, {"x": 1})
    assert len(store.events(run_id)) == 1
    lifecycle.enqueue(store, run_id, ["ppo"])
    assert lifecycle.claim(store, run_id, "ppo")
    assert lifecycle.claim(store, run_id, "ppo")  # the same process: it did not hear that it has it
    with store.write() as c:
        c.execute(learners.update().values(pid=1))
    assert not lifecycle.claim(store, run_id, "ppo")


# -- PostgreSQL --------------------------------------------------------------------------------------------------------


def test_a_store_on_postgresql_gives_back_what_it_was_given(postgres: RunStore) -> None:
    run_id, other = postgres.create(CONFIG, "on PostgreSQL"), postgres.create(CONFIG, "beside it")
    for step in range(2):
        for learner in ("ppo", "grpo"):
            postgres.append(run_id, step_trace(CONFIG, learner, step, hostile=True))
    postgres.append(run_id, step_trace(CONFIG, "ppo", 1, seed=1))  # made again
    rows, cursor = postgres.rows_since(run_id, 0)
    assert [(x["learner"], x["step"]) for x in rows] == [("ppo", 0), ("grpo", 0), ("grpo", 1), ("ppo", 1)]
    assert postgres.rows_since(run_id, cursor) == ([], cursor)
    trace = step_trace(CONFIG, "ppo", 1, seed=1)
    assert postgres.tokens(run_id, "ppo", 1).equals(trace.tokens)
    assert postgres.samples(run_id, "ppo", 1).equals(trace.samples)
    lifecycle.enqueue(postgres, run_id, ["ppo", "grpo"])
    postgres.control(run_id, "pause")
    postgres.add_event(run_id, "ppo", 1, "start")
    assert postgres.take_controls(run_id, "ppo") == [Control("pause")]
    assert not postgres.shall_stop(run_id, "ppo")
    postgres.control(run_id, "stop", None, "ppo")
    lifecycle.forget_future(postgres, run_id, "ppo", 1, changes=True)
    assert [x["step"] for x in postgres.rows_since(run_id, 0)[0] if x["learner"] == "ppo"] == [0]
    assert bytes_used(postgres) > 100_000
    postgres.check_writable()
    postgres.delete(run_id)
    assert [x.id for x in postgres.runs()] == [other]
    with postgres.read() as c:
        assert c.execute(sa.select(sa.func.count()).select_from(events)).scalar() == 0
    postgres.delete(other)


def test_two_processes_that_open_an_empty_database_make_its_tables_once(server: Postgres, tmp_path: Path) -> None:
    plain = sa.create_engine(server.url, isolation_level="AUTOCOMMIT")
    with plain.connect() as c:
        c.execute(sa.text("CREATE DATABASE empty"))
    stores = [RunStore(server.url.replace("/postgres", "/empty"), home=tmp_path) for _ in range(4)]
    threads = [threading.Thread(target=x.runs) for x in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stores[0].runs() == []
    for store in stores:
        store.close()
    plain.dispose()


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_database_that_is_restarted_is_waited_for(server: Postgres, postgres: RunStore, mode: str) -> None:
    run_id = postgres.create(CONFIG)
    patient = postgres.patient(30)
    server.stop(mode)
    with pytest.raises(StoreBusy, match="The database postgres is locked or does not answer"):
        postgres.get(run_id)
    assert waits(lambda: patient.append(run_id, step_trace(CONFIG, "ppo", 0)), server.start)
    assert postgres.get(run_id).learners[0].step == 0  # the connections of before are gone, and were made anew
    postgres.delete(run_id)


def test_a_restart_in_the_middle_of_a_transaction_repeats_all_of_it(server: Postgres, postgres: RunStore) -> None:
    run_id, cut = postgres.create(CONFIG), []

    @patience.again
    def rename(store: RunStore) -> None:
        with store.write() as c:
            c.execute(runs.update().values(name="half"))
            if not cut:
                cut.append(True)
                server.stop("fast")
                server.start()
            c.execute(runs.update().values(name=runs.c.name + " and whole"))

    rename(postgres.patient(30))
    assert postgres.get(run_id).name == "half and whole"
    postgres.delete(run_id)


def test_a_row_that_is_locked_is_said_and_waited_for(
    server: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.runs.tables.LOCK_TIMEOUT_S", 1)
    store = RunStore(server.url, home=tmp_path)
    run_id = store.create(CONFIG)
    other = sa.create_engine(server.url).connect()
    other.execute(sa.select(runs.c.id).with_for_update())
    with pytest.raises(StoreBusy, match="is locked or does not answer"):
        store.rename(run_id, "x")
    assert store.get(run_id).status == "queued"  # readers do not wait
    assert waits(lambda: store.patient(30).append(run_id, step_trace(CONFIG, "ppo", 0)), other.close)
    store.delete(run_id)
    store.close()


def test_readers_see_one_moment(postgres: RunStore) -> None:
    """A run that another process makes between a reader's two statements is in both or in none."""
    with postgres.read() as c:
        before = c.execute(sa.select(sa.func.count()).select_from(runs)).scalar()
        run_id = postgres.create(CONFIG)
        assert c.execute(sa.select(sa.func.count()).select_from(runs)).scalar() == before
        assert c.execute(sa.select(learners.c.name).filter_by(run=run_id)).first() is None
    postgres.delete(run_id)


def test_who_may_not_in_is_told_no_password(server: Postgres, tmp_path: Path) -> None:
    wrong = server.url.replace("tester@", "tester:secret@").replace("/postgres", "/nosuch")
    with pytest.raises(StoreError) as caught:
        RunStore(wrong, home=tmp_path).runs()
    assert "secret" not in str(caught.value)
    assert "127.0.0.1" not in str(caught.value)
