"""What a server shows where its store cannot be written: a copy, which nobody can write either."""

from __future__ import annotations

import atexit
import logging
import os
import shutil
import sqlite3
import tempfile
from pathlib import Path

import sqlalchemy as sa

from core.environment import environment
from core.errors import Message
from core.places import data_folder
from core.runs.errors import StoreError, StoreReadOnly
from core.runs.recorded import TraceFilesError, import_shipped
from core.runs.store import RunStore
from core.runs.tables import place_of

log = logging.getLogger(__name__)

#: Where a container whose disk is read-only can still write; Python's own places for temporary files come first.
_IN_MEMORY = Path("/dev/shm")


def open_store() -> tuple[RunStore, Message | None]:
    """The app's store, and why nothing can be written to it; None where it can.

    Where the data folder or its database cannot be written (a read-only image, a folder of somebody else's, a file
    where the folder should be) or the database's address cannot be, the store is a copy of what can be read, with the
    recorded runs that come with the app: it reads as the original does, and every write is refused. A store that is
    locked, damaged, or on a server that does not answer is no such case: it is returned as it is, and says so when it
    is used.

    Raises StoreError where there is no place for a copy either.
    """
    try:
        store = RunStore()
    except StoreError as error:
        return _copied(data_folder(), None), _refused_address(error)
    try:
        store.check_writable()
        _check_folder(store.home)
    except StoreReadOnly as error:
        store.close()
        return _copied(store.home, store.url), _refused(store, error)
    except StoreError as error:
        log.warning("%s", error)
    return store, None


def _check_folder(home: Path) -> None:
    """Checkpoints and logs go there, too, wherever the database is."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home):
            pass
    except OSError as error:
        raise StoreReadOnly(
            "The folder of the store at {place} cannot be used: {cause}.", place=home, cause=error.strerror or error
        ) from error


def _refused(store: RunStore, error: StoreReadOnly) -> Message:
    setting = "CREDIT_LAB_HOME"
    if environment().database_url is not None:
        setting = "CREDIT_LAB_HOME, CREDIT_LAB_DATABASE_URL"
    return _sentence(setting, error)


def _refused_address(error: StoreError) -> Message:
    return _sentence("CREDIT_LAB_DATABASE_URL", error)


def _sentence(setting: str, error: StoreError) -> Message:
    return Message(
        "{setting}: what is there can be looked at, but nothing is trained, imported or changed until this is mended: "
        "{cause}",
        key="store-only-readable",
        setting=setting,
        cause=error.message,
    )


def _copied(home: Path, url: str | None) -> RunStore:
    """A copy of the SQLite database at `url`, as far as it can be read, brought up to date, and closed for writing."""
    folder = _scratch()
    file = folder / "runs.sqlite"
    if url is not None:
        _copy(url, file)
    try:
        _fill(file, home)
    except StoreError as error:  # it was damaged, or a newer version's: then only what comes with the app
        log.warning("the copy of the store cannot be used: %s", error)
        for rest in folder.iterdir():
            rest.unlink()
        _fill(file, home)
    return RunStore(f"sqlite:///file:{file}?mode=ro&uri=true", home=home)


def _scratch() -> Path:
    for place in (None, _IN_MEMORY):
        try:
            folder = Path(tempfile.mkdtemp(prefix="credit-lab-", dir=place))
        except OSError as error:
            cause = error
        else:
            atexit.register(shutil.rmtree, folder, ignore_errors=True)
            return folder
    why = cause.strerror or cause
    raise StoreReadOnly("The folder of the store at {place} cannot be used: {cause}.", place=data_folder(), cause=why)


def _copy(url: str, target: Path) -> None:
    """The file, with what its write-ahead log holds."""
    address = sa.make_url(url)
    if address.get_backend_name() != "sqlite":
        return
    source = place_of(address)
    for rest in ("", "-wal"):
        try:
            shutil.copyfile(source + rest, f"{target}{rest}")
            os.chmod(f"{target}{rest}", 0o600)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            log.warning("%s cannot be copied: %s", source + rest, error.strerror or error)
            Path(f"{target}{rest}").unlink(missing_ok=True)


def _fill(file: Path, home: Path) -> None:
    store = RunStore(f"sqlite:///{file}", home=home)
    try:
        import_shipped(store)
        store.runs()  # whose process has died is marked so, while that can be written
    except TraceFilesError as error:
        log.warning("%s", error)
    finally:
        store.close()
    plain = sqlite3.connect(file)
    plain.execute("PRAGMA journal_mode=DELETE")  # who reads a write-ahead log has to write beside it
    plain.close()
