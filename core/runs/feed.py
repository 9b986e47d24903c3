"""What a viewer's browser is sent about a run: JSON, compressed once for all viewers.

A hundred viewers of one run cost about what one costs: the store is read at most every `refresh_s` per run, and each
answer is built and compressed once per (what, revision) and shared.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import logging
import math
import threading
import time
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.errors import Refusal
from core.runs.errors import DataUnreadable, RunNotFound
from core.runs.group_view import group_view
from core.runs.opening import Opening, opening
from core.runs.queueing import paces, place_of
from core.runs.records import RunUnreadable
from core.runs.view_values import number
from core.runs.views import run_view, step_view, with_trained

if TYPE_CHECKING:
    from core.runs.records import RunInfo
    from core.runs.store import RunStore

_logger = logging.getLogger(__name__)

#: A first load sends at most about this many rows; longer histories are thinned, newest rows never.
MOST_ROWS = 5000
#: What is measured on what was held out: a row that has one of these is the last to be thinned.
_HELD = ("heldout_success", "heldout_pair_loss")
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
        self._logs: OrderedDict[str, _Log] = OrderedDict()
        self._cache: OrderedDict[tuple[Any, ...], Payload] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

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
                return _pack(_dump(step_view(self._store, log.run, step, learners, revision)), revision)

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
                return _pack(_dump(view), revision)

        with log.building:
            return self._shared(("group", run_id, step, group, revision), build)

    def _find(self, run_id: str, step: int) -> tuple[_Log, str, list[str]]:
        log = self._log(run_id)
        with log.lock:
            self._refresh(log)
            made = log.revisions.get(step)
            if not made:
                raise StepNotFound("no learner of this run has finished a step {step}", step=step)
            return log, revision_of(made), [x.name for x in log.run.learners if x.name in made]

    def _refresh(self, log: _Log) -> None:
        try:
            with _showing(log.run_id):
                log.refresh(self._store, self._refresh_s)
        except (RunNotFound, RunUnreadable):  # deleted, or a guess: guesses must not push out runs that people watch
            with self._lock:
                self._logs.pop(log.run_id, None)
            raise

    def _log(self, run_id: str) -> _Log:
        with self._lock:
            log = self._logs.get(run_id)
            if log is None:
                log = self._logs[run_id] = _Log(run_id)
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


@dataclass(frozen=True, slots=True)
class _EncodedStep:
    cursor: int
    text: bytes
    evaluated: bool


class _Log:
    """What has been read of one run so far, kept as encoded rows so that a viewer costs no read of the store."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        self.lock = threading.Lock()  # held while reading the store, so that many viewers make one read
        self.building = threading.Lock()  # held while building an answer, so that many viewers make one
        self.cursor = 0
        self.version = ""
        self.run: Any = None
        self.revisions: dict[int, dict[str, int]] = {}
        self._head = b"{}"
        self._rows: OrderedDict[tuple[str, int], _EncodedStep] = OrderedDict()  # by (learner, step)
        self._rates: dict[int, dict[str, float | None]] = {}
        self._opening: tuple[int, Opening | None] = (-1, None)  # (the cursor when it was looked for, what was there)
        self._read = float("-inf")

    def refresh(self, store: RunStore, refresh_s: float) -> None:
        if time.monotonic() - self._read < refresh_s:
            return
        if self.run is None:
            store.get(self.run_id)  # raises where there is none
        # Rows first: one that a learner adds meanwhile comes with the next look. The other way round it would be beyond
        # the last step that the run names, and be taken for one that the learner has left behind.
        rows, cursor = store.rows_since(self.run_id, self.cursor)
        run = store.get(self.run_id)
        for row in rows:
            self._add(with_trained(row, run.config), cursor)
        self._forget({learner.name: learner.step for learner in run.learners})
        while len(self._rows) > MOST_ROWS:
            self._thin()
        self.run, self.cursor = run, cursor
        events = [_brief(x) for x in store.events(self.run_id)]
        view = run_view(run, self._opens(store, run, cursor))
        view["run"]["waiting"] = _waiting(store, run)
        self._head = _dump({**view, "events": events})[1:-1]
        digest = hashlib.sha256(self._head)
        digest.update(b"%d" % cursor)
        self.version = digest.hexdigest()[:20]
        self._read = time.monotonic()

    def _opens(self, store: RunStore, run: RunInfo, cursor: int) -> Opening | None:
        """Where a board of a run that is over opens; one that goes on is followed. What is damaged decides nothing."""
        if run.under_way:
            return None
        if self._opening[0] != cursor:
            try:
                self._opening = cursor, opening(store, run, self._rates)
            except (Refusal, ValueError, TypeError, LookupError, ArithmeticError) as error:
                _logger.info("no step to open the run %s at: %s", self.run_id, error)
                self._opening = cursor, None
        return self._opening[1]

    def encode(self, since: int) -> bytes:
        if since > self.cursor:  # the run was made anew under its old id: send everything
            since = 0
        rows = [row.text for row in self._rows.values() if row.cursor > since]
        whole = b"true" if since == 0 else b"false"
        return b'{"cursor":%d,"whole":%s,%s,"rows":[%s]}' % (self.cursor, whole, self._head, b",".join(rows))

    def _add(self, values: dict[str, Any], cursor: int) -> None:
        key = (values["learner"], values["step"])
        text = _dump({name: number(value) for name, value in values.items()})
        revision = zlib.crc32(text)
        self.revisions.setdefault(values["step"], {})[values["learner"]] = revision
        self._rates.setdefault(values["step"], {})[values["learner"]] = values.get("success_rate")
        self._rows.pop(key, None)  # a step made again moves to the end: it is news
        text = text[:-1] + b',"revision":"%x"}' % revision
        self._rows[key] = _EncodedStep(cursor, text, any(values.get(x) is not None for x in _HELD))

    def _forget(self, last: dict[str, int]) -> None:
        """A run that goes on from a checkpoint has left the steps after it behind; the browser drops them likewise."""
        for key in [key for key in self._rows if key[1] > last.get(key[0], -1)]:
            del self._rows[key]
            self.revisions[key[1]].pop(key[0], None)
            self._rates[key[1]].pop(key[0], None)

    def _thin(self) -> None:
        """Drops every second step of the older part, for all learners alike; held-out measurements stay if they can."""
        for spare_evaluations in (True, False):
            if len(self._rows) <= MOST_ROWS:
                return
            old = list(self._rows)[: -MOST_ROWS // 2]
            dropped = set(sorted({step for _, step in old})[1::2])
            for key in old:
                if key[1] in dropped and not (spare_evaluations and self._rows[key].evaluated):
                    del self._rows[key]


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


def _waiting(store: RunStore, run: RunInfo) -> dict[str, Any] | None:
    """Its place in the queue, and about how many seconds it will wait; the nearest five, so that it rarely changes."""
    if run.status != "queued" or not run.under_way:
        return None
    try:
        runs = store.runs()
        place = place_of(run, runs, paces(store, runs))
    except Refusal as error:  # of another run, which was deleted meanwhile, or is damaged
        _logger.info("no place in the queue for the run %s: %s", run.id, error)
        return None
    if place is None:
        return None
    wait = None if place.wait_s is None or not math.isfinite(place.wait_s) else 5 * math.ceil(place.wait_s / 5)
    return {"place": place.place, "wait_s": wait}


def _brief(event: dict[str, Any]) -> dict[str, Any]:
    """An event without the answers to every held-out question: no board shows them, and they can be a megabyte."""
    return {**event, "value": None} if event["kind"] == "evaluation" else event


def revision_of(made: dict[str, int]) -> str:
    """One short text for the revisions of a step's rows, learner by learner; the browser forms the same."""
    return "-".join(f"{made[name]:x}" for name in sorted(made))


def _dump(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8", "replace")


def _pack(text: bytes, revision: str | None = None) -> Payload:
    body = gzip.compress(text, compresslevel=6, mtime=0)
    return Payload(body, f'"{hashlib.sha256(body).hexdigest()[:20]}"', revision)
