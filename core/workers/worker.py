"""One learner of a run in a process of its own: consumes `Trainer.steps()`, writes the trace, listens to controls.

Nobody calls a worker: whatever it is asked comes through the store, whatever it does is read from there.
"""

from __future__ import annotations

import dataclasses
import os
import time
from collections import deque
from typing import Any

from core.config import RunConfig
from core.errors import ConfigError, Message
from core.models import start
from core.models.fit import free_memory
from core.runs import lifecycle
from core.runs.records import Control
from core.runs.store import RunStore
from core.training import checkpoints
from core.training.answer import rates
from core.training.trace import StepTrace
from core.training.trainer import Trainer
from core.versions import versions
from core.workers import waiting
from core.workers.waiting import Waiting

CONTROL_POLL_S = 0.05  # while paused
TELL_S = 0.2  # how often it says how far its preparations are, and hears whether it shall stop meanwhile


class Stopped(BaseException):
    """Somebody asked the worker to end.

    Not an Exception, like KeyboardInterrupt: it is raised in the middle of loading, where every Exception is caught.
    """

    def __init__(self, reason: Message | None = None) -> None:
        """`reason` is to be written down; None where a person asked for it."""
        super().__init__(reason)
        self.reason = reason


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
        self._saved_at = -1

    @property
    def trainer(self) -> Trainer:
        assert self._trainer is not None
        return self._trainer

    def run(self) -> None:
        """Trains the learner up to its final status. Raises what the trainer or the store raises."""
        try:
            self._begin()
        except Stopped as stopped:
            lifecycle.mark(self.store, self.run_id, self.learner, "stopped", stopped.reason)
            return
        steps = self.trainer.steps()
        try:
            while True:
                self._listen()
                trace = next(steps, None)
                if trace is None:
                    break
                self._keep(trace)
        except Stopped as stopped:
            self._save()
            self._event("stop", stopped.reason and stopped.reason.to_dict())
            lifecycle.mark(self.store, self.run_id, self.learner, "stopped", stopped.reason)
            return
        self._save()
        self._conclude()
        lifecycle.mark(self.store, self.run_id, self.learner, "finished")

    def _begin(self) -> None:
        """Starts from the newest checkpoint, or from the start weights where there is none."""
        info = self.store.get(self.run_id)
        self._check_room(info.config)
        self._trainer = checkpoints.newest(self.folder, self._prepare)
        if self._trainer is None:
            self._trainer = Trainer(info.config, self.learner, self._prepare)
        first = self._saved_at = self.trainer.step
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
        self._event("start" if first == 0 else "continue")
        if first == 0 and self.trainer.config.compare_samples:
            self._compare_before()
        lifecycle.prepared(self.store, self.run_id, self.learner)

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
        lifecycle.preparing(self.store, self.run_id, self.learner, message, share)
        return True

    def _prepare(self, message: Message, share: float | None) -> None:
        """Says what is being done before the first step. Raises Stopped where it shall end."""
        if not self._tell(message, share):
            return
        self._asked += self.store.take_controls(self.run_id, self.learner)
        if self.closing or os.getppid() != self._parent:
            raise Stopped(lifecycle.CLOSED)
        if any(x.kind == "stop" for x in self._asked):
            raise Stopped

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

        self._event("evaluation", self.trainer.compared("before", report))

    def _conclude(self) -> None:
        """What the trained policy answers to the held-out questions."""
        last = self.trainer.step - 1
        if not self.trainer.config.compare_samples:
            self._event("final", self.trainer.final_evaluation(), step=last)
            return
        self._tell(Message("Answering the held-out questions after training."), None)

        def report(done: float, question: str, answer: str) -> None:
            now = Message(
                "Answering the held-out questions after training: to “{question}” it says “{answer}”",
                question=_short(question),
                answer=_short(answer),
            )
            self._tell(now, done)  # nothing stops it any more

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
        if self.trainer.step % self.trainer.config.checkpoint_every == 0:
            self._save()
        if self._last is not None and trace.step >= self._last:
            self._last, self._paused = None, True
            lifecycle.mark(self.store, self.run_id, self.learner, "paused")

    def _about_drift(self, drift: float) -> Message:
        if self.trainer.dtype == "bfloat16":
            return Message(
                "In bfloat16, rounding alone makes sampled and re-scored log-probabilities differ by up to "
                "{given:.2g}; the old policy's are therefore scored again, and every ratio begins at 1.",
                given=drift,
            )
        return Message("Sampled and re-scored log-probabilities differ by up to {given:.2g}.", given=drift)

    def _save(self) -> None:
        if self._saved_at != self.trainer.step:
            checkpoints.save(self.trainer, self.folder)
            self._saved_at = self.trainer.step

    # -- controls --------------------------------------------------------------------------------------------------

    def _listen(self) -> None:
        """Does what was asked since the last step; returns when the next step shall be made. Raises Stopped."""
        level = self.trainer.config.keep_level and len(self.trainer.config.learners) > 1
        wait = Waiting(self.store, self.run_id, self.learner, self.trainer.step)
        while True:
            if self.closing or os.getppid() != self._parent:
                raise Stopped(lifecycle.CLOSED)
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
