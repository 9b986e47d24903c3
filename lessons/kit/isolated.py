"""Work that a page leaves to a process of its own: it needs torch, or much memory for a moment, or both.

The commands are those of `python -m core`; what they refuse comes back as core's own message.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import core
from core.cli import AS_JSON
from core.errors import Message, Refusal
from lessons import shared

ROOT = Path(core.__file__).resolve().parents[1]
PATIENCE_S = 600
#: Each further thread of C's memory allocator maps much more than it uses, which counts against an import's memory.
_FRUGAL = {"MALLOC_ARENA_MAX": "2"}


def _store() -> dict[str, str]:
    """Where this server shows a copy of its store, as it may not write to it, commands read the copy, too."""
    return {} if shared.only_readable() is None else {"CREDIT_LAB_DATABASE_URL": shared.store().url}


class CommandFailed(Refusal, RuntimeError):
    """The command did not do it."""


def call(*words: str | Path) -> str:
    """What `python -m core WORDS…` prints. Raises CommandFailed with the message that it refuses with."""
    command = [sys.executable, "-m", "core", *map(str, words)]
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, **_FRUGAL, **_store(), AS_JSON: "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise CommandFailed("It took longer than ten minutes and was ended.") from None
    except OSError as error:
        raise CommandFailed("A file could not be written or read: {cause}.", cause=error.strerror or error) from error
    if done.returncode == 2 and done.stderr.strip():
        raise CommandFailed(Message.from_json(done.stderr.strip().splitlines()[-1]))
    if done.returncode < 0:
        raise CommandFailed("It took more memory or time than it may, and the system ended it.")
    if done.returncode:
        print(done.stderr, file=sys.stderr)  # a programming mistake, for whoever keeps the server
        raise CommandFailed("It failed without saying why; the server's log may tell.")
    return done.stdout
