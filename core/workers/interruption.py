"""A stop that is in force within seconds, wherever a step stands.

A worker looks for itself between two steps. Where a step takes longer than a moment, this ends it from outside, in two
degrees: a signal, whose handler raises `Stopped` in the main thread as soon as Python runs there again (between two
tokens, two micro-batches, two layers); and where one single operation takes longer than that, the end of the process.
No code that trains has to know of it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from core.errors import Message

POLL_S = 0.25
#: For the step to end by itself, as most do.
STEP_S = 1.0
#: From then on, for Python to run again in the main thread.
SIGNAL_S = 2.0
#: From then on, for a checkpoint to be written: that may be gigabytes, and without it steps were made in vain.
SAVE_S = 15.0


class Stopped(BaseException):
    """Somebody asked the worker to end.

    Not an Exception, like KeyboardInterrupt: it is raised in the middle of loading, where every Exception is caught.
    """

    def __init__(self, reason: Message | None = None) -> None:
        """`reason` is to be written down; None where a person asked for it."""
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class StopRequest:
    """That a worker shall stop; `reason` as Stopped's."""

    reason: Message | None = None


class Interruption:
    """Sees to it that a worker stops. Its methods are the main thread's, but for what `watch` starts."""

    def __init__(self, asked: Callable[[], StopRequest | None], give_up: Callable[[StopRequest], None]) -> None:
        """`asked` is called several times a second, `give_up` where the main thread does not come back; it must end the
        process. Both are called in a thread of their own."""
        self._asked, self._give_up = asked, give_up
        self._allowed = False
        self._acknowledged = False
        self._now: StopRequest | None = None
        self._signals = -1

    def watch(self) -> None:
        """Begins to look for what was asked; to be called once, in the main thread."""
        signal.signal(signal.SIGUSR1, self._interrupt)
        # A handler is Python's, and waits like all of Python for an operation to end; this is written in any case.
        self._signals, written = os.pipe()
        for end in (self._signals, written):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(written, warn_on_full_buffer=False)
        threading.Thread(target=self._watch, args=(threading.get_ident(),), daemon=True, name="interruption").start()

    @contextlib.contextmanager
    def allowed(self) -> Iterator[None]:
        """`Stopped` may be raised in here, at any place."""
        self._allowed = True
        try:
            yield
        finally:
            self._allowed = False

    @contextlib.contextmanager
    def withheld(self) -> Iterator[None]:
        """`Stopped` is not raised in here: the store is being written, say."""
        before, self._allowed = self._allowed, False
        try:
            yield
        finally:
            self._allowed = before

    def acknowledge(self) -> None:
        """The main thread is ending; it gets the time to save."""
        self._acknowledged = True

    def arrived(self, number: signal.Signals) -> bool:
        """Whether this signal has come since the last call; for the watching thread."""
        with contextlib.suppress(BlockingIOError):
            return number in os.read(self._signals, 4096)
        return False

    def _interrupt(self, *_: object) -> None:
        if self._allowed and self._now is not None:
            self._allowed = False
            raise Stopped(self._now.reason)

    def _watch(self, main: int) -> None:
        while (asked := self._asked()) is None:
            time.sleep(POLL_S)
        self._now, begun = asked, time.monotonic()
        while True:
            waited = time.monotonic() - begun
            if waited > STEP_S + SIGNAL_S + (SAVE_S if self._acknowledged else 0):
                self._give_up(asked)
            if waited > STEP_S and not self._acknowledged:
                signal.pthread_kill(main, signal.SIGUSR1)  # again and again: it may have been withheld
            time.sleep(POLL_S)
