"""Work that a page leaves to a process of its own: it needs torch, or much memory for a moment, or both.

The commands are those of `python -m core`; what they refuse comes back as core's own sentence.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import core
from lessons.i18n import N_

ROOT = Path(core.__file__).resolve().parents[1]
PATIENCE_S = 600
TOO_LONG = N_("It took longer than ten minutes and was ended.")
FAILED = N_("It failed without saying why; the server's log may tell.")


class CommandFailed(RuntimeError):
    """The command did not do it; its text is one sentence."""


def call(*words: str | Path) -> str:
    """What `python -m core WORDS…` prints. Raises CommandFailed with the sentence that it refuses with."""
    command = [sys.executable, "-m", "core", *map(str, words)]
    try:
        done = subprocess.run(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise CommandFailed(TOO_LONG) from None
    except OSError as error:
        raise CommandFailed(f"A file could not be written or read: {error.strerror or error}.") from error
    if done.returncode == 2 and done.stderr.strip():
        raise CommandFailed(done.stderr.strip().splitlines()[-1])
    if done.returncode:
        print(done.stderr, file=sys.stderr)  # a programming mistake, for whoever keeps the server
        raise CommandFailed(FAILED)
    return done.stdout
