"""Files that several processes may keep in one folder: written whole in a scratch folder there, and then moved.

    written(folder, write)        # write(scratch) writes there and moves what is whole to its place

Whoever was killed leaves the scratch folder behind, and core/runs/keeping.py removes it. Whoever lives holds a lock of
the system on a file in it, which lasts while its machine sleeps, asks no clock, and ends with the process. Where
machines share the folder, and its file system has no locks or forgot one while the writer's machine slept, the folder
may go under a living writer: it then writes once more.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

#: Begins the name of such a folder; in it, the file that its writer has locked.
UNFINISHED, LOCK = ".new-", "being-written"


def written(folder: Path, write: Callable[[Path], T]) -> T:
    """What `write` returns; it is given an empty folder in `folder`, which is removed afterwards.

    Raises what `write` raises, and OSError where no folder can be made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _scratch(folder) as scratch:
        try:
            return write(scratch)
        except (OSError, RuntimeError):  # torch's writer reports a folder that is gone as a RuntimeError
            if scratch.exists():
                raise
    with _scratch(folder) as scratch:
        return write(scratch)


def is_being_written(scratch: Path) -> bool:
    """Whether a living process writes in that folder, as far as the file system knows."""
    try:
        file = (scratch / LOCK).open("r+b")
    except PermissionError:  # another user's: whether that one lives cannot be asked, nor is it ours to remove
        return True
    except OSError:
        return False
    with file:
        return not _locks(file.fileno())


def remove(scratch: Path) -> None:
    """Removes such a folder as a whole: whoever still writes in it finds it there or not at all."""
    gone = scratch.with_name(f"{UNFINISHED}gone-{secrets.token_hex(8)}")
    with contextlib.suppress(OSError):
        os.replace(scratch, gone)
        shutil.rmtree(gone, ignore_errors=True)


@contextlib.contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix=UNFINISHED, dir=folder) as name, (Path(name) / LOCK).open("xb") as file:
        _locks(file.fileno())
        yield Path(name)  # closing the file lets go


def _locks(file: int) -> bool:
    """Locks the file unless somebody else has; False only where somebody has."""
    try:
        import fcntl
    except ImportError:  # no such locks on this system: its age alone tells
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # the file system has none
        return True
    return True
