"""What a viewer's browser is sent about a run: JSON, compressed once for all viewers.

A hundred viewers of one run cost about what one costs: the store is read at most every `refresh_s` per run, and each
answer is built and compressed once per (what, revision) and shared.
"""

from __future__ import annotations

import gzip
import hashlib
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.errors import Refusal
from core.runs.errors import DataUnreadable, RunNotFound
from core.runs.feed_log import FeedLog, as_json
from core.runs.group_view import group_view
from core.runs.records import RunUnreadable
from core.runs.views import step_view

if TYPE_CHECKING:
    from core.runs.records import RunInfo
    from core.runs.store import RunStore

_logger = logging.getLogger(__name__)

_CACHE_BYTES = 8 * 2**20  # some hundred steps; what nobody looks at any more is built again when asked for
_MOST_LOGS = 32


@dataclass(frozen=True)
class Payload:
    """One answer: gzipped JSON, and a tag that changes exactly when its content does."""

    body: bytes
    etag: str
    revision: str | None = None  # of a step: the same revision is the same content for ever

    def text(self) -> str:
        return gzip.decompress(self.body).decode()


class StepNotFound(RunNotFound):
    """No learner of the run has finished that step, or the step's panel has no such group."""


class Feed:
    """Answers for viewers of the runs in one store. Safe to call from many threads."""

    def __init__(self, store: RunStore, refresh_s: float = 0.2) -> None:
        self._store = store
        self._refresh_s = refresh_s
        self._logs: OrderedDict[str, FeedLog] = OrderedDict()
        self._cache: OrderedDict[tuple[Any, ...], Payload] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def run(self, run_id: str) -> RunInfo:
        """The run as this feed knows it, up to `refresh_s` old: none of its steps is newer than what `step` can show.

        Raises RunNotFound or RunUnreadable.
        """
        log = self._log(run_id)
        with log.lock:
            self._refresh(log)
            run: RunInfo = log.run
            return run

    def live(self, run_id: str, since: int = 0) -> Payload:
        """The run's state, and its step rows newer than the cursor `since` (0: all, thinned if very many).

        A cursor that this feed never gave out answers with everything. Raises RunNotFound or RunUnreadable.
        """
        log = self._log(run_id)
        with log.lock:
            self._refresh(log)
            key = ("live", run_id, since, log.version)
            return self._shared(key, lambda: _pack(log.encode(since)))

    def step(self, run_id: str, step: int) -> Payload:
        """The step's prompts and responses, and ratio and advantage of every token of the panel.

        Raises RunNotFound, StepNotFound or RunUnreadable.
        """
        log, revision, learners = self._find(run_id, step)

        def build() -> Payload:
            with _showing(run_id):
                return _pack(as_json(step_view(self._store, log.run, step, learners, revision)), revision)

        with log.building:
            return self._shared(("step", run_id, step, revision), build)

    def group(self, run_id: str, step: int, group: int) -> Payload:
        """Every number of every token of the responses to one prompt of the step, learner by learner.

        Raises RunNotFound, StepNotFound or RunUnreadable.
        """
        log, revision, learners = self._find(run_id, step)

        def build() -> Payload:
            with _showing(run_id):
                view = group_view(self._store, log.run, step, group, learners, revision)
                if not any(learner["responses"] for learner in view["learners"].values()):
                    raise StepNotFound(
                        "step {step} of this run keeps no tokens of a group {group}", step=step, group=group
                    )
                return _pack(as_json(view), revision)

        with log.building:
            return self._shared(("group", run_id, step, group, revision), build)

    def _find(self, run_id: str, step: int) -> tuple[FeedLog, str, list[str]]:
        log = self._log(run_id)
        with log.lock:
            self._refresh(log)
            made = log.revisions.get(step)
            if not made:
                raise StepNotFound("no learner of this run has finished a step {step}", step=step)
            return log, revision_of(made), [x.name for x in log.run.learners if x.name in made]

    def _refresh(self, log: FeedLog) -> None:
        try:
            with _showing(log.run_id):
                log.refresh(self._store, self._refresh_s)
        except (RunNotFound, RunUnreadable):  # deleted, or a guess: guesses must not push out runs that people watch
            with self._lock:
                self._logs.pop(log.run_id, None)
            raise

    def _log(self, run_id: str) -> FeedLog:
        with self._lock:
            log = self._logs.get(run_id)
            if log is None:
                log = self._logs[run_id] = FeedLog(run_id)
            self._logs.move_to_end(run_id)
            while len(self._logs) > _MOST_LOGS:
                self._logs.popitem(last=False)
            return log

    def _shared(self, key: tuple[Any, ...], build: Callable[[], Payload]) -> Payload:
        with self._lock:
            if key in self._cache:
                self._cache.move_to_end(key)
                return self._cache[key]
        payload = build()
        with self._lock:
            if key not in self._cache:
                self._cache[key] = payload
                self._size += len(payload.body)
            while self._size > _CACHE_BYTES and len(self._cache) > 1:
                self._size -= len(self._cache.popitem(last=False)[1].body)
            return payload


@contextmanager
def _showing(run_id: str) -> Iterator[None]:
    """What a run's stored data makes impossible concerns that run alone: raises DataUnreadable, and logs why."""
    try:
        yield
    except Refusal:
        raise
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError) as error:
        _logger.exception("the data of the run %s cannot be shown", run_id)
        raise DataUnreadable("What the store holds of this run cannot be shown; the server's log says why.") from error


def revision_of(made: dict[str, int]) -> str:
    """One short text for the revisions of a step's rows, learner by learner; the browser forms the same."""
    return "-".join(f"{made[name]:x}" for name in sorted(made))


def _pack(text: bytes, revision: str | None = None) -> Payload:
    body = gzip.compress(text, compresslevel=6, mtime=0)
    return Payload(body, f'"{hashlib.sha256(body).hexdigest()[:20]}"', revision)
