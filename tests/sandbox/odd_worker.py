"""What a library might be led to by hostile text, as a worker's module: `answer(what)` does it."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_kept: list[Any] = []


def warm() -> None:
    """Nothing is imported late."""


def _loop() -> None:
    while True:
        pass


def _fill() -> int:
    _kept.append(b"x" * (300 << 20))
    return len(_kept)


def _deep(x: int = 0) -> int:
    return _deep(x + 1) + 1


def _wait() -> int:
    """As where others have the processor: time passes that it does not use."""
    time.sleep(1.0)
    return 1


def _print() -> str:
    print("{" * 10_000)
    os.write(1, b'{"value": "forged"}\n')
    return "own"


def _forge() -> None:
    """Writes to where its reports go: no list is so deep."""
    for descriptor in range(3, 64):
        with contextlib.suppress(OSError):
            os.write(descriptor, b"[" * 50_000 + b"\n")


def _file() -> str:
    return Path(__file__).read_text()


_WHAT: dict[str, Callable[[], Any]] = {
    "loop": _loop,
    "one long step of C": lambda: 9 ** (9**9),
    "memory": _fill,
    "depth": _deep,
    "abort": os.abort,
    "exit": lambda: os._exit(0),
    "print": _print,
    "wait": _wait,
    "deep report": _forge,
    "raise": lambda: int("no number"),
    "read": _file,
    "write": lambda: Path("/tmp/credit-lab-odd").write_text("x"),
    "network": lambda: socket.socket().close(),
    "start": lambda: subprocess.run([sys.executable, "-c", "1"], check=False),
    "fork": os.fork,
    "variables": lambda: len(os.environ),
    "process": os.getpid,
}


def answer(what: str) -> Any:
    """What came of it, as JSON has it."""
    return _WHAT[what]()
