"""The worker processes: started when first needed, replaced when broken, kept between programs."""

from __future__ import annotations

import atexit
import hashlib
import json
import os
import shlex
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import Message, RequestError, cause_of
from core.places import data_folder
from core.sandbox.limits import ProgramLimits
from core.sandbox.wall.raised import PARTS

if TYPE_CHECKING:
    from pydantic_monty import Monty

#: A worker that hangs where the interpreter cannot see it is killed so much after its time.
GRACE = 0.15
_PROGRAMS_PER_WORKER = 500
_START_SECONDS = 30.0
_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class WorkerReply:
    """What a worker said of one program."""

    printed: str
    error: str | None  # "TypeError: …" where it did not run to its end
    late: bool = False  # its time was up
    killed: bool = False  # its worker is gone: it hung where the interpreter does not look at the clock, or broke
    full: bool = False  # it had printed all it may

    @property
    def broke(self) -> bool:
        """Whether it took its worker along."""
        return self.killed and not self.late


@dataclass
class Pool:
    """Workers behind one wall or both. `processes` at most work at the same time; the others wait."""

    processes: int = 1
    without: tuple[str, ...] = ()  # parts of the system's wall that are left out
    wall: bool = True  # False: the interpreter's own limits alone, as the tests of each wall by itself need it
    _monty: Monty | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, code: str, inputs: dict[str, Any], limits: ProgramLimits) -> WorkerReply:
        """Runs one program in an interpreter of its own. RequestError where there is no sandbox here."""
        monty = self._started()
        from pydantic_monty import CollectString, MontyCrashedError, MontyError

        collected = CollectString(limits.printed)
        most = {
            "max_feed_duration_secs": limits.seconds,
            "max_memory": limits.memory,
            "max_recursion_depth": limits.depth,
            "max_suspensions": 10,
            "max_total_sleep_secs": 0.0,
        }
        begun = time.monotonic()
        try:
            with monty.checkout(limits=most, os_policy=_POLICY) as session:  # type: ignore[arg-type]
                session.feed_run(code, inputs=inputs, print_callback=collected)
        except MontyCrashedError as error:
            return WorkerReply(collected.output, str(error), time.monotonic() - begun >= limits.seconds, killed=True)
        except MontyError as error:
            full = len(collected.output.encode()) > limits.printed // 2
            return WorkerReply(collected.output, named := _named(error), named.startswith("TimeoutError"), full=full)
        return WorkerReply(collected.output, None)

    def close(self) -> None:
        """Ends the workers; the next program starts others."""
        with self._lock:
            monty, self._monty = self._monty, None
            if monty is not None:
                monty.__exit__(None, None, None)

    def launcher(self) -> list[str]:
        """The command that becomes a worker behind the wall."""
        from pydantic_monty._binary import find_monty_binary

        code = (
            f"import sys; sys.path.insert(0, {str(_ROOT)!r}); from core.sandbox.wall.launch import main; "
            f"main({find_monty_binary()!r}, {self.without!r}, sys.argv[1:])"
        )
        return [sys.executable, "-I", "-S", "-B", "-c", code]

    def _started(self) -> Monty:
        global _begun
        missing = unavailable()
        if missing is not None:
            raise RequestError(missing)
        with self._lock:
            if self._monty is None:
                _begun = True
                self._monty = self._start()
            return self._monty

    def _start(self) -> Monty:
        for without in dict.fromkeys((self.without, (*self.without, "calls"))):
            self.without = without
            try:
                return self._entered()
            except Exception as error:  # whatever the pool or the system says: the filter may be too narrow for it
                cause = cause_of(error)
        raise RequestError("The sandbox cannot be started here, because {cause}", cause=cause)

    def _entered(self) -> Monty:
        """A pool whose worker has answered once."""
        from pydantic_monty import Monty

        monty = Monty(
            binary_path=self._script() if self.wall else None,
            min_processes=1,
            max_processes=self.processes,
            max_checkouts_per_worker=_PROGRAMS_PER_WORKER,
            feed_duration_limit_grace=GRACE,
            turn_duration_limit_grace=GRACE,
            request_timeout=10.0,  # of a worker that says nothing at all, such as one that never begins
        ).__enter__()
        try:
            with monty.checkout() as session:
                session.feed_run("1 + 1")
        except BaseException:
            monty.__exit__(None, None, None)
            raise
        return monty

    def _script(self) -> str:
        """The launcher as a file, since the pool takes a path. It is named by what stands in it, and kept."""
        text = f'#!/bin/sh\nexec {shlex.join(self.launcher())} "$@"\n'
        script = data_folder() / "sandbox" / f"worker-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
        if not script.exists():
            script.parent.mkdir(parents=True, exist_ok=True)
            new = script.with_suffix(f".{os.getpid()}")
            new.write_text(text)
            new.chmod(0o700)
            new.replace(script)
        return str(script)


#: The same clock and the same random numbers for every program; sleeping takes no time.
_POLICY: Any = {"sleep": "zero", "datetime": datetime(2026, 1, 1), "random_start": {"seed": 0}}


def _named(error: Any) -> str:
    """What a program ended with, as `TypeError: …`."""
    try:
        return str(error.display("type-msg"))
    except (AttributeError, TypeError):
        return str(error)


def unavailable() -> Message | None:
    """Why no program can be run here; None where it can."""
    if _forked:
        return Message("Programs cannot be run here, as this process was forked from one that had run some")
    try:
        from pydantic_monty._binary import find_monty_binary

        find_monty_binary()
    except (ImportError, FileNotFoundError):
        return Message(
            "Programs cannot be run here, as the interpreter for them is not installed: pip install pydantic-monty"
        )
    return None


def worker_walls(pool: Pool) -> dict[str, str | None]:
    """What of the system's wall a worker gets: None a part, or why it is not there. A worker is started to ask it."""
    if not pool.wall or unavailable() is not None:
        return {}
    command = [*pool.launcher(), "--walls"]
    try:
        answer = subprocess.run(command, capture_output=True, timeout=_START_SECONDS, stdin=subprocess.DEVNULL)
        return dict(json.loads(answer.stdout))
    except (OSError, subprocess.TimeoutExpired, ValueError):  # whoever asks says that no worker started
        return dict.fromkeys(PARTS, "")


_forked = False  # the client's threads do not survive a fork: it would wait for them for ever
_shared: Pool | None = None
_shared_lock = threading.Lock()


def shared() -> Pool:
    """This process's pool."""
    global _shared
    with _shared_lock:
        if _shared is None:
            _shared = Pool(processes=max(1, min(2, os.cpu_count() or 1)))
        return _shared


def close() -> None:
    """Ends this process's workers."""
    if _shared is not None and not _forked:
        _shared.close()


def _note_fork() -> None:
    global _forked, _shared_lock
    _shared_lock = threading.Lock()
    _forked = _forked or _begun


_begun = False
atexit.register(close)
os.register_at_fork(after_in_child=_note_fork)
