"""One at a time: work that is heavy enough that a server does one of it, in the order in which it was asked for."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import Refusal


class Busy(Refusal, RuntimeError):
    """Others are at it, and will be for long."""


class OneAtATime:
    """Who asks first goes first. Safe to use from many threads."""

    def __init__(self, patience_s: float = 120, most_waiting: int = 5) -> None:
        self._patience_s, self._most_waiting = patience_s, most_waiting
        self._asked: deque[object] = deque()  # the first one works, the others wait
        self._changed = threading.Condition()

    @property
    def free(self) -> bool:
        """Whether whoever asks now goes at once."""
        return not self._asked

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Waits until nobody else is at it. Raises Busy where too many wait, or those before take too long."""
        mine = object()
        with self._changed:
            if len(self._asked) > self._most_waiting:
                raise Busy(
                    "One import is under way on this server and {waiting} wait already. Try again in a few minutes.",
                    waiting=self._most_waiting,
                )
            self._asked.append(mine)
        try:
            with self._changed:
                if not self._changed.wait_for(lambda: self._asked[0] is mine, self._patience_s):
                    raise Busy(
                        "Other imports are under way on this server and were not through in {seconds:.0f} seconds. "
                        "Try again in a few minutes.",
                        seconds=self._patience_s,
                    )
            yield
        finally:
            with self._changed:
                self._asked.remove(mine)
                self._changed.notify_all()
