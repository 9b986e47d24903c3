"""Waiting for large things with a true progress bar: files that grow, and other processes that do the same work."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from core.errors import ConfigError, Message

#: Told what is being done, and how much of that is done (0 to 1; None: not known).
Progress = Callable[[Message, float | None], None]

T = TypeVar("T")

POLL_S = 0.2
_MB = 1e6


def watched(work: Callable[[], T], folder: Path, total: int, name: str, progress: Progress) -> T:
    """Runs `work`, which downloads into `folder`, and tells meanwhile how many of `total` bytes have arrived.

    The work is done in another thread, so that `progress` may raise (somebody asked to stop): then it is left alone.
    """
    before, ended = size_of(folder), threading.Event()
    result: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            result.append(work())
        except BaseException as error:
            failed.append(error)
        finally:
            ended.set()

    threading.Thread(target=run, daemon=True, name="download").start()
    done = 0
    while True:
        now = Message(
            "Downloading {name}: {done:.0f} of {total:.0f} MB.", name=name, done=done / _MB, total=total / _MB
        )
        progress(now, done / total)
        if ended.wait(POLL_S):
            break
        done = min(total, max(0, size_of(folder) - before))
    if failed:
        raise failed[0]
    return result[0]


def size_of(folder: Path) -> int:
    """Bytes of all files in a folder; one that vanishes meanwhile is left out, a link counts as itself."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(place, name)).st_size
    return total


def need_space(folder: Path, bytes_needed: int, what: str | Message) -> None:
    """Raises ConfigError where the disk under `folder` (which may not be there yet) has less room than that."""
    there = next(x for x in (folder, *folder.parents) if x.is_dir())
    free = shutil.disk_usage(there).free
    if free < bytes_needed:
        raise ConfigError(
            "{what} needs {needed:.0f} MB of disk space at {place}, but only {free:.0f} MB are free; free some, or set "
            "CREDIT_LAB_HOME to a folder on another disk",
            what=what,
            needed=bytes_needed / _MB,
            place=folder,
            free=free / _MB,
        )


class Shared:
    """Progress of one process that others wait for: the holder of the lock writes it into the lock's file."""

    def __init__(self, lock: Path, progress: Progress) -> None:
        self._lock, self._progress, self._written = lock, progress, 0.0
        self._last_message: Message | None = None

    def say(self, message: Message, share: float | None) -> None:
        """Tells the waiting processes, a few times a second, and this process's own listener."""
        if message != self._last_message or time.monotonic() - self._written >= POLL_S:
            self._last_message, self._written = message, time.monotonic()
            with contextlib.suppress(OSError):
                self._lock.write_text(json.dumps([message.to_json(), share]), encoding="utf-8")
        self._progress(message, share)

    def hear(self) -> None:
        """Tells this process's own listener what the holder of the lock last wrote."""
        try:
            text, share = json.loads(self._lock.read_text(encoding="utf-8"))
        except (OSError, ValueError, TypeError):  # just being written
            return
        self._progress(Message.from_json(str(text)), None if share is None else float(share))


@contextlib.contextmanager
def locked(lock: Path, progress: Progress) -> Iterator[Progress]:
    """One process at a time; the others wait and hear how far it is. A process that dies lets go of the lock."""
    import fcntl

    lock.parent.mkdir(parents=True, exist_ok=True)
    shared = Shared(lock, progress)
    with lock.open("a") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                shared.hear()
                time.sleep(POLL_S)
        yield shared.say  # closing the file lets go
