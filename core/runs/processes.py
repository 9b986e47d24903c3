"""Is the process that wrote its number down still the same process?"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def start_time(pid: int) -> str | None:
    """When the process began, as the system words it; None when there is no such process.

    A process number alone proves nothing: the system gives it to another process after the first has ended.
    """
    if sys.platform.startswith("linux"):
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            return None
        fields = stat.rpartition(")")[2].split()  # after the command's closing bracket: field 3 onwards
        return None if fields[0] == "Z" else fields[19]  # Z: ended, only not yet collected; field 22: the start
    if sys.platform == "win32":
        return str(pid)  # no cheap way without another library; the heartbeat alone decides there
    answer = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return answer.stdout.strip() or None


def is_alive(pid: int | None, started: str | None) -> bool:
    """Whether the process `pid` lives and is the one that began at `started`."""
    if pid is None:
        return False
    if pid == os.getpid():
        return True
    now = start_time(pid)
    return now is not None and (started is None or now == started)
