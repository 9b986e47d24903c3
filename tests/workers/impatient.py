"""A fork server whose workers ask a busy store again at once, and note each time that they find it busy.

    python -m tests.workers.impatient NOTES

SQLite itself waits some seconds before it says so (core/runs/tables.py), and a test would have to wait for longer.
A line of the file NOTES is the process of a worker whose own thread found its store busy.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

from core.runs import patience, tables
from core.workers import fork_server


def impatient(notes: Path) -> None:
    """Makes the modules of this process, and so of what is forked from it, such."""

    def sleep(seconds: float) -> None:
        if threading.current_thread() is threading.main_thread():  # and not the one that only says that it lives
            with notes.open("a") as file:
                file.write(f"{os.getpid()}\n")
        time.sleep(seconds)

    tables.LOCK_TIMEOUT_S = 0
    patience.time = SimpleNamespace(monotonic=time.monotonic, sleep=sleep)  # type: ignore[assignment]


if __name__ == "__main__":
    impatient(Path(sys.argv[1]))
    fork_server.main()
