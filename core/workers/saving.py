"""When a worker writes a checkpoint, and how far back the newest one is."""

from __future__ import annotations

import time
from pathlib import Path

from core.training import checkpoints
from core.training.learning import Learning

#: Besides every `checkpoint_every` steps: who is stopped inside a long step goes back no further. Where writing one
#: takes long, it is a tenth of the time at most.
SAVE_EVERY_S = 30.0


class Checkpoints:
    """The checkpoints of one learner, in its folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.newest = -1  # before which step the newest was written; -1: there is none
        self._written, self._took_s = time.monotonic(), 0.0

    def begin(self, step: int) -> None:
        """The trainer stands before `step`, where the newest checkpoint left it, if there is one."""
        self.newest = step if checkpoints.saved(self.folder) else -1

    def save(self, trainer: Learning) -> None:
        """Writes the trainer as it is, unless it was written so already. Raises CheckpointError."""
        if self.newest != trainer.step:
            begun = time.monotonic()
            checkpoints.save(trainer, self.folder)
            self.newest, self._written = trainer.step, time.monotonic()
            self._took_s = self._written - begun

    def is_due(self, trainer: Learning) -> bool:
        """Whether one is to be written after the step just made."""
        long_ago = time.monotonic() - self._written > max(SAVE_EVERY_S, 10 * self._took_s)
        return long_ago or trainer.step % trainer.config.checkpoint_every == 0
