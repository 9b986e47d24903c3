"""What all pages of this web process share: one store, one launcher, one feed."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import TypeVar

from core.runs.feed import Feed
from core.runs.store import RunStore
from core.workers.launcher import Launcher, LocalLauncher, training_off

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
def store() -> RunStore:
    """The store of this process, opened on first use. Raises StoreError with a sentence for the page."""
    return RunStore()


@_once
def launcher() -> Launcher:
    """What starts learners' processes for this web process."""
    return LocalLauncher(store())


@_once
def feed() -> Feed:
    """What viewers' browsers are sent; shared by all of them."""
    return Feed(store())


def training_allowed() -> bool:
    """Whether this server can start runs; see `core.workers.launcher.training_off` for why not."""
    return training_off() is None
