"""What a feed has read of one run, kept as encoded rows so that one more viewer costs no read of the store."""

from __future__ import annotations

import hashlib
import json
import logging
import math
import threading
import time
import zlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.errors import Refusal
from core.runs.opening import Opening, opening
from core.runs.queueing import paces, place_of
from core.runs.view_values import number
from core.runs.views import run_view, with_trained

if TYPE_CHECKING:
    from core.runs.records import RunInfo
    from core.runs.store import RunStore

_logger = logging.getLogger(__name__)

#: A first load sends at most about this many rows; longer histories are thinned, newest rows never.
MOST_ROWS = 5000
#: What is measured on what was held out: a row that has one of these is the last to be thinned.
_HELD = ("heldout_success", "heldout_pair_loss")


@dataclass(frozen=True, slots=True)
class _EncodedStep:
    cursor: int
    text: bytes
    evaluated: bool


class FeedLog:
    """What has been read of one run so far. `lock` is held while it is read, `building` while an answer is built."""

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
        self._head = as_json({**view, "events": events})[1:-1]
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
        text = as_json({name: number(value) for name, value in values.items()})
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


def as_json(value: Any) -> bytes:
    """Compact JSON; what is no Unicode text (half a surrogate pair) becomes "?". Raises ValueError on NaN."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8", "replace")
