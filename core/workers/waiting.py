"""A learner's wait, before a step, for others that have yet to finish the one before (core/runs/level.py)."""

from __future__ import annotations

import time

from core.errors import Message
from core.learners.titles import title_of
from core.runs import level, lifecycle
from core.runs.store import RunStore

POLL_S = 0.02
TELL_S = 2.0  # a wait that is longer is said on the page


class Waiting:
    """One wait of one learner: made when it is ready for its next step, and asked until nobody is waited for."""

    def __init__(self, store: RunStore, run_id: str, learner: str, step: int) -> None:
        """`step` is the one that it would make next, from 0."""
        self._store, self._run_id, self._learner, self._step = store, run_id, learner, step
        self._since, self._shown = time.monotonic(), False

    def others(self) -> list[str]:
        """Who is waited for now. A long wait is said in the learner's row, until it is over."""
        others = level.behind(self._store, self._run_id, self._learner, self._step - 1)
        if others and not self._shown and time.monotonic() - self._since > TELL_S:
            names = ", ".join(map(title_of, others))
            now = Message("It waits for {learners} to finish step {step}.", learners=names, step=self._step)
            lifecycle.preparing(self._store, self._run_id, self._learner, now, None)
            self._shown = True
        if not others:
            self.end()
        return others

    def end(self) -> None:
        """It waits no longer, whyever: nothing is said about it any more."""
        if self._shown:
            lifecycle.prepared(self._store, self._run_id, self._learner)
            self._shown = False
