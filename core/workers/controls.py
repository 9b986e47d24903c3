"""What is asked of a learner while its run goes on: to pause, to make one step, to stop, to change settings.

Whatever it is comes as rows of the store, is done between two steps, and is written down as an event of the run.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Any

from core.errors import ConfigError
from core.runs import lifecycle
from core.runs.records import Control
from core.runs.store import RunStore
from core.training.learning import Learning
from core.workers import preparing, waiting
from core.workers.interruption import Stopped
from core.workers.waiting import Waiting

POLL_S = 0.05  # while paused


class Controls:
    """The controls of one learner. `begin` comes before anything but `read` and `stop_is_asked`."""

    trainer: Learning

    def __init__(self, store: RunStore, run_id: str, learner: str, save: Callable[[], None]) -> None:
        """`save` writes a checkpoint of the trainer as it is."""
        self.store, self.run_id, self.learner, self.save = store, run_id, learner, save
        self.paused = False  # makes no step until it is asked to
        self._last: int | None = None  # the step after which it pauses again
        self._replay: deque[tuple[int, dict[str, Any]]] = deque()
        self._asked: deque[Control] = deque()  # what was read and is still to be done

    def begin(self, trainer: Learning) -> None:
        """The trainer is what is controlled from now on; changes made after its checkpoint are made again."""
        self.trainer = trainer
        self._replay = preparing.changes_from(self.store.events(self.run_id), self.learner, trainer.step)

    def read(self) -> None:
        """Takes what was asked out of the store."""
        self._asked += self.store.take_controls(self.run_id, self.learner)

    def stop_is_asked(self) -> bool:
        """Whether a stop is among what was read. Other threads may ask."""
        return any(x.kind == "stop" for x in list(self._asked))

    def before_step(self, raise_if_left: Callable[[], None]) -> None:
        """Does what was asked since the last step; returns when the next step shall be made. Raises Stopped.

        `raise_if_left` raises it where nobody is there any more for whom to go on.
        """
        level = self.trainer.config.keep_level and len(self.trainer.config.learners) > 1
        wait = Waiting(self.store, self.run_id, self.learner, self.trainer.step)
        while True:
            raise_if_left()
            ready = self.paused or not level or self.trainer.step >= self.trainer.config.steps
            paused, others = self.paused, [] if ready else wait.others()
            # Last: what is asked after this comes too late for the next step (core/runs/level.py says why).
            self.read()
            while self._asked and self._is_due(self._asked[0]):
                self._apply(self._asked.popleft())
            if not (paused or self.paused or others):
                break
            if self.paused or others:
                time.sleep(POLL_S if self.paused else waiting.POLL_S)
        if self._replayed():
            lifecycle.set_steps(self.store, self.run_id, self.learner, self.trainer.config.steps)

    def after_step(self, step: int) -> None:
        """Pauses again where one step, or all up to this one, was asked for. The step is in the store."""
        if self._last is not None and step >= self._last:
            self._last, self.paused = None, True
            lifecycle.mark(self.store, self.run_id, self.learner, "paused")

    def _is_due(self, control: Control) -> bool:
        """A pause or a stop that all learners make after the same step waits for that; so does what was asked later."""
        if control.kind not in ("pause", "stop") or control.at is None or self.paused:
            return True
        return self.trainer.step > control.at

    def _apply(self, control: Control) -> None:
        if control.kind == "stop":
            raise Stopped
        if control.kind == "change":
            self._change(control.value)
            return
        if control.kind == "step" and control.at is not None and self.trainer.step > control.at:
            return  # the others come after it
        was_paused, self.paused = self.paused, control.kind == "pause"
        self._last = None
        if control.kind == "step":
            self._last = self.trainer.step if control.at is None else control.at
        self._event(control.kind)
        if was_paused != self.paused:
            if self.paused:
                self.save()
            lifecycle.mark(self.store, self.run_id, self.learner, "paused" if self.paused else "running")

    def _replayed(self) -> bool:
        """Makes the changes again that an earlier life made up to this step. Whether there were any."""
        due = bool(self._replay) and self._replay[0][0] <= self.trainer.step
        while self._replay and self._replay[0][0] <= self.trainer.step:
            self.trainer.change(self._replay.popleft()[1])
        return due

    def _change(self, assignments: dict[str, Any]) -> None:
        before = self.trainer.config
        self._replayed()  # older changes at this very step come first
        try:
            self.trainer.change(assignments)
        except ConfigError as error:
            refused = {"assignments": assignments, "reason": str(error), "message": error.message.to_dict()}
            self._event("rejected-change", refused)
            return
        if self.trainer.config != before:  # what an earlier life made from here on belongs to other settings
            only_longer = set(assignments) == {"steps"}
            if not only_longer:
                self._replay.clear()
            lifecycle.forget_future(self.store, self.run_id, self.learner, self.trainer.step, changes=not only_longer)
        self._event("change", assignments)
        lifecycle.set_steps(self.store, self.run_id, self.learner, self.trainer.config.steps)

    def _event(self, kind: str, value: Any = None) -> None:
        self.store.add_event(self.run_id, self.learner, self.trainer.step, kind, value)
