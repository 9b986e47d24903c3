"""The store: what goes in comes out, cursors only grow, and everything that can go wrong is one sentence."""

from __future__ import annotations

import dataclasses
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
import sqlalchemy as sa

from core.config import RunConfig
from core.errors import ConfigError, verbatim
from core.runs import lifecycle
from core.runs.processes import is_alive, start_time
from core.runs.records import LearnerInfo, Status, overall
from core.runs.store import Control, RunNotFound, RunStore, StoreError
from core.runs.tables import blobs, learners
from core.training.trace import STEPS
from tests.helpers import step_trace, step_traces

CONFIG = RunConfig(steps=8, num_generations=4)


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(home=tmp_path / "home", url=f"sqlite:///{tmp_path / 'home' / 'runs.sqlite'}")


def file_of(store: RunStore) -> Path:
    return Path(store.place)


def on_connect(store: RunStore, pragma: str) -> None:
    """Every connection of the store from now on begins with `pragma`."""
    store.close()
    sa.event.listen(store._writer, "connect", lambda connection, _: connection.execute(f"PRAGMA {pragma}"))


# -- what goes in comes out --------------------------------------------------------------------------------------------


def test_a_run_reads_as_it_was_created(store: RunStore) -> None:
    run_id = store.create(CONFIG, "  my \n run ")
    info = store.get(run_id)
    assert (info.id, info.name, info.config, info.status, info.recorded) == (run_id, "my run", CONFIG, "queued", False)
    assert [(x.name, x.algorithm, x.step, x.steps) for x in info.learners] == [
        ("ppo", "ppo", -1, 8),
        ("grpo", "grpo", -1, 8),
    ]
    assert len(run_id) >= 20
    assert run_id[0].isalnum()  # no command line takes it for an option


def test_rows_come_in_the_order_of_commits_and_only_once(store: RunStore) -> None:
    run_id = store.create(CONFIG)
    other = store.create(CONFIG)
    for trace in step_traces(CONFIG, 2):
        store.append(run_id, trace)
        store.append(other, trace)
    rows, cursor = store.rows_since(run_id, 0)
    assert [(x["learner"], x["step"]) for x in rows] == [("ppo", 0), ("grpo", 0), ("ppo", 1), ("grpo", 1)]
    assert set(rows[0]) == {*STEPS.names, "prompt_hash"}
    assert rows[2]["reward"] == step_trace(CONFIG, "ppo", 1).scalars["reward"]
    assert rows[1]["value_loss"] is None
    assert store.rows_since(run_id, cursor) == ([], cursor)


def test_another_process_sees_a_step_as_soon_as_it_is_committed(store: RunStore) -> None:
    run_id = store.create(CONFIG)
    viewer = RunStore(store.url, home=store.home)
    assert viewer.rows_since(run_id, 0) == ([], 0)
    store.append(run_id, step_trace(CONFIG, "ppo", 0))
    assert len(viewer.rows_since(run_id, 0)[0]) == 1
    assert viewer.get(run_id).learners[0].step == 0


def test_tables_come_back_equal(store: RunStore) -> None:
    run_id, trace = store.create(CONFIG), step_trace(CONFIG, "grpo", 3, hostile=True)
    store.append(run_id, trace)
    assert store.samples(run_id, "grpo", 3).equals(trace.samples)
    assert store.tokens(run_id, "grpo", 3).equals(trace.tokens)


def test_a_step_made_again_takes_the_old_ones_place_under_a_new_cursor(store: RunStore) -> None:
    run_id = store.create(CONFIG)
    first = dataclasses.replace(step_trace(CONFIG, "ppo", 0), events=[{"kind": "drift", "value": 1.0}])
    store.append(run_id, first)
    _, before = store.rows_since(run_id, 0)
    store.append(run_id, dataclasses.replace(first, scalars={**first.scalars, "reward": 0.125}))
    rows, after = store.rows_since(run_id, before)
    assert [x["reward"] for x in rows] == [0.125]
    assert after > before
    assert len(store.rows_since(run_id, 0)[0]) == 1
    assert len(store.events(run_id)) == 1


def test_a_number_that_is_not_finite_reads_as_none_in_the_live_rows(store: RunStore) -> None:
    run_id, trace = store.create(CONFIG), step_trace(CONFIG, "ppo", 0)
    odd = {**trace.scalars, "kl": float("nan"), "entropy": float("-inf")}
    store.append(run_id, dataclasses.replace(trace, scalars=odd))
    row = store.rows_since(run_id, 0)[0][0]
    assert row["kl"] is None
    assert row["entropy"] is None


def test_a_table_that_breaks_the_contract_is_refused(store: RunStore) -> None:
    run_id, trace = store.create(CONFIG), step_trace(CONFIG, "ppo", 0)
    wrong = trace.tokens.set_column(13, "kl_k2", trace.tokens["kl_k2"].cast(pa.float64()))
    with pytest.raises(ValueError, match="kl_k2"):
        store.append(run_id, dataclasses.replace(trace, tokens=wrong))
    assert store.rows_since(run_id, 0)[0] == []


def test_runs_are_listed_newest_first_renamed_and_deleted_with_all_they_had(store: RunStore) -> None:
    old, new = store.create(CONFIG, "old"), store.create(CONFIG, "new")
    for run_id in (old, new):
        store.append(run_id, step_trace(CONFIG, "ppo", 0))
        (store.home / "checkpoints" / run_id).mkdir(parents=True)
    assert [x.name for x in store.runs()] == ["new", "old"]
    store.rename(new, "newer")
    store.delete(old)
    assert [x.name for x in store.runs()] == ["newer"]
    assert [x.name for x in (store.home / "checkpoints").iterdir()] == [new]
    with store.read() as c:
        assert c.execute(sa.select(sa.func.count()).select_from(blobs)).scalar() == 1
    for name in ("", " \n", "x" * 201):
        with pytest.raises(ConfigError, match="1 to 200 characters"):
            store.rename(new, name)


def test_whoever_names_no_run_hears_so(store: RunStore) -> None:
    asks: list[Callable[[], object]] = [
        lambda: store.get("nope"),
        lambda: store.rename("nope", "x"),
        lambda: store.delete("nope"),
        lambda: store.append("nope", step_trace(CONFIG, "ppo", 0)),
        lambda: store.control("nope", "stop"),
        lambda: store.samples("nope", "ppo", 0),
    ]
    for ask in asks:
        with pytest.raises(RunNotFound, match="nope"):
            ask()


# -- controls ----------------------------------------------------------------------------------------------------------


def test_a_control_reaches_every_learner_once_or_the_one_that_is_named(store: RunStore) -> None:
    run_id = store.create(CONFIG)
    store.control(run_id, "pause")
    store.control(run_id, "step", learner="ppo")
    assert store.take_controls(run_id, "ppo") == [Control("pause"), Control("step")]
    assert store.take_controls(run_id, "ppo") == []
    assert store.take_controls(run_id, "grpo") == [Control("pause")]


def test_a_change_reaches_those_whom_it_concerns(store: RunStore) -> None:
    run_id = store.create(CONFIG)
    store.control(run_id, "change", {"epsilon": 0.1, "ppo.lam": 1, "gamma": 0.9, "steps": 9})
    assert store.take_controls(run_id, "ppo")[0].value == {"epsilon": 0.1, "ppo.lam": 1, "gamma": 0.9, "steps": 9}
    assert store.take_controls(run_id, "grpo")[0].value == {"epsilon": 0.1, "steps": 9}
    store.control(run_id, "change", {"ppo.gamma": 0.5})
    assert store.take_controls(run_id, "grpo") == []


def test_a_change_that_cannot_be_is_refused_before_any_worker_hears_of_it(store: RunStore) -> None:
    run_id = store.create(CONFIG)
    for wrong, sentence in (({"epsilom": 1}, "did you mean epsilon"), ({"epsilon": 2}, "less than 1")):
        with pytest.raises(ConfigError, match=sentence):
            store.control(run_id, "change", wrong)
    with pytest.raises(ConfigError, match="no learner called 'kto'"):
        store.control(run_id, "pause", learner="kto")
    with pytest.raises(ValueError, match="pause, resume"):
        store.control(run_id, "explode")
    assert store.take_controls(run_id, "ppo") == []


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("dance", "null"), (b"stop", "null"), ("stop", "{"), ("stop", "[" * 100_000), ("stop", '"now"'),
        ("stop", b"\xff"), ("pause", "true"), ("step", "NaN"), ("step", "9" * 5000), ("change", "null"),
        ("change", "[1]"),
    ],
)  # fmt: skip
def test_what_is_damaged_among_the_controls_is_left_aside_with_a_warning(
    store: RunStore, kind: object, value: object
) -> None:
    run_id = store.create(CONFIG)
    store.control(run_id, "pause")
    with store.write() as c:
        row = {"run": run_id, "kind": kind, "value": value}
        c.execute(sa.text("INSERT INTO controls (run, learner, kind, value) VALUES (:run, 'ppo', :kind, :value)"), row)
    store.control(run_id, "step", learner="ppo")
    assert store.take_controls(run_id, "ppo") == [Control("pause"), Control("step")]
    assert store.take_controls(run_id, "ppo") == []
    ppo, grpo = store.get(run_id).learners
    assert "is damaged in the store, and was left aside" in str(ppo.warning)
    assert grpo.warning is None


def test_a_learner_that_is_over_hears_nothing_and_a_waiting_one_stops_at_once(store: RunStore) -> None:
    run_id = store.create(CONFIG)
    lifecycle.mark(store, run_id, "ppo", "finished")
    store.control(run_id, "stop")
    assert [x.status for x in store.get(run_id).learners] == ["finished", "stopped"]
    store.control(run_id, "pause")
    assert store.take_controls(run_id, "ppo") == store.take_controls(run_id, "grpo") == []


@pytest.mark.parametrize(
    ("states", "run"),
    [
        ("finished running", "running"),
        ("paused running", "running"),
        ("paused finished", "paused"),
        ("failed running", "failed"),
        ("stopped finished", "stopped"),
        ("finished finished", "finished"),
        ("queued stopped", "queued"),
    ],
)
def test_a_runs_state_follows_from_its_learners(states: str, run: Status) -> None:
    def learner(status: str) -> LearnerInfo:
        reason = verbatim(f"{status} for a reason") if status == "failed" else None
        return LearnerInfo(status, "ppo", status, reason, 0, 9, None, None, None, 0.0, None)  # type: ignore[arg-type]

    status, reason = overall([learner(x) for x in states.split()])
    assert status == run
    assert (reason and str(reason)) == ("failed for a reason" if run == "failed" else None)


# -- workers that died without a word ----------------------------------------------------------------------------------


def leave_behind(store: RunStore, run_id: str, status: str, pid: int, started: str | None, silent_s: float) -> None:
    """Makes the PPO learner's row look as a process left it."""
    lifecycle.enqueue(store, run_id, ["ppo"])
    with store.write() as c:
        old = learners.c.updated - silent_s
        c.execute(
            learners.update()
            .filter_by(run=run_id, name="ppo")
            .values(status=status, pid=pid, pid_started=started, updated=old)
        )


def ended_process() -> tuple[int, str | None]:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    started = start_time(process.pid)
    assert is_alive(process.pid, started)
    process.communicate(b"\n")
    return process.pid, started


def test_a_running_learner_without_a_process_reads_failed(store: RunStore) -> None:
    run_id, (pid, started) = store.create(CONFIG), ended_process()
    leave_behind(store, run_id, "running", pid, started, silent_s=4)
    info = store.get(run_id)
    assert info.status == "failed"
    assert "worker process is gone" in str(info.reason)
    assert RunStore(store.url, home=store.home).runs()[0].status == "failed"


def test_a_process_number_given_out_again_does_not_count(store: RunStore) -> None:
    run_id, process = store.create(CONFIG), subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        leave_behind(store, run_id, "paused", process.pid, "long ago", silent_s=4)
        assert store.get(run_id).status == "failed"
        leave_behind(store, run_id, "paused", process.pid, start_time(process.pid), silent_s=4)
        assert store.get(run_id).learners[0].status == "paused"
    finally:
        process.communicate(b"\n")


def test_a_silence_shorter_than_three_seconds_is_no_death(store: RunStore) -> None:
    run_id, (pid, started) = store.create(CONFIG), ended_process()
    leave_behind(store, run_id, "running", pid, started, silent_s=1)
    assert store.get(run_id).learners[0].status == "running"


def test_a_learner_whose_app_is_gone_no_longer_waits(store: RunStore) -> None:
    run_id, (pid, started) = store.create(CONFIG), ended_process()
    leave_behind(store, run_id, "queued", pid, started, silent_s=4)
    learner = store.get(run_id).learners[0]
    assert learner.status == "stopped"
    assert "app was closed" in str(learner.reason)


# -- what can go wrong -------------------------------------------------------------------------------------------------


def test_a_full_disk_is_a_sentence_and_all_before_stays_readable(store: RunStore) -> None:
    run_id, made = store.create(CONFIG), 0
    pages = sqlite3.connect(file_of(store)).execute("PRAGMA page_count").fetchone()[0]
    on_connect(store, f"max_page_count={pages + 40}")

    def fill() -> None:
        nonlocal made
        for made in range(100):
            store.append(run_id, step_trace(CONFIG, "ppo", made))

    with pytest.raises(StoreError, match="disk is full"):
        fill()
    assert 0 < made < 99
    assert [x["step"] for x in store.rows_since(run_id, 0)[0]] == list(range(made))
    assert store.tokens(run_id, "ppo", made - 1).num_rows
    on_connect(store, "max_page_count=100000")
    store.append(run_id, step_trace(CONFIG, "ppo", made))
    assert store.get(run_id).learners[0].step == made


def test_a_dead_worker_is_told_of_even_where_the_disk_is_full(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id, (pid, started) = store.create(CONFIG), ended_process()
    leave_behind(store, run_id, "running", pid, started, silent_s=4)
    on_connect(store, "query_only=ON")
    assert store.get(run_id).status == "failed"


@pytest.mark.parametrize("damage", ["not a database", "overwritten pages"])
def test_a_damaged_file_is_a_sentence_is_left_alone_and_can_be_moved_away(store: RunStore, damage: str) -> None:
    run_id = store.create(CONFIG)
    store.append(run_id, step_trace(CONFIG, "ppo", 0))
    store.close()
    file = file_of(store)
    whole = file.read_bytes()
    file.write_bytes(
        b"this is no database, whatever it is called " * 200
        if damage == "not a database"
        else whole[:4096] + b"\x5a" * (len(whole) - 4096)
    )
    broken, again = file.read_bytes(), RunStore(store.url, home=store.home)
    with pytest.raises(StoreError, match="is damaged and cannot be read") as caught:
        again.runs()
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert file.read_bytes() == broken
    again.close()
    file.rename(file.with_suffix(".old"))
    for rest in ("-wal", "-shm"):
        Path(f"{file}{rest}").unlink(missing_ok=True)
    fresh = RunStore(store.url, home=store.home)
    assert fresh.runs() == []


def test_a_locked_store_is_a_sentence_and_works_again_afterwards(store: RunStore) -> None:
    run_id = store.create(CONFIG)
    on_connect(store, "busy_timeout=50")
    other = sqlite3.connect(file_of(store), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked by another program"):
        store.rename(run_id, "x")
    assert store.get(run_id).status == "queued"  # reading goes on
    other.execute("ROLLBACK")
    store.rename(run_id, "x")
    assert store.get(run_id).name == "x"


def test_a_folder_that_cannot_be_made_and_an_address_that_cannot_be_are_sentences(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="folder of the store"):
        RunStore(f"sqlite:///{tmp_path}/file/runs.sqlite").runs()
    with pytest.raises(StoreError, match="cannot be opened"):
        RunStore(f"sqlite:///{tmp_path}").runs()
    with pytest.raises(StoreError, match="address cannot be used"):
        RunStore("nosuch://place/runs")


def test_the_data_folder_and_the_database_follow_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDIT_LAB_HOME", str(tmp_path / "there"))
    monkeypatch.delenv("CREDIT_LAB_DATABASE_URL", raising=False)
    assert file_of(RunStore()).parent == tmp_path / "there"
    monkeypatch.setenv("CREDIT_LAB_DATABASE_URL", f"sqlite:///{tmp_path}/elsewhere.sqlite")
    assert file_of(RunStore()) == tmp_path / "elsewhere.sqlite"


def test_what_pages_import_brings_in_neither_streamlit_nor_torch() -> None:
    names = ("runs.store", "runs.export", "runs.recorded", "runs.feed", "workers.launcher", "cli")
    imports = "; ".join(f"import core.{name}" for name in names)
    code = f"import sys; {imports}; print([x for x in ('torch', 'streamlit') if x in sys.modules])"
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    assert answer.stdout.strip() == "[]"


def test_nothing_in_core_imports_streamlit() -> None:
    import ast

    files = list((Path(__file__).parents[2] / "core").rglob("*.py"))
    assert len(files) > 30
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            modules = [x.name for x in node.names] if isinstance(node, ast.Import) else []
            modules += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
            assert not [x for x in modules if x.split(".")[0] in ("streamlit", "lessons")], file
