"""What the fork server is started with, and what a worker's exit code says."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from core.errors import Message

#: A worker's exit code where its store could not be written, not even why (BSD's sysexits.h: EX_TEMPFAIL).
STORE_LOST = 75


def ended_by(code: int, *, saved: bool) -> Message:
    """Why a worker process ended that could not say so itself: its exit code, or below 0 the signal.

    `saved`: it had written a checkpoint after a step, from which it can go on.
    """
    if code == STORE_LOST and not saved:
        return Message(
            "The store was locked or did not answer for more than a minute, so that nothing more could be written, "
            "nor had any checkpoint been: Resume begins anew.",
            key="store-lost-before-any-checkpoint",
        )
    if code == STORE_LOST:
        return Message(
            "The store was locked or did not answer for more than a minute, so that nothing more could be written. "
            "Resume continues from the last checkpoint."
        )
    if code > 0:
        return Message("The worker process ended with exit code {code} before it could say why.", code=code)
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = "unknown"
    if name == "SIGKILL" and not saved:
        return Message(
            "The worker process was ended by signal {signal}, perhaps because memory ran out, before any checkpoint: "
            "Resume begins anew.",
            key="worker-killed-before-any-checkpoint",
            signal=f"{-code} ({name})",
        )
    if name == "SIGKILL":
        return Message(
            "The worker process was ended by signal {signal}, perhaps because memory ran out. Resume continues from "
            "its last checkpoint.",
            key="worker-killed",
            signal=f"{-code} ({name})",
        )
    if not saved:
        return Message(
            "The worker process was ended by signal {signal}, before any checkpoint: Resume begins anew.",
            key="worker-ended-before-any-checkpoint",
            signal=f"{-code} ({name})",
        )
    return Message(
        "The worker process was ended by signal {signal}. Resume continues from its last checkpoint.",
        signal=f"{-code} ({name})",
    )


def variables() -> dict[str, str]:
    """The fork server's environment: one thread per learner, and waiting threads sleep.

    Spinning ones slow all others down.
    """
    root = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(x for x in (root, os.environ.get("PYTHONPATH")) if x)
    threads = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    quiet = {"TOKENIZERS_PARALLELISM": "false", "OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES"}
    return {**os.environ, **threads, **quiet, "PYTHONPATH": path}
