"""What trains one learner of a run, whatever it trains: the one loop over steps, and what is asked of it in between."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import torch

from core.config import RunConfig
from core.errors import Message
from core.learners.registry import AnyLearner
from core.training.changing import changed_config
from core.training.trace import StepTrace


class Learning(ABC):
    """One learner of a run. `steps()` is the only loop; between two of its items whoever consumes it may `save`."""

    config: RunConfig
    learner: str
    step: int
    #: Whether the models are between two steps: no checkpoint may be made of them.
    changing: bool
    device: torch.device
    start_hash: str
    #: What a person should know of this run before its first step; None where there is nothing.
    warning: Message | None
    note: Message  # in what it computes here
    #: Whether it writes answers, so that held-out questions can be put to it.
    answers: bool
    _samples_seen: int
    _events: list[dict[str, Any]]

    @property
    def settings(self) -> AnyLearner:
        """This learner's settings as they are now."""
        return self.config.learner(self.learner)

    def steps(self) -> Iterator[StepTrace]:
        """Trains from `self.step` to `config.steps`. Between two items the caller may `change` settings or `save`."""
        while self.step < self.config.steps:
            seen = self._samples_seen
            try:
                with self._around():
                    trace = self._step()
            except BaseException:
                if not self.changing:  # the step never was: whoever stops it here may save
                    self._samples_seen = seen
                raise
            self._after()
            self.step += 1
            self.changing = False
            yield trace

    def change(self, assignments: dict[str, Any]) -> None:
        """Learner settings (`lam`, `ppo.lam`) or `steps`, from the next step on; ConfigError if that cannot be."""
        self.config = changed_config(self.config, self.learner, assignments, self.keeps_reference)
        self._events.append({"kind": "changed", "value": assignments})

    @property
    def keeps_reference(self) -> bool:
        """Whether the start model is at hand, so that a KL against it can be asked for from now on."""
        return False

    def leave(self) -> dict[str, Any] | None:
        """Keeps what other runs may take from this one, as the models are now: the value of an event on it.

        None where such a learner leaves nothing but its trace.
        """
        return None

    @property
    @abstractmethod
    def stored_bytes(self) -> int:
        """About how many bytes a checkpoint takes."""

    @abstractmethod
    def save(self, path: Path) -> None:
        """Everything that the next step depends on, in one file that is complete or not there at all."""

    @abstractmethod
    def _step(self) -> StepTrace:
        """One step; sets `changing` before the first model changes."""

    def _around(self) -> AbstractContextManager[object]:
        """Within it every step is made."""
        return contextlib.nullcontext()

    def _after(self) -> None:  # noqa: B027  (most have nothing to do)
        """After every step."""
