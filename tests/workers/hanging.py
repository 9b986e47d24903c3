"""A worker that says when it is somewhere, and does not come back from there.

    python -m tests.workers.hanging HOME RUN LEARNER PLACE STEP OPERATION MARK

It writes the file MARK when it is there; with the operation `goes-on` it is an ordinary worker otherwise. For
tests/workers/test_interruption.py and tests/load/stop.py.
"""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.training import evaluation, trainer
from core.training.continuations import Oracle
from core.training.gather import Asker
from core.training.passes import Passes
from core.training.trainer import Trainer
from core.workers import process


def waits() -> None:
    """Python runs in between, as it does between two tokens."""
    while True:
        time.sleep(0.05)


def computes() -> None:
    """One operation in C, for minutes, as a forward pass over very much can be."""
    hashlib.pbkdf2_hmac("sha256", b"", b"", 2_000_000_000)


#: Where → whose, and which function is called there.
PLACES: dict[str, tuple[Any, str]] = {
    "load": (trainer, "load"),
    "rollout": (Asker, "gather"),
    "update": (Passes, "run"),
    "continuations": (Oracle, "estimate"),
    "evaluation": (evaluation, "answers"),
    "final": (Trainer, "final_evaluation"),
}
OPERATIONS: dict[str, Callable[[], None]] = {"waits": waits, "computes": computes, "goes-on": lambda: None}


def hang(place: str, step: int, operation: str, mark: Path) -> None:
    """From its call number `step` (0: the first) on, what is called at the place does the operation instead."""
    owner, name = PLACES[place]
    original, calls = getattr(owner, name), 0

    def patched(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls > step:
            if place == "update" and operation != "goes-on":
                original(*args, **kwargs)  # the weights are others now
            mark.touch()
            OPERATIONS[operation]()
        return original(*args, **kwargs)

    setattr(owner, name, patched)


if __name__ == "__main__":
    home, run_id, learner, place, step, operation, mark = sys.argv[1:]
    hang(place, int(step), operation, Path(mark))
    sys.exit(process.work(f"sqlite:///{home}/runs.sqlite", Path(home), run_id, learner))
