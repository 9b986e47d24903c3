"""Work that may take only so long, in any thread."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class _OutOfTime(BaseException):
    """Raised within the work; no `except Exception` of it swallows this one."""


def within(seconds: float, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The result of `work`; raises TimeoutError where it takes longer.

    A signal would do in the main thread only, and pages run in others: so the exception is put into the thread that
    works (CPython's PyThreadState_SetAsyncExc), where it is raised at the next line of Python. One long step of C, such
    as a giant power, is not interrupted: the caller has to refuse whatever leads to one.
    """
    caller, lock = threading.get_ident(), threading.Lock()
    over = interrupted = False

    def interrupt() -> None:
        nonlocal interrupted
        with lock:
            if not over:
                interrupted = True
                _put(caller, _OutOfTime)

    timer = threading.Timer(seconds, interrupt)
    timer.daemon = True
    try:
        try:
            timer.start()
            return work(*args, **kwargs)
        finally:
            with lock:
                over = True
                if interrupted:  # too late to matter: it must not be raised in whatever comes next
                    _put(caller, None)
            timer.cancel()
    except _OutOfTime:
        raise TimeoutError(f"it took longer than {seconds:g} seconds") from None


def _put(thread: int, exception: type[BaseException] | None) -> None:
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread), None if exception is None else ctypes.py_object(exception)
    )
