"""One learner of a run in a process of its own: consumes `Trainer.steps()`, writes the trace, listens to controls.

Nobody calls a worker: whatever it is asked comes through the store, whatever it does is read from there.
"""

from __future__ import annotations

import dataclasses
import os
import signal
import time
from collections import deque
from typing import Any

from core.config import RunConfig
from core.errors import ConfigError, Message
from core.models import start
from core.models.fit import free_memory
from core.runs import lifecycle
from core.runs.errors import RunNotFound, StoreError
from core.runs.records import Control
from core.runs.store import RunStore
from core.training import checkpoints
from core.training.answer import rates
from core.training.trace import StepTrace
from core.training.trainer import Trainer
from core.versions import versions
from core.workers import waiting
from core.workers.child import STORE_LOST
from core.workers.interruption import Interruption, Stopped, StopRequest
from core.workers.waiting import Waiting

CONTROL_POLL_S = 0.05  # while paused
#: Besides every `checkpoint_every` steps: who is stopped inside a long step goes back no further. Where writing one
#: takes long, it is a tenth of the time at most.
SAVE_EVERY_S = 30.0
TELL_S = 0.2  # how often it says how far its preparations are, and hears whether it shall stop meanwhile


class Worker:
    """Trains one learner of one run until it is finished or stopped."""

    def __init__(self, store: RunStore, run_id: str, learner: str) -> None:
        self.store, self.run_id, self.learner = store, run_id, learner
        self.folder = checkpoints.folder(store.home, run_id, learner)
        self.closing = False  # set by a signal: the app goes away
        self._parent = os.getppid()
        self._paused = False
        self._last: int | None = None  # the step after which it pauses again
        self._replay: deque[tuple[int, dict[str, Any]]] = deque()
        self._asked: deque[Control] = deque()  # controls that were read while it prepared
        self._reported_at = float("-inf")
        self._trainer: Trainer | None = None
        self._saved_at, self._saved_when, self._save_took_s = -1, time.monotonic(), 0.0
        self._kept = 0  # steps whose traces are in the store
        self._begun = False  # the first step of this life may be made
        self._in_step = False
        self.interruption = Interruption(self._shall_stop, self._give_up)

    @property
    def trainer(self) -> Trainer:
        assert self._trainer is not None
        return self._trainer

    def run(self) -> None:
        """Trains the learner up to its final status. Raises what the trainer or the store raises."""
        try:
            self._begin()
            steps = self.trainer.steps()
            while True:
                self._listen()
                self._in_step = True
                with self.interruption.allowed():
                    trace = next(steps, None)
                if trace is not None:
                    self._keep(trace)
                self._in_step = False
                if trace is None:
                    break
            self._save()
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
        """What became of the step inside which it stopped; people count steps from 1."""
        step = self._kept + 1
        if intact:
            return Message("Inside step {step}, which Resume makes anew.", step=step)
        if self._saved_at <= 0:
            return Message("Stopped inside step {step}, before any checkpoint: Resume begins anew.", step=step)
        return Message(
            "Stopped inside step {step}: Resume continues from the last checkpoint, which is after step {saved}.",
            step=step,
            saved=self._saved_at,
        )

    def _shall_stop(self) -> StopRequest | None:
        """StopRequest several times a second, in a thread of its own."""
        self.closing = self.closing or self.interruption.arrived(signal.SIGTERM)
        try:
            self._raise_if_left()
            # Read already, and to be in force at a step that all have in common: a long one is not waited for either.
            asked = any(x.kind == "stop" for x in list(self._asked))
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
        self._check_room(info.config)
        with self.interruption.allowed():
            self._trainer = checkpoints.newest(self.folder, self._prepare)
            if self._trainer is None:
                self._trainer = Trainer(info.config, self.learner, self._prepare)
        first = self._saved_at = self._kept = self.trainer.step
        self._saved_at = first if checkpoints.saved(self.folder) else -1
        # Changes that were made after the checkpoint happen again, each before the same step.
        mine = (x for x in self.store.events(self.run_id) if x["learner"] == self.learner and x["kind"] == "change")
        self._replay = deque((x["step"], x["value"]) for x in mine if x["step"] >= first)
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
        if first == 0 and self.trainer.config.compare_samples:
            self._compare_before()
        lifecycle.prepared(self.store, self.run_id, self.learner)
        self._begun = True

    def _check_room(self, config: RunConfig) -> None:
        """Raises ConfigError where this learner needs more memory than is free, before anything is loaded."""
        start.locate(config.model, self._prepare)  # only then a fetched model's measures are known
        import torch

        cuda = config.device in ("auto", "cuda") and torch.cuda.is_available()
        device, dtype = "cuda" if cuda else "cpu", "float32" if config.dtype == "float32" else "bfloat16"
        free_memory.refuse_if_too_large(config, [config.learner(self.learner)], device=device, dtype=dtype)

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
            self._asked += self.store.take_controls(self.run_id, self.learner)
        self._raise_if_left()
        if any(x.kind == "stop" for x in self._asked):
            raise Stopped

    def _raise_if_left(self) -> None:
        """Raises Stopped where the app goes away, or the process that started this one has gone."""
        if self.closing:
            raise Stopped(lifecycle.CLOSED)
        if os.getppid() != self._parent:
            raise Stopped(lifecycle.STARTER_GONE)

    def _compare_before(self) -> None:
        """The held-out questions' answers before the first step, once in the run's life."""
        for x in self.store.events(self.run_id):
            if x["learner"] == self.learner and x["kind"] == "evaluation" and x["value"]["when"] == "before":
                return
        self._prepare(Message("Answering the held-out questions before training."), None)

        def report(done: float, question: str, answer: str) -> None:
            now = Message(
                "Answering the held-out questions before training: to “{question}” it says “{answer}”",
                question=_short(question),
                answer=_short(answer),
            )
            self._prepare(now, done)

        with self.interruption.allowed():
            answers = self.trainer.compared("before", report)
        self._event("evaluation", answers)

    def _conclude(self) -> None:
        """What the trained policy answers to the held-out questions."""
        last = self.trainer.step - 1
        if not self.trainer.config.compare_samples:
            with self.interruption.allowed():
                success = self.trainer.final_evaluation()
            self._event("final", success, step=last)
            return
        self._tell(Message("Answering the held-out questions after training."), None)

        def report(done: float, question: str, answer: str) -> None:
            now = Message(
                "Answering the held-out questions after training: to “{question}” it says “{answer}”",
                question=_short(question),
                answer=_short(answer),
            )
            self._tell(now, done)

        with self.interruption.allowed():
            answers = self.trainer.compared("after", report)
        self._event("evaluation", answers, step=last)
        self._event("final", rates(answers), step=last)

    def _keep(self, trace: StepTrace) -> None:
        # The trainer reports a change with the next step; it stands among the events since it was made.
        events = [x for x in trace.events if x["kind"] != "changed"]
        for event in events:
            if event["kind"] == "drift":
                lifecycle.warn(self.store, self.run_id, self.learner, self._about_drift(event["value"]))
        self.store.append(self.run_id, dataclasses.replace(trace, events=events))
        self._kept = trace.step + 1
        long_ago = time.monotonic() - self._saved_when > max(SAVE_EVERY_S, 10 * self._save_took_s)
        if long_ago or self.trainer.step % self.trainer.config.checkpoint_every == 0:
            self._save()
        if self._last is not None and trace.step >= self._last:
            self._last, self._paused = None, True
            lifecycle.mark(self.store, self.run_id, self.learner, "paused")

    def _about_drift(self, drift: float) -> Message:
        if self.trainer.rounds:  # in float32 they agree, else the trainer had refused to go on
            return Message(
                "In bfloat16, rounding alone makes sampled and re-scored log-probabilities differ by up to "
                "{given:.2g}; the old policy's are therefore scored again, and every ratio begins at 1.",
                given=drift,
            )
        return Message("Sampled and re-scored log-probabilities differ by up to {given:.2g}.", given=drift)

    def _save(self) -> None:
        if self._saved_at != self.trainer.step:
            begun = time.monotonic()
            checkpoints.save(self.trainer, self.folder)
            self._saved_at, self._saved_when = self.trainer.step, time.monotonic()
            self._save_took_s = self._saved_when - begun

    # -- controls --------------------------------------------------------------------------------------------------

    def _listen(self) -> None:
        """Does what was asked since the last step; returns when the next step shall be made. Raises Stopped."""
        level = self.trainer.config.keep_level and len(self.trainer.config.learners) > 1
        wait = Waiting(self.store, self.run_id, self.learner, self.trainer.step)
        while True:
            self._raise_if_left()
            ready = self._paused or not level or self.trainer.step >= self.trainer.config.steps
            paused, others = self._paused, [] if ready else wait.others()
            # Last: what is asked after this comes too late for the next step (core/runs/level.py says why).
            self._asked += self.store.take_controls(self.run_id, self.learner)
            while self._asked and self._is_due(self._asked[0]):
                self._apply(self._asked.popleft())
            if not (paused or self._paused or others):
                break
            if self._paused or others:
                time.sleep(CONTROL_POLL_S if self._paused else waiting.POLL_S)
        while self._replay and self._replay[0][0] <= self.trainer.step:
            self.trainer.change(self._replay.popleft()[1])
            lifecycle.set_steps(self.store, self.run_id, self.learner, self.trainer.config.steps)

    def _is_due(self, control: Control) -> bool:
        """A pause or a stop that all learners make after the same step waits for that; so does what was asked later."""
        if control.kind not in ("pause", "stop") or control.at is None or self._paused:
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
        was_paused, self._paused = self._paused, control.kind == "pause"
        self._last = None
        if control.kind == "step":
            self._last = self.trainer.step if control.at is None else control.at
        self._event(control.kind)
        if was_paused != self._paused:
            if self._paused:
                self._save()
            lifecycle.mark(self.store, self.run_id, self.learner, "paused" if self._paused else "running")

    def _change(self, assignments: dict[str, Any]) -> None:
        before = self.trainer.config
        while self._replay and self._replay[0][0] <= self.trainer.step:  # older changes at this very step come first
            self.trainer.change(self._replay.popleft()[1])
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

    def _event(self, kind: str, value: Any = None, *, step: int | None = None) -> None:
        self.store.add_event(self.run_id, self.learner, self.trainer.step if step is None else step, kind, value)


def _short(text: str, most: int = 100) -> str:
    """One line of a text: its start, or … where there is nothing to read."""
    line = " ".join(text.split())
    return line if 0 < len(line) <= most else line[: most - 1] + "…"
