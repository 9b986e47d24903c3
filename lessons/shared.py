"""What all pages of this web process share: one store, one launcher, one feed."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import TypeVar

from core import environment
from core.errors import Message
from core.runs.errors import RunNotFound, StoreError
from core.runs.feed import Feed
from core.runs.read_only import open_store
from core.runs.records import RunInfo, RunUnreadable
from core.runs.store import RunStore
from core.workers import starting
from core.workers.launcher import Launcher, LocalLauncher
from core.workers.limits import RunLimits

T = TypeVar("T")


def _once(make: Callable[[], T]) -> Callable[[], T]:
    """Like functools.cache, but two threads that ask at the same time get the same thing."""
    cached, lock = functools.cache(make), threading.Lock()

    @functools.wraps(make)
    def locked() -> T:
        with lock:
            return cached()

    return locked


@_once
def _opened() -> tuple[RunStore, Message | None]:
    return open_store()


def store() -> RunStore:
    """The store of this process, opened on first use. Raises StoreError with a sentence for the page."""
    return _opened()[0]


def only_readable() -> Message | None:
    """Why nothing can be written to the store, naming the setting; None where it can, or where there is no store."""
    try:
        return _opened()[1]
    except StoreError:
        return None


def notices() -> tuple[Message, ...]:
    """What whoever keeps this server has to mend; every page says so."""
    locked = only_readable()
    if locked is None:
        return environment.problems()
    return (*(x for x in environment.problems() if str(x) not in str(locked)), locked)


def run_or_none(run_id: str) -> RunInfo | None:
    """The run; None where there is none of that id, or this version of the app cannot read it."""
    try:
        run: RunInfo = store().get(run_id)
    except (RunNotFound, RunUnreadable):
        return None
    return run


@_once
def launcher() -> Launcher:
    """What starts learners' processes for this web process."""
    return LocalLauncher(store(), limits=limits())


def limits() -> RunLimits:
    """What a visitor's run may ask for here."""
    return RunLimits.of_server()


@_once
def feed() -> Feed:
    """What viewers' browsers are sent; shared by all of them."""
    return Feed(store())


def training_off() -> Message | None:
    """Why nothing can be trained, imported or saved on this server; None where it can."""
    return only_readable() or starting.training_off()


def training_allowed() -> bool:
    """Whether this server can start runs."""
    return training_off() is None
