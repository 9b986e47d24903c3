"""Work that may take only so long, in any thread."""

from __future__ import annotations

import ctypes
import threading
import time
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
            timer.cancel()
            if interrupted:
                _let_come()
    except _OutOfTime:
        raise TimeoutError(f"it took longer than {seconds:g} seconds") from None


def _put(thread: int, exception: type[BaseException]) -> None:
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(exception))


def _let_come() -> None:
    """Where an exception was put into this thread and not raised yet, it is raised here, and not in what comes next.

    To take it back (by putting NULL) would leave the interpreter's mark that something is to be raised: CPython then
    looks for it at every call and loop, and 3.11 under a tracer (a debugger, coverage) looks for it at the next call
    forever, as its way to enter a function begins anew after each look (ceval.c, DO_TRACING).
    """
    for _ in range(3):  # it is looked for at every turn of a loop
        time.sleep(0)
