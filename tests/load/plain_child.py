"""The system's wall by itself: a plain Python runs a program by `exec`, and nothing but the wall holds it.

`PlainPool` takes the place of core.sandbox.pool.Pool. A program gets a process of its own, with the modules imported
that one would want for getting out.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.sandbox.limits import ProgramLimits
from core.sandbox.pool import WorkerReply

_ROOT = Path(__file__).parents[2]
_CHILD = f"import sys; sys.path.insert(0, {str(_ROOT)!r}); from core.sandbox.wall.raised import raise_wall; "
_MODULES = "ctypes, io, itertools, math, os, pathlib, re, resource, select, signal, socket, subprocess, threading, time"
_CHILD += f"""
import {_MODULES}, _thread, json
sys.setrecursionlimit(100)
asked = json.loads(sys.stdin.buffer.readline())
raised = raise_wall()
sys.stdout.write(json.dumps(raised) + "\\n")
sys.stdout.flush()
exec(asked["code"], dict(asked["inputs"], __name__="program"))
"""


@dataclass
class PlainPool:
    """Runs each program in a Python of its own behind the system's wall."""

    raised: dict[str, str | None] | None = None  # what the last child said of its wall

    def run(self, code: str, inputs: dict[str, Any], limits: ProgramLimits) -> WorkerReply:
        """As core.sandbox.pool.Pool.run; time counts from when the wall stands."""
        child = subprocess.Popen(
            [sys.executable, "-I", "-S", "-B", "-c", _CHILD],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,  # nothing is read beyond the first line before the rest is waited for
        )
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            child.stdin.write(json.dumps({"code": code, "inputs": inputs}).encode() + b"\n")
            child.stdin.close()
            self.raised = json.loads(child.stdout.readline())
            printed, late = _read(child.stdout.fileno(), limits)
            if not late and len(printed) <= limits.printed:
                child.wait(timeout=5)  # it has closed its output, and ends
        except subprocess.TimeoutExpired:
            late = True
        finally:
            child.kill()
            child.wait()
            child.stdout.close()
        text = printed.decode(errors="replace")
        if late:
            return WorkerReply(text, "TimeoutError", late=True, killed=True)
        if len(printed) > limits.printed:
            return WorkerReply(text[: limits.printed], "MemoryError", full=True)
        return WorkerReply(text, None if child.returncode == 0 else f"RuntimeError: ended with {child.returncode}")


def _read(descriptor: int, limits: ProgramLimits) -> tuple[bytes, bool]:
    """What comes until its end, the limit, or the time is up; and whether it was."""
    printed, until = b"", time.monotonic() + limits.seconds
    while len(printed) <= limits.printed:
        left = until - time.monotonic()
        if left <= 0 or not select.select([descriptor], [], [], left)[0]:
            return printed, True
        more = os.read(descriptor, 65536)
        if not more:
            return printed, False
        printed += more
    return printed, False
