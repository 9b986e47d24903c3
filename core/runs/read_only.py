"""What a server shows where its store cannot be written: a copy, which nobody can write either."""

from __future__ import annotations

import atexit
import errno
import logging
import os
import shutil
import sqlite3
import tempfile
from pathlib import Path

import sqlalchemy as sa

from core.environment import environment, problem_of
from core.errors import Message, cause_of
from core.places import data_folder
from core.runs.errors import StoreBusy, StoreError, StoreReadOnly
from core.runs.recorded import TraceFilesError, import_shipped
from core.runs.store import RunStore
from core.runs.tables import place_of

log = logging.getLogger(__name__)

#: Where a container whose disk is read-only can still write; Python's own places for temporary files come first.
_IN_MEMORY = Path("/dev/shm")
#: With less room than this, in bytes, a disk counts as full: the recorded runs take some of it, and so does every run.
ROOM = 16 * 2**20
_FULL = (errno.ENOSPC, errno.EDQUOT)


def open_store() -> tuple[RunStore, Message | None]:
    """The app's store, and why nothing can be written to it; None where it can.

    Where the data folder or its database cannot be written (a read-only image, a folder of somebody else's, a file
    where the folder should be, a full disk), where the database is damaged or a newer version's, or where its address
    cannot be, the store is a copy of what can be read, with the recorded runs that come with the app: it reads as the
    original does, and every write is refused. A store that is locked, or on a server that does not answer, is no such
    case, as that passes: it is returned as it is, and says so when it is used.

    Raises StoreError where there is no place for a copy either.
    """
    try:
        store = RunStore()
    except StoreError as error:
        return _copied(data_folder(), None), _refused_address(error)
    try:
        _check_room(store)  # first: of a full disk, SQLite says less
        store.check_writable()
        store.runs()
    except StoreBusy as error:
        log.warning("%s", error)
    except StoreError as error:
        store.close()
        return _copied(store.home, store.url), _refused(error)
    return store, None


def _check_room(store: RunStore) -> None:
    """Raises StoreError where there is no room to write; checkpoints and logs go beside the database or elsewhere."""
    address = sa.make_url(store.url)
    a_file = address.get_backend_name() == "sqlite" and bool(address.database)
    for folder in dict.fromkeys([store.home, *([Path(store.place).parent] if a_file else [])]):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder) as scratch:
                for _ in range(ROOM // 2**20):
                    scratch.write(bytes(2**20))
        except OSError as error:
            if error.errno in _FULL:
                raise StoreError(
                    "The disk is full: nothing more can be written to {place}. Free some space.",
                    key="disk-full-at-start",
                    place=folder,
                ) from error
            raise StoreReadOnly(
                "The folder of the store at {place} cannot be used: {cause}.",
                place=folder,
                cause=error.strerror or error,
            ) from error


def _refused(error: StoreError) -> Message:
    setting = "CREDIT_LAB_HOME"
    if environment().database_url is not None:
        setting = "CREDIT_LAB_HOME, CREDIT_LAB_DATABASE_URL"
    return _sentence(setting, error)


def _refused_address(error: StoreError) -> Message:
    if problem_of("home") is not None:
        return Message(
            "The runs that come with the app can be looked at, but nothing is trained, imported or changed until this "
            "is mended and the app started again: {cause}",
            cause=error.message,
        )
    return _sentence("CREDIT_LAB_DATABASE_URL", error)


def _sentence(setting: str, error: StoreError) -> Message:
    return Message(
        "{setting}: what is there can be looked at, but nothing is trained, imported or changed until this is mended "
        "and the app started again: {cause}",
        key="store-only-readable",
        setting=setting,
        cause=error.message,
    )


def _copied(home: Path, url: str | None) -> RunStore:
    """A copy of the SQLite database at `url`, as far as it can be read, brought up to date, and closed for writing.

    It is where there is room for it: the disk that is full may be that of Python's own places, too.
    """
    cause: object = ""
    for place in (None, _IN_MEMORY):
        try:
            folder = Path(tempfile.mkdtemp(prefix="credit-lab-", dir=place))
        except OSError as error:
            cause = error.strerror or error
            continue
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        try:
            return _copied_into(folder, home, url)
        except (StoreError, OSError, sqlite3.Error) as error:
            cause = cause_of(error)
            shutil.rmtree(folder, ignore_errors=True)
    raise StoreReadOnly("The folder of the store at {place} cannot be used: {cause}.", place=data_folder(), cause=cause)


def _copied_into(folder: Path, home: Path, url: str | None) -> RunStore:
    file = folder / "runs.sqlite"
    if url is not None:
        _copy(url, file)
    try:
        _fill(file, home)
    except (StoreError, sqlite3.Error) as error:  # it is damaged, or a newer version's: then what comes with the app
        log.warning("the copy of the store cannot be used: %s", error)
        for rest in folder.iterdir():
            rest.unlink()
        _fill(file, home)
    return RunStore(f"sqlite:///file:{file}?mode=ro&uri=true", home=home)


def _copy(url: str, target: Path) -> None:
    """The file, with what its write-ahead log holds."""
    address = sa.make_url(url)
    if address.get_backend_name() != "sqlite":
        return
    source = place_of(address)
    size = sum(Path(source + rest).stat().st_size for rest in ("", "-wal") if Path(source + rest).is_file())
    if size > shutil.disk_usage(target.parent).free / 2:
        log.warning("%s is too large to be copied to %s", source, target.parent)
        return
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
