"""What the store hands out about runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from core.config import RunConfig
from core.errors import Message
from core.runs.errors import StoreError
from core.tasks.kinds.imported import ImportedSettings

Status = Literal["queued", "running", "paused", "stopped", "failed", "finished"]
ControlKind = Literal["pause", "resume", "step", "stop", "change"]

#: A worker process looks after a learner in these.
ACTIVE: tuple[Status, ...] = ("running", "paused")


@dataclass(frozen=True)
class Preparing:
    message: Message
    share: float | None  # of it is done, 0 to 1; None: not known


@dataclass(frozen=True)
class LearnerInfo:
    name: str
    algorithm: str
    status: Status
    reason: Message | None  # why it waits, stopped or failed
    step: int  # last finished, -1: none
    steps: int  # how many it shall make
    start_hash: str | None  # SHA-256 of the start weights, once loaded
    device: str | None
    pid: int | None
    updated: float  # last sign of life, seconds since 1970
    warning: Message | None
    preparing: Preparing | None = None  # what it does before its first step


@dataclass(frozen=True)
class RunInfo:
    id: str
    name: str
    created: float  # seconds since 1970
    config: RunConfig  # as the run was started; what changed since is in its events
    status: Status
    reason: Message | None
    versions: dict[str, str]
    learners: tuple[LearnerInfo, ...]
    recorded: bool  # shipped with the app or imported from files: cannot be continued

    @property
    def active(self) -> bool:
        """Whether any learner is being looked after by a worker (also of a run that reads failed)."""
        return any(learner.status in ACTIVE for learner in self.learners)

    @property
    def under_way(self) -> bool:
        """Whether a process trains it or keeps it in its queue."""
        return _under_way(self.learners)


@dataclass(frozen=True)
class UnreadableRun:
    """A run that this version of the app cannot open: listed, renamed and deleted like any other, and no more.

    Another version of the app made it, or what the store holds of it is `damaged`.
    """

    id: str
    name: str
    created: float  # seconds since 1970
    problem: Message  # what about it cannot be read, to follow a colon
    made_by: str | None  # the version of the app that made it, where that can be told
    learners: tuple[LearnerInfo, ...]
    recorded: bool
    damaged: bool = False

    @property
    def under_way(self) -> bool:
        """As RunInfo's: another version of the app may be training it."""
        return _under_way(self.learners)

    @property
    def why(self) -> Message:
        """Why it cannot be opened, without its name."""
        if self.damaged:
            return Message("{cause}.", key="of-a-damaged-run", cause=self.problem)
        if self.made_by is None:
            return Message("made by another version of the app: {cause}.", key="of-another-version", cause=self.problem)
        return Message(
            "made by another version of the app ({version}): {cause}.", version=self.made_by, cause=self.problem
        )


def _under_way(learners: Sequence[LearnerInfo]) -> bool:
    """A learner that waits belongs to a process once it is in a queue; before, no process will start it."""
    return any(x.status in ACTIVE or (x.status == "queued" and x.pid is not None) for x in learners)


class RunUnreadable(StoreError):
    """A run that is there, but that this version of the app cannot read; `run` is what is known of it."""

    run: UnreadableRun

    @classmethod
    def of(cls, run: UnreadableRun) -> RunUnreadable:
        if run.damaged:
            error = cls("The run {given} cannot be opened: {cause}.", given=repr(run.name), cause=run.problem)
        else:
            error = cls("The run {given} was {cause}", given=repr(run.name), cause=run.why)
        error.run = run
        return error


def readable(listed: Iterable[RunInfo | UnreadableRun]) -> list[RunInfo]:
    """Those of the listed runs that can be opened."""
    return [x for x in listed if isinstance(x, RunInfo)]


@dataclass(frozen=True)
class Control:
    """What a person asked a worker for. `value` is the assignments of a "change", else None.

    `at`: only of learners that keep level, the last step to finish before it is in force (−1: none); None: at once.
    """

    kind: ControlKind
    value: Any = None
    at: int | None = None


def overall(learners: Sequence[LearnerInfo]) -> tuple[Status, Message | None]:
    """A run's status and reason from its learners': the first of these that any learner is in."""
    order: tuple[Status, ...] = ("failed", "running", "paused", "queued", "stopped", "finished")
    for status in order:
        inside = [learner for learner in learners if learner.status == status]
        if inside:
            return status, _together({x.name: x.reason for x in inside if x.reason})
    return "queued", None


def _together(reasons: dict[str, Message]) -> Message | None:
    """Learners' reasons as one: what all of them say, once; else each with its learner's name."""
    joined: Message | None = None
    if len(set(reasons.values())) == 1:
        return next(iter(reasons.values()))
    for name, reason in reasons.items():
        named = Message("{learner}: {reason}", learner=name, reason=reason)
        joined = named if joined is None else Message("{first} {second}", first=joined, second=named)
    return joined


def unrecorded_of(config: RunConfig, learner: str) -> frozenset[str]:
    """The learner's settings that an imported run's files do not tell."""
    gaps = config.task.unrecorded if isinstance(config.task, ImportedSettings) else ()
    return frozenset(x.removeprefix(f"{learner}.") for x in gaps if x.startswith(f"{learner}."))


def known_settings(config: RunConfig, learner: str | None = None) -> Callable[[str], Any]:
    """A run's (or a learner's) setting by name; None where an imported run's files do not tell it."""
    gaps = config.task.unrecorded if isinstance(config.task, ImportedSettings) else ()
    owner, prefix = (config, "") if learner is None else (config.learner(learner), f"{learner}.")
    return lambda name: None if prefix + name in gaps else getattr(owner, name)
