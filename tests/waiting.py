"""Waiting for what has to come true, as long as it takes and no longer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any


def until(condition: Callable[[], Any], timeout_s: float = 120.0, now: Callable[[], object] = lambda: "") -> float:
    """Waits for the condition; returns how long it took. Fails where it does not come true in time, and says what is
    the case `now`: on a machine that does much else, what takes a second takes minutes."""
    begun, nothing = time.monotonic(), threading.Event()
    while not condition():
        assert time.monotonic() - begun < timeout_s, f"it never came to be {now()}"
        nothing.wait(0.02)
    return time.monotonic() - begun
