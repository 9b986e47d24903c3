"""Who starts workers: an interface, and the launcher of one machine (a queue, a limit, one warm fork server)."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any, Protocol

from core import environment
from core.errors import Message, Refusal
from core.runs import lifecycle
from core.runs.errors import RunNotFound, StoreError
from core.runs.patience import WORKERS_S
from core.runs.records import ACTIVE, RunInfo, RunUnreadable
from core.runs.store import RunStore
from core.training import checkpoints
from core.workers import starting
from core.workers.child import ended_by, variables
from core.workers.limits import RunLimits

log = logging.getLogger(__name__)

#: A worker's end that could not be written down, as the store was locked all the time, is tried again so much later.
AGAIN_S = 5.0


class LauncherError(Refusal, RuntimeError):
    """A run cannot be started or continued."""


class Launcher(Protocol):
    def start(self, run_id: str) -> None:
        """Starts every learner of a run, or puts it in the queue. Raises LauncherError, RunNotFound, StoreError."""

    def resume(self, run_id: str, steps: int | None = None) -> None:
        """Continues a paused, stopped or failed run, or one that is finished and shall now make `steps` steps.

        Raises what `start` does.
        """

    def warm(self) -> None:
        """Gets ready, so that the next start is quick. Returns at once."""

    def close(self) -> None:
        """Asks every worker to save and stop, and waits for them."""


class LocalLauncher:
    """Workers on this machine, forked from one warm process. Safe to call from any thread."""

    def __init__(self, store: RunStore, limit: int | None = None, limits: RunLimits | None = None) -> None:
        """`limit`: how many runs train at a time (default: CREDIT_LAB_MAX_RUNS, else half the cores, at least 1);
        `limits`: what a run may ask for here (default: nothing is limited)."""
        self.store = store
        self.limit = limit or environment.environment().max_runs or max(1, (os.cpu_count() or 1) // 2)
        self.limits = limits or RunLimits()
        self._patient = store.patient(WORKERS_S)  # for what has to be written down, however long that takes
        self._closed = threading.Event()
        self._lock = threading.RLock()
        self._fork_server: subprocess.Popen[bytes] | None = None
        self._queue: dict[str, list[str]] = {}  # run → learners that wait, in the order of their start
        self._busy: dict[str, set[str]] = {}  # run → learners that have a worker

    def start(self, run_id: str) -> None:
        info = self._startable(run_id)
        if any(x.status != "queued" for x in info.learners):
            raise LauncherError("The run {given} was started before; resume it instead.", given=repr(info.name))
        if refusal := self._refusal(info):
            for learner in info.learners:
                lifecycle.mark(self.store, run_id, learner.name, "failed", refusal)
            raise LauncherError(refusal)
        self._enqueue(run_id, [x.name for x in info.learners])

    def resume(self, run_id: str, steps: int | None = None) -> None:
        info = self._startable(run_id)
        if info.status in ACTIVE:
            if steps is not None:
                self.limits.check_steps(steps)
                self.store.control(run_id, "change", {"steps": steps})
            self.store.control(run_id, "resume")
            return
        names = [x.name for x in info.learners if steps is not None or x.status != "finished"]
        done = max(x.step + 1 for x in info.learners)
        if steps is not None and steps < done:
            raise LauncherError("The run has made {done} steps already; ask for more than that.", done=done)
        if not names or (steps is not None and steps == done and info.status == "finished"):
            if done == 1:
                raise LauncherError("The run has made its only step; ask for more steps to continue it.")
            raise LauncherError("The run has made all its {done} steps; ask for more steps to continue it.", done=done)
        if steps is not None:
            self.limits.check_steps(steps)
        if refusal := self._refusal(info):
            raise LauncherError(refusal)
        self._enqueue(run_id, names, steps)

    def warm(self) -> None:
        if starting.training_off() is None:
            with self._lock:
                self._ready_fork_server()

    def close(self) -> None:
        self._closed.set()
        with self._lock:
            server, self._fork_server = self._fork_server, None
            waiting, self._queue = self._queue, {}
        for run_id, names in waiting.items():
            for name in names:
                lifecycle.end(self.store, run_id, name, [os.getpid()], "stopped", lifecycle.LEFT_QUEUE)
        if server is not None and server.stdin is not None:
            with contextlib.suppress(BrokenPipeError):  # it died before it read what was last asked
                server.stdin.close()
            try:
                server.wait(timeout=30)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()

    # -- inside ----------------------------------------------------------------------------------------------------

    def _startable(self, run_id: str) -> RunInfo:
        if off := starting.training_off():
            raise LauncherError(off)
        info = self.store.get(run_id)
        if info.recorded:
            raise LauncherError("This run was recorded elsewhere; start a new one to train.")
        with self._lock:
            if run_id in self._queue or (run_id in self._busy and info.status not in ACTIVE):
                raise LauncherError(
                    "The run {given} is being started or stopped just now; wait a moment.", given=repr(info.name)
                )
        return info

    def _refusal(self, info: RunInfo) -> Message | None:
        """Why it may not run here. Not for want of memory while another trains, whose memory will be free again."""
        with self._lock:
            busy = bool(self._busy)
        begun = any(x.step >= 0 for x in info.learners)
        return starting.refusal(info.config, self.limits, self.store, alone=not busy, begun=begun)

    def _enqueue(self, run_id: str, names: list[str], steps: int | None = None) -> None:
        with self._lock:
            full = len(self._busy) >= self.limit
            lifecycle.enqueue(self.store, run_id, names, _turn(self.limit) if full else None)
            if steps is not None:
                for name in names:
                    self.store.control(run_id, "change", {"steps": steps}, name)
            self._queue[run_id] = names
            self._dispatch()

    def _dispatch(self) -> None:
        """Gives workers to as many waiting runs as there are places for."""
        with self._lock:
            while self._queue and len(self._busy) < self.limit:
                run_id = next(iter(self._queue))
                waiting = self._still_waiting(run_id, self._queue[run_id])  # it stays in the queue where that fails
                del self._queue[run_id]
                if not waiting:
                    continue
                self._busy[run_id] = set(waiting)
                try:
                    for name in waiting:
                        self._request_worker(run_id, name)
                except OSError as error:
                    self._busy.pop(run_id, None)
                    reason = Message("No worker process could be started: {cause}.", cause=error.strerror or error)
                    for name in waiting:
                        lifecycle.end(self.store, run_id, name, [os.getpid()], "failed", reason)

    def _still_waiting(self, run_id: str, names: list[str]) -> list[str]:
        try:
            return [x.name for x in self.store.get(run_id).learners if x.name in names and x.status == "queued"]
        except (RunNotFound, RunUnreadable):
            return []

    def _request_worker(self, run_id: str, learner: str) -> None:
        request = {"run": run_id, "learner": learner, "url": self.store.url, "home": str(self.store.home)}
        server = self._ready_fork_server()
        assert server.stdin is not None
        server.stdin.write(json.dumps(request).encode() + b"\n")
        server.stdin.flush()

    def _ready_fork_server(self) -> subprocess.Popen[bytes]:
        if self._fork_server is None or self._fork_server.poll() is not None:
            logs = self.store.home / "logs"
            logs.mkdir(parents=True, exist_ok=True)
            with (logs / "fork-server.log").open("ab") as errors:
                self._fork_server = subprocess.Popen(
                    # -P: the current folder may hold a `core` of its own; ours is on PYTHONPATH.
                    [sys.executable, "-P", "-m", "core.workers.fork_server"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    env=variables(),
                    start_new_session=True,  # a Ctrl-C in the app's terminal is not meant for workers
                )
            threading.Thread(
                target=self._watch, args=(self._fork_server,), daemon=True, name="fork-server-watch"
            ).start()
        return self._fork_server

    def _watch(self, server: subprocess.Popen[bytes]) -> None:
        """Reads from the fork server which workers have ended, for as long as it lives."""
        assert server.stdout is not None
        for line in server.stdout:
            message = json.loads(line)
            if "run" in message:
                self._ended(**message)
        server.wait()
        with self._lock:
            abandoned = {} if self._fork_server is not server else dict(self._busy)
            for run_id in abandoned:
                self._busy.pop(run_id, None)
        for run_id, names in abandoned.items():  # workers that live on notice it too, and stop by themselves
            place = self.store.home / "logs" / "fork-server.log"
            reason = Message("The process that starts workers ended (details in {place}).", place=place)
            for name in names:
                self._insist(lifecycle.end, self._patient, run_id, name, [os.getpid()], "failed", reason)
        self._insist(self._dispatch)  # runs that waited get a new fork server

    def _ended(self, run: str, learner: str, pid: int, code: int) -> None:
        with self._lock:
            self._busy.get(run, set()).discard(learner)
            if not self._busy.get(run):
                self._busy.pop(run, None)
        # Not in this thread, which has other ends to hear of while the store may be locked.
        threading.Thread(target=self._settle, args=(run, learner, pid, code), daemon=True).start()

    def _settle(self, run: str, learner: str, pid: int, code: int) -> None:
        """What follows from a worker's end: where it could not, it is written down; then others' turn comes."""
        if code:
            self._insist(self._write_end, run, learner, pid, code)
        self._insist(self._dispatch)

    def _insist(self, action: Callable[..., Any], *args: Any) -> None:
        """Does it as soon as the store lets it, however long that takes; a run that was deleted needs nothing more."""
        while True:
            try:
                action(*args)
                return
            except (RunNotFound, RunUnreadable):
                return
            except StoreError as error:
                log.warning("what a worker's end calls for cannot be written down yet: %s", error)
                if self._closed.wait(AGAIN_S):
                    return

    def _write_end(self, run: str, learner: str, pid: int, code: int) -> None:
        closed = code == -signal.SIGTERM
        saved = checkpoints.after_a_step(checkpoints.folder(self.store.home, run, learner))
        reason = lifecycle.CLOSED if closed else ended_by(code, saved=saved)
        pids = [pid, os.getpid()]
        lifecycle.end(self._patient, run, learner, pids, "stopped" if closed else "failed", reason)
        # A run is a comparison: what goes on alone is not worth a core, and Resume continues all of it.
        if any(x.status in lifecycle.LIVE for x in self._patient.get(run).learners):
            self._patient.control(run, "stop")


def _turn(limit: int) -> Message:
    if limit == 1:
        return Message("It waits for its turn: one run at a time trains here.", key="it-waits-for-its-turn-run-at-a")
    return Message("It waits for its turn: {limit} runs at a time train here.", limit=limit)
