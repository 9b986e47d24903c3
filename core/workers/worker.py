"""One learner of a run in a process of its own: consumes `Trainer.steps()`, writes the trace, listens to controls.

Nobody calls a worker: whatever it is asked comes through the store, whatever it does is read from there.
"""

from __future__ import annotations

import dataclasses
import os
import signal
import time
from typing import Any, cast

from core.errors import Message
from core.runs import lifecycle
from core.runs.errors import RunNotFound, StoreError
from core.runs.event_values import LEFT
from core.runs.store import RunStore
from core.training import beginning, checkpoints
from core.training.answer import rates
from core.training.learning import Learning
from core.training.trace import StepTrace
from core.training.trainer import Trainer
from core.versions import versions
from core.workers import answering, preparing, reasons
from core.workers.child import STORE_LOST
from core.workers.controls import Controls
from core.workers.interruption import Interruption, Stopped, StopRequest
from core.workers.saving import Checkpoints

TELL_S = 0.2  # how often it says how far its preparations are, and hears whether it shall stop meanwhile


class Worker:
    """Trains one learner of one run until it is finished or stopped."""

    def __init__(self, store: RunStore, run_id: str, learner: str) -> None:
        self.store, self.run_id, self.learner = store, run_id, learner
        self.closing = False  # set by a signal: the app goes away
        self._parent = os.getppid()
        self._reported_at = float("-inf")
        self._trainer: Learning | None = None
        self._checkpoints = Checkpoints(checkpoints.folder(store.home, run_id, learner))
        self._controls = Controls(store, run_id, learner, self._save)
        self._kept = 0  # steps whose traces are in the store
        self._begun = False  # the first step of this life may be made
        self._in_step = False
        self.interruption = Interruption(self._shall_stop, self._give_up)

    @property
    def trainer(self) -> Learning:
        assert self._trainer is not None
        return self._trainer

    @property
    def _answering(self) -> Trainer:
        """The trainer of a learner that writes answers (`Learning.answers`)."""
        return cast(Trainer, self._trainer)

    def run(self) -> None:
        """Trains the learner up to its final status. Raises what the trainer or the store raises."""
        try:
            self._begin()
            steps = self.trainer.steps()
            while True:
                self._controls.before_step(self._raise_if_left)
                self._in_step = True
                with self.interruption.allowed():
                    trace = next(steps, None)
                if trace is not None:
                    self._keep(trace)
                self._in_step = False
                if trace is None:
                    break
            self._save()
            self._leave()
            self._conclude()
        except Stopped as stopped:
            self.interruption.acknowledge()
            self._end(stopped.reason)
            return
        lifecycle.mark(self.store, self.run_id, self.learner, "finished")

    # -- the end before the end ------------------------------------------------------------------------------------

    def _end(self, reason: Message | None) -> None:
        """Saves what can be saved, and writes down that the learner has stopped. `reason` as Stopped's."""
        self.store.get(self.run_id)  # raises RunNotFound where it was deleted: nothing more is kept of it then
        intact = not self._in_step or self._intact()
        if self._begun and intact:
            self._save()
            self._leave()
        self._write_end(self.store, reason, intact)

    def _intact(self) -> bool:
        """Whether the models are as after the last step that is in the store: then a checkpoint of them is right."""
        return not self.trainer.changing and self.trainer.step == self._kept

    def _write_end(self, store: RunStore, reason: Message | None, intact: bool) -> None:
        if self._begun:
            where = self._lost(intact) if self._in_step else None
            value = where or reason
            store.add_event(self.run_id, self.learner, self._kept, "stop", value and value.to_dict())
            reason = reason or (None if intact else where)
        lifecycle.mark(store, self.run_id, self.learner, "stopped", reason)

    def _lost(self, intact: bool) -> Message:
        return reasons.lost(self._kept + 1, self._checkpoints.newest, intact=intact)

    def _shall_stop(self) -> StopRequest | None:
        """StopRequest several times a second, in a thread of its own."""
        self.closing = self.closing or self.interruption.arrived(signal.SIGTERM)
        try:
            self._raise_if_left()
            # Read already, and to be in force at a step that all have in common: a long one is not waited for either.
            asked = self._controls.stop_is_asked()
            return StopRequest() if asked or self.store.patient(0).shall_stop(self.run_id, self.learner) else None
        except Stopped as stopped:
            return StopRequest(stopped.reason)
        except StoreError:  # it is locked, say; the main thread waits for it, too
            return None

    def _give_up(self, asked: StopRequest) -> None:
        """Ends the process while the main thread is somewhere it does not come back from in time."""
        try:
            self._write_end(self.store.patient(0), asked.reason, intact=not self._in_step)
        except RunNotFound:
            pass
        except StoreError:
            os._exit(STORE_LOST)
        os._exit(0)

    def _begin(self) -> None:
        """Starts from the newest checkpoint, or from the start weights where there is none."""
        info = self.store.get(self.run_id)
        preparing.check_room(info.config, self.learner, self._prepare)
        with self.interruption.allowed():
            self._trainer = checkpoints.newest(self._checkpoints.folder, self._prepare)
            if self._trainer is None:
                labels = self.store.preferences(self.run_id) or ()
                self._trainer = beginning.begin(info.config, self.learner, self._prepare, labels)
        first = self._kept = self.trainer.step
        self._checkpoints.begin(first)
        self._controls.begin(self.trainer)
        lifecycle.describe(
            self.store,
            self.run_id,
            self.learner,
            step=first - 1,
            steps=self.trainer.config.steps,
            start_hash=self.trainer.start_hash,
            device=str(self.trainer.device),
            versions=versions(),
        )
        if self.trainer.warning is not None:
            lifecycle.warn(self.store, self.run_id, self.learner, self.trainer.warning)
        self._event("start" if first == 0 else "continue", self.trainer.note.to_dict())
        if first == 0 and self.trainer.answers and self.trainer.config.compare_samples:
            self._compare_before()
        lifecycle.prepared(self.store, self.run_id, self.learner)
        self._begun = True

    def _tell(self, message: Message, share: float | None) -> bool:
        """Reports what is being done, a few times a second at most. Returns whether it did so this time."""
        now = time.monotonic()
        if share is not None and now - self._reported_at < TELL_S:
            return False
        self._reported_at = now
        with self.interruption.withheld():
            lifecycle.preparing(self.store, self.run_id, self.learner, message, share)
        return True

    def _prepare(self, message: Message, share: float | None) -> None:
        """Says what is being done before the first step. Raises Stopped where it shall end."""
        if not self._tell(message, share):
            return
        with self.interruption.withheld():
            self._controls.read()
        self._raise_if_left()
        if self._controls.stop_is_asked():
            raise Stopped

    def _raise_if_left(self) -> None:
        """Raises Stopped where the app goes away, or the process that started this one has gone."""
        if self.closing:
            raise Stopped(lifecycle.CLOSED)
        if os.getppid() != self._parent:
            raise Stopped(lifecycle.STARTER_GONE)

    def _compare_before(self) -> None:
        """The held-out questions' answers before the first step, once in the run's life."""
        if answering.is_there(self.store.events(self.run_id), self.learner, "before"):
            return
        self._prepare(answering.beginning("before"), None)
        with self.interruption.allowed():
            answers = answering.compared(self._answering, "before", self._prepare)
        self._event("evaluation", answers)

    def _leave(self) -> None:
        """Keeps what other runs may take from this one. What the disk refuses is said, and ends no run."""
        try:
            left = self.trainer.leave()
        except OSError as error:
            cause = error.strerror or str(error) or type(error).__name__
            words = Message("The reward model could not be kept: {cause}.", cause=cause)
            lifecycle.warn(self.store, self.run_id, self.learner, words)
            return
        if left is not None:
            self._event(LEFT, left)

    def _conclude(self) -> None:
        """What the trained policy answers to the held-out questions."""
        if not self.trainer.answers:
            return
        last = self.trainer.step - 1
        if not self.trainer.config.compare_samples:
            with self.interruption.allowed():
                success = self._answering.final_evaluation()
            self._event("final", success, step=last)
            return
        self._tell(answering.beginning("after"), None)
        with self.interruption.allowed():
            answers = answering.compared(self._answering, "after", self._tell)
        self._event("evaluation", answers, step=last)
        self._event("final", rates(answers), step=last)

    def _keep(self, trace: StepTrace) -> None:
        # The trainer reports a change with the next step; it stands among the events since it was made.
        events = [x for x in trace.events if x["kind"] != "changed"]
        for event in events:
            if event["kind"] == "drift":
                lifecycle.warn(
                    self.store, self.run_id, self.learner, reasons.about_drift(self._answering, event["value"])
                )
        self.store.append(self.run_id, dataclasses.replace(trace, events=events))
        self._kept = trace.step + 1
        if self._checkpoints.is_due(self.trainer):
            self._save()
        self._controls.after_step(trace.step)

    def _save(self) -> None:
        self._checkpoints.save(self.trainer)

    def _event(self, kind: str, value: Any = None, *, step: int | None = None) -> None:
        self.store.add_event(self.run_id, self.learner, self.trainer.step if step is None else step, kind, value)
