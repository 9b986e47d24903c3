"""A store that cannot be written is shown all the same, as a copy that nobody can write either."""

from __future__ import annotations

import errno
import io
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core.runs import read_only
from core.runs.errors import StoreBusy, StoreError, StoreReadOnly
from core.runs.export import export
from core.runs.read_only import open_store
from core.runs.recorded import SHIPPED
from core.runs.store import RunStore
from tests.lessons.conftest import make_run

NOBODY = 65534


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder as the environment names it, with a run; outside of pytest's, which is root's alone."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    monkeypatch.setenv("CREDIT_LAB_HOME", str(folder / "home"))
    monkeypatch.delenv("CREDIT_LAB_DATABASE_URL", raising=False)
    store = RunStore()
    recorded = make_run(store, name="recorded")
    for run_id in list(SHIPPED):  # smaller than those that come with the app
        monkeypatch.setitem(SHIPPED, run_id, folder / "recorded")
    export(store, recorded, folder / "recorded")
    store.delete(recorded)
    make_run(store, name="my own")
    store.close()
    yield folder / "home"
    shutil.rmtree(folder)


@pytest.fixture
def somebody() -> Iterator[None]:
    """Not root, whom no right stops."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    yield
    os.seteuid(before)


def names(store: RunStore) -> set[str]:
    return {x.name for x in store.runs()}


def is_only_readable(store: RunStore) -> None:
    run_id = next(iter(SHIPPED))
    for write in (lambda: store.rename(run_id, "x"), lambda: store.delete(run_id), lambda: make_run(store)):
        with pytest.raises(StoreReadOnly, match="may be read but not written"):
            write()
    assert store.get(run_id).status == "finished"
    assert store.tokens(run_id, "ppo", 0).num_rows


def test_a_store_that_can_be_written_is_the_store_itself(home: Path) -> None:
    store, why = open_store()
    assert (why, Path(store.place).parent, names(store)) == (None, home, {"my own"})


@pytest.mark.parametrize("locked", ["folder", "file and folder", "file"])
def test_a_read_only_home_shows_its_runs_and_the_recorded_ones(
    home: Path, request: pytest.FixtureRequest, locked: str
) -> None:
    file = home / "runs-1.sqlite"
    assert not Path(f"{file}-wal").exists()
    if "file" in locked:
        file.chmod(0o444)
    if "folder" in locked:
        home.chmod(0o555)
    request.getfixturevalue("somebody")
    store, why = open_store()
    assert str(why).startswith("CREDIT_LAB_HOME: what is there can be looked at")
    assert names(store) == {"my own", "recorded"}
    assert store.home == home  # its checkpoints are read from there
    is_only_readable(store)


def test_what_the_write_ahead_log_holds_is_shown_too(home: Path, request: pytest.FixtureRequest) -> None:
    """As a process that was killed leaves it."""
    file, kept = home / "runs-1.sqlite", home / "kept"
    writer = RunStore()
    make_run(writer, name="only in the log")
    shutil.copyfile(f"{file}-wal", kept)
    before = file.read_bytes()
    writer.close()
    file.write_bytes(before)
    kept.rename(f"{file}-wal")
    for path in home.iterdir():
        path.chmod(0o444)
    home.chmod(0o555)
    request.getfixturevalue("somebody")
    assert "only in the log" in names(open_store()[0])


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_file_where_the_folder_should_be_leaves_the_recorded_runs(
    home: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    (home.parent / "file").write_text("")
    monkeypatch.setenv("CREDIT_LAB_HOME", str(home.parent / place))
    store, why = open_store()
    assert str(why).startswith("CREDIT_LAB_HOME: ")
    assert {x.id for x in store.runs()} == set(SHIPPED)
    is_only_readable(store)


@pytest.mark.parametrize("address", ["nosuch://place/runs", "runs", "sqlite:///runs?timeout=long", "sqlite://:no/runs"])
def test_an_address_that_cannot_be_names_its_setting(home: Path, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("CREDIT_LAB_DATABASE_URL", address)
    store, why = open_store()
    assert str(why).startswith("CREDIT_LAB_DATABASE_URL: ")
    assert {x.id for x in store.runs()} == set(SHIPPED)


@pytest.mark.parametrize("spoilt", ["unreadable", "half copied"])
def test_what_cannot_be_read_leaves_the_recorded_runs(
    home: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, spoilt: str
) -> None:
    home.chmod(0o555)
    if spoilt == "unreadable":
        (home / "runs-1.sqlite").chmod(0)
    else:
        monkeypatch.setattr(read_only, "_copy", lambda _, target: target.write_bytes(b"a part of a database" * 300))
    request.getfixturevalue("somebody")
    assert {x.id for x in open_store()[0].runs()} == set(SHIPPED)


def test_a_locked_store_is_no_such_case(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.runs.tables.LOCK_TIMEOUT_S", 0)
    other = sqlite3.connect(home / "runs-1.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    store, why = open_store()
    assert why is None
    with pytest.raises(StoreBusy, match="locked"):
        store.check_writable()
    other.close()


def damage_runs(file: Path) -> None:
    """What the table of runs begins with is no page of a table any more; the head of the file is as it was."""
    database = sqlite3.connect(file)
    size = database.execute("PRAGMA page_size").fetchone()[0]
    root = database.execute("SELECT rootpage FROM sqlite_master WHERE name = 'runs'").fetchone()[0]
    database.close()
    with file.open("r+b") as raw:
        raw.seek((root - 1) * size)
        raw.write(b"\xff" * size)


@pytest.mark.parametrize("spoilt", ["all of it", "its runs", "a newer version's", "empty", "another program's"])
def test_a_damaged_store_names_its_file_and_leaves_the_recorded_runs(home: Path, spoilt: str) -> None:
    file = home / "runs-1.sqlite"
    match spoilt:
        case "all of it":
            file.write_bytes(b"no database at all, whatever it is called" * 200)
        case "its runs":
            damage_runs(file)
        case "a newer version's":
            with sqlite3.connect(file) as database:
                database.execute("UPDATE schema_version SET version = 99")
        case "another program's":
            file.unlink()
            with sqlite3.connect(file) as database:
                database.execute("CREATE TABLE runs (horse TEXT)")
        case "empty":
            file.write_bytes(b"")
    before = file.read_bytes()
    store, why = open_store()
    if spoilt == "empty":  # as good as a new one
        assert (why, store.runs()) == (None, [])
        return
    assert str(why).startswith("CREDIT_LAB_HOME: what is there can be looked at")
    assert str(file) in str(why)
    assert {x.id for x in store.runs()} == set(SHIPPED)
    is_only_readable(store)
    if spoilt != "another program's":  # which is kept, but is in another journal mode now
        assert file.read_bytes() == before


def without_room(monkeypatch: pytest.MonkeyPatch, *full: Path) -> None:
    """Disks on which nothing more can be written: those of the folders named."""

    class Full(io.BytesIO):
        def write(self, _: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    made, measured = tempfile.TemporaryFile, shutil.disk_usage
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda dir: Full() if Path(dir) in full else made(dir=dir))

    def usage(place: Path) -> Any:
        return SimpleNamespace(free=0) if any(Path(place).is_relative_to(x) for x in full) else measured(place)

    monkeypatch.setattr(shutil, "disk_usage", usage)


def test_a_full_disk_shows_its_runs_and_the_recorded_ones(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_room(monkeypatch, home)
    store, why = open_store()
    assert str(why).startswith("CREDIT_LAB_HOME: what is there can be looked at")
    assert f"The disk is full: nothing more can be written to {home}. Free some space." in str(why)
    assert names(store) == {"my own", "recorded"}
    is_only_readable(store)


def test_where_temporary_files_have_no_room_either_the_copy_is_elsewhere(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch, memory = home.parent / "scratch", home.parent / "memory"
    scratch.mkdir()
    memory.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    monkeypatch.setattr(read_only, "_IN_MEMORY", memory)
    fill = read_only._fill

    def filled(file: Path, home: Path) -> None:
        if file.is_relative_to(scratch):
            raise StoreError("The disk is full.")
        fill(file, home)

    monkeypatch.setattr(read_only, "_fill", filled)
    without_room(monkeypatch, home, scratch)
    store, _ = open_store()
    assert Path(store.place).is_relative_to(memory)
    assert names(store) == {"my own", "recorded"}
    assert list(scratch.iterdir()) == []


def test_a_home_below_somebody_unknown_is_named_and_nothing_is_made(
    home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CREDIT_LAB_HOME", "~nosuchuser/x")
    with pytest.raises(StoreError, match="CREDIT_LAB_HOME: '~nosuchuser/x' is in a folder of somebody whom this"):
        RunStore()
    store, why = open_store()
    assert str(why).count("CREDIT_LAB_HOME: ") == 1
    assert {x.id for x in store.runs()} == set(SHIPPED)
    is_only_readable(store)
    assert list(tmp_path.iterdir()) == []


def test_without_any_place_for_a_copy_it_is_a_sentence(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home.parent / "file").write_text("")
    monkeypatch.setenv("CREDIT_LAB_HOME", str(home.parent / "file"))
    monkeypatch.setattr(read_only, "_IN_MEMORY", home.parent / "file")
    monkeypatch.setattr(tempfile, "tempdir", str(home.parent / "nowhere"))
    with pytest.raises(StoreReadOnly, match="folder of the store"):
        open_store()
