"""Real workers whose store is locked or restarted go on; where they cannot, all of a run end, and say why."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.runs import lifecycle
from core.runs.store import RunStore
from core.workers import launcher as launching
from core.workers.child import STORE_LOST
from core.workers.launcher import LocalLauncher
from tests.runs.postgres import running
from tests.waiting import until
from tests.workers.test_worker import ENDLESS, SMALL, straight, tokens_file

pytestmark = pytest.mark.usefixtures("warm_python")

#: What hangs is noticed; on a machine with ten processes a core, workers need a minute to come to their first step.
HANGS_S = 240.0
LONGER = SMALL.model_copy(update={"steps": 12})


@pytest.fixture
def launcher(tmp_path: Path) -> Iterator[LocalLauncher]:
    made = LocalLauncher(RunStore(f"sqlite:///{tmp_path / 'runs.sqlite'}", home=tmp_path), limit=1)
    made.warm()
    yield made
    made.close()


@pytest.fixture
def both_waited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], bool]:
    """Workers do not wait in SQLite itself, and note where they find their store busy (tests/workers/impatient.py).

    Whether both of a run's learners have, and again after a pause.
    """
    notes, popen = tmp_path / "busy", subprocess.Popen

    def started(command: list[Any], **kwargs: Any) -> subprocess.Popen[bytes]:
        if command[-1] == "core.workers.fork_server":
            command = [*command[:-1], "tests.workers.impatient", notes]
        return popen(command, **kwargs)

    monkeypatch.setattr("core.workers.launcher.subprocess.Popen", started)
    return lambda: notes.exists() and sum(n > 1 for n in Counter(notes.read_text().split()).values()) > 1


def both_made(store: RunStore, run_id: str, step: int) -> bool:
    return min(x.step for x in store.get(run_id).learners) >= step


def test_a_file_locked_for_longer_than_sqlite_waits_holds_both_up_and_changes_nothing(
    both_waited: Callable[[], bool], launcher: LocalLauncher, tmp_path: Path
) -> None:
    store, run_id = launcher.store, launcher.store.create(LONGER)
    launcher.start(run_id)
    until(lambda: both_made(store, run_id, 0), HANGS_S)
    other = sqlite3.connect(store.place, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    before = [x.step for x in store.get(run_id).learners]
    until(both_waited, HANGS_S)
    assert max(x.step for x in store.get(run_id).learners) <= max(before) + 1  # it was really in the way
    other.execute("COMMIT")
    until(lambda: store.get(run_id).status == "finished", HANGS_S)
    assert [x.reason for x in store.get(run_id).learners] == [None, None]
    assert tokens_file(store, run_id, tmp_path / "a") == straight(LONGER, "ppo", "grpo")


def test_a_restarted_postgresql_holds_both_up_and_changes_nothing(
    both_waited: Callable[[], bool], tmp_path: Path
) -> None:
    with running() as server:
        store = RunStore(server.url, home=tmp_path)
        launcher, run_id = LocalLauncher(store, limit=1), store.create(LONGER)
        launcher.start(run_id)
        try:
            until(lambda: both_made(store, run_id, 0), HANGS_S)
            server.stop("fast")
            until(both_waited, HANGS_S)
            server.start()
            until(lambda: not store.get(run_id).active, HANGS_S)
        finally:
            launcher.close()
        assert [(x.status, x.reason) for x in store.get(run_id).learners] == [("finished", None)] * 2
        assert tokens_file(store, run_id, tmp_path / "a") == straight(LONGER, "ppo", "grpo")
        store.close()


def test_a_worker_that_lost_its_store_is_written_down_once_it_is_back_and_its_sibling_stops_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("core.runs.tables.LOCK_TIMEOUT_S", 0)
    monkeypatch.setattr(launching, "WORKERS_S", 0.2)
    monkeypatch.setattr(launching, "AGAIN_S", 0.2)
    store = RunStore(f"sqlite:///{tmp_path / 'runs.sqlite'}", home=tmp_path)
    launcher, run_id = LocalLauncher(store, limit=1), store.create(SMALL)
    lifecycle.enqueue(store, run_id, ["ppo", "grpo"])
    for learner in ("ppo", "grpo"):
        assert lifecycle.claim(store, run_id, learner)
    other = sqlite3.connect(store.place, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    launcher._ended(run_id, "ppo", os.getpid(), STORE_LOST)
    until(lambda: "cannot be written down yet" in caplog.text)
    assert store.get(run_id).learners[0].status == "running"
    other.execute("COMMIT")
    until(lambda: store.get(run_id).status == "failed")
    assert "was locked or did not answer for more than a minute" in str(store.get(run_id).learners[0].reason)
    until(lambda: store.shall_stop(run_id, "grpo"))
    launcher.close()


def test_where_the_fork_server_is_killed_workers_stop_and_say_that_and_resume_goes_on(launcher: LocalLauncher) -> None:
    store, run_id = launcher.store, launcher.store.create(ENDLESS)
    launcher.start(run_id)
    until(lambda: both_made(store, run_id, 0), HANGS_S)
    server = launcher._fork_server
    assert server is not None
    os.kill(server.pid, signal.SIGKILL)
    until(lambda: not store.get(run_id).active, HANGS_S)
    for learner in store.get(run_id).learners:
        assert learner.status == "stopped"
        assert str(learner.reason).startswith("The process that starts workers was ended.")
    made = [x.step for x in store.get(run_id).learners]
    launcher.resume(run_id)
    until(lambda: both_made(store, run_id, max(made) + 1), HANGS_S)
