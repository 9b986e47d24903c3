"""Work of ours on text which nobody has read, in Python processes behind the system's wall.

The interpreter of core/sandbox/pool.py runs programs of others and knows no library; this runs a library of ours, which
a hostile text might keep busy, fill with memory or lead astray. The wall is the same, and so is what becomes of a
worker: it is ended when its time is used up and replaced, and nothing of that reaches the process that asked.
Its time is the processor's and not the clock's: on a busy machine a worker may stand still for seconds, which says
nothing about what it was asked.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
import weakref
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import Message, RequestError, cause_of
from core.sandbox.pool import WorkerReply

_ROOT = Path(__file__).parents[2]
_START_SECONDS = 600.0  # by the clock: libraries are imported; on a busy machine that takes long
_CALLS_PER_WORKER = 2000
_MOST_REPORTED = 1 << 20  # bytes
#: A worker that took no time of the processor for so many times what it may take is not waited for any longer.
_PATIENCE = 20


@dataclass(eq=False)
class PythonPool:
    """Workers that answer with `module`'s functions (core/sandbox/python_worker.py); `processes` at most at a time."""

    module: str
    processes: int = 1
    begin: tuple[Any, ...] = ()  # what its `warm` is given, before the wall stands; as JSON has it
    walls: dict[str, str | None] | None = None  # what the last worker said of its wall, as Raised
    _idle: list[_PythonProcess] = field(default_factory=list)
    _places: threading.BoundedSemaphore = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._places = threading.BoundedSemaphore(self.processes)
        _every.add(self)

    def call(self, arguments: list[Any], seconds: float) -> WorkerReply:
        """What the module's `answer` gives for the arguments, as JSON in `printed`; else `error`, late or killed.

        `seconds`: of processor time; late is what used them up. A worker that breaks, says nothing or is out of memory
        may have been filled by what it was asked before, or ended by the machine: a fresh one is asked once more, so
        that what broke has broken two. RequestError where no worker can be started here.
        """
        with self._places:
            worker, used = self._taken()
            reply = worker.asked(arguments, seconds)
            if reply.broke or (used and reply.error == "MemoryError"):
                worker.end()
                worker = self._started()
                reply = worker.asked(arguments, seconds)
            if reply.killed or reply.error == "MemoryError" or worker.calls >= _CALLS_PER_WORKER:
                worker.end()
            else:
                with self._lock:
                    self._idle.append(worker)
            return reply

    def close(self) -> None:
        """Ends the workers that have nothing to do; the next call starts others."""
        with self._lock:
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.end()

    def forget(self) -> None:
        """In a fork: the workers are the parent's, and so are its locks' holders."""
        self._idle, self._lock = [], threading.Lock()
        self._places = threading.BoundedSemaphore(self.processes)

    def _taken(self) -> tuple[_PythonProcess, bool]:
        """A worker, and whether it has been asked before."""
        with self._lock:
            if self._idle:
                return self._idle.pop(), True
        return self._started(), False

    def _started(self) -> _PythonProcess:
        try:
            worker = _PythonProcess(self.module, self.begin)
        except OSError as error:
            raise _none(cause_of(error)) from None
        report = worker.report(_START_SECONDS)
        if report is None or "walls" not in report:
            worker.end()
            raise _none(Message("its process did not begin"))
        self.walls = report["walls"]
        return worker


class _PythonProcess:
    """One process."""

    def __init__(self, module: str, begin: tuple[Any, ...]) -> None:
        code = (
            f"import sys; sys.path.insert(0, {str(_ROOT)!r}); from core.sandbox.python_worker import main; "
            f"main({module!r}, {json.dumps(begin)!r})"
        )
        # Limits of C libraries' threads are set, as the wall counts threads as processes.
        alone = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self.calls = 0
        self._unread = b""
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-B", "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env={**os.environ, **alone},
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input, self._output = self._process.stdin, self._process.stdout
        _processes.add(self)

    def asked(self, arguments: list[Any], seconds: float) -> WorkerReply:
        """`ask`; where that is interrupted (Ctrl+C), it is ended: its answer would be taken for the next one's."""
        try:
            return self.ask(arguments, seconds)
        except BaseException:
            self.end()
            raise

    def ask(self, arguments: list[Any], seconds: float) -> WorkerReply:
        """Its answer; where there is none within so much of its time, or none at all, it has been ended."""
        self.calls += 1
        try:
            self._input.write(json.dumps([seconds, arguments]).encode() + b"\n")
        except OSError:
            return WorkerReply("", "it had ended", killed=True)
        report = self.report(_PATIENCE * seconds)
        if report is None:
            self.end()
            late = self._process.returncode == -signal.SIGPROF
            return WorkerReply("", "TimeoutError" if late else "it ended", late=late, killed=True)
        if "value" in report:
            return WorkerReply(json.dumps(report["value"]), None)
        return WorkerReply("", str(report.get("error")))

    def report(self, seconds: float) -> dict[str, Any] | None:
        """The next line that it writes; None where none came (`seconds` by the clock), or it is none of ours."""
        until = time.monotonic() + seconds
        waiting = select.poll()  # select() refuses the files of a server that has a thousand open
        waiting.register(self._output, select.POLLIN)
        while b"\n" not in self._unread:
            left = until - time.monotonic()
            if left <= 0 or len(self._unread) > _MOST_REPORTED or not waiting.poll(left * 1000):
                return None
            more = os.read(self._output.fileno(), 65536)
            if not more:
                return None
            self._unread += more
        line, self._unread = self._unread.split(b"\n", 1)
        with contextlib.suppress(ValueError, RecursionError):
            report = json.loads(line)
            return report if isinstance(report, dict) else None
        return None

    def end(self) -> None:
        """Ends the process."""
        self._process.kill()
        self.let_go()
        self._process.wait()

    def let_go(self) -> None:
        """Closes this process's ends of the pipes."""
        for pipe in (self._input, self._output):
            with contextlib.suppress(OSError):
                pipe.close()


def _none(cause: Message) -> RequestError:
    return RequestError("What was written cannot be checked here, because {cause}", cause=cause)


_every: weakref.WeakSet[PythonPool] = weakref.WeakSet()
#: Those that are at work, too: a fork that kept its end of their pipes would keep them alive when this process ends.
_processes: weakref.WeakSet[_PythonProcess] = weakref.WeakSet()


def _close() -> None:
    for pool in list(_every):
        pool.close()


def _forget() -> None:
    for worker in list(_processes):
        worker.let_go()
    for pool in list(_every):
        pool.forget()


atexit.register(_close)
os.register_at_fork(after_in_child=_forget)
