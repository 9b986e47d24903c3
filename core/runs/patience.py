"""Doing the same again where the store is locked, or its database is being restarted."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from core.runs.errors import StoreBusy

P = ParamSpec("P")
R = TypeVar("R")

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 2.0
#: How long a worker waits for its store. A page, in front of which somebody sits, waits only as long as the
#: database does by itself (core/runs/tables.py).
WORKERS_S = 60.0


class Patient(Protocol):
    """A store: for how many seconds it tries again."""

    @property
    def patience_s(self) -> float: ...


S = TypeVar("S", bound=Patient)


def again(transaction: Callable[Concatenate[S, P], R]) -> Callable[Concatenate[S, P], R]:
    """Makes a function whose first argument is the store repeat itself, from its start, while the store is busy.

    It has to be one whole transaction, of which nothing holds where it fails. Where the connection is lost in the very
    moment of a commit, nobody knows whether that was made: the function must do no harm when done twice.
    """

    @functools.wraps(transaction)
    def repeated(store: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        until, pause = time.monotonic() + store.patience_s, FIRST_PAUSE_S
        while True:
            try:
                return transaction(store, *args, **kwargs)
            except StoreBusy:
                if time.monotonic() + pause > until:
                    raise
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)

    return repeated
