"""Checkpoint files: <data folder>/checkpoints/<run>/<learner>/<step>.pt, the last two kept, or one of large models."""

from __future__ import annotations

import logging
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import Message, Refusal

if TYPE_CHECKING:
    from core.training.trainer import Trainer


class CheckpointError(Refusal, OSError):
    """A checkpoint cannot be written: the disk is full, or may not be written to."""


#: Of a data set, about: names and texts of a response; number and log-probability of a token.
_BYTES_OF_RESPONSE, _BYTES_OF_TOKEN = 300, 16
KEPT = 2  # the one before the newest is there for the case that the newest turns out to be unreadable
LARGE = 300_000_000  # bytes; of files above this size only the newest is kept


def folder(home: Path, run_id: str, learner: str) -> Path:
    return home / "checkpoints" / run_id / learner


def save(trainer: Trainer, where: Path) -> None:
    """Saves the trainer before its next step, removes all but the newest files. Raises CheckpointError."""
    try:
        where.mkdir(parents=True, exist_ok=True)
        _need_space(where, size(trainer))
        trainer.save(where / f"{trainer.step:06d}.pt")
    except CheckpointError:
        raise
    except (OSError, RuntimeError) as error:  # torch's writer reports a full disk as a RuntimeError of its own wording
        known = isinstance(error, OSError) and error.strerror
        raise CheckpointError(
            "A checkpoint could not be written to {place}: {cause}. Free some space, then resume.",
            place=where,
            cause=known or Message("the disk is probably full"),
        ) from error
    kept = KEPT if saved(where)[0].stat().st_size <= LARGE else 1
    for old in saved(where)[kept:]:
        old.unlink(missing_ok=True)


def size(trainer: Trainer) -> int:
    """About how many bytes a checkpoint takes: weights, for those that are trained Adam's two moments, and replayed
    responses, and a
    data set."""
    models = [trainer.policy, *([trainer.value_model] if trainer.value_model is not None else [])]
    trained = [x for model in models for x in model.parameters() if x.requires_grad]
    data = () if trainer.data is None else trainer.data.responses
    kept = sum(_BYTES_OF_RESPONSE + _BYTES_OF_TOKEN * len(x.tokens) for x in data)
    return sum(x.numel() * (x.element_size() + 8) for x in trained) + trainer.value_replay.size + kept


def _need_space(where: Path, needed: int) -> None:
    free = shutil.disk_usage(where).free
    if free < needed:
        raise CheckpointError(
            "A checkpoint needs {needed:.0f} MB at {place}, but only {free:.0f} MB are free. Free some space, then "
            "resume.",
            needed=needed / 1e6,
            place=where,
            free=free / 1e6,
        )


def saved(where: Path) -> list[Path]:
    """The checkpoints there are, the furthest first."""
    files = [x for x in where.glob("*.pt") if re.fullmatch(r"\d+", x.stem)] if where.is_dir() else []
    return sorted(files, key=lambda x: int(x.stem), reverse=True)


def after_a_step(where: Path) -> bool:
    """Whether there is one from which a learner goes on, rather than begin anew."""
    return any(int(x.stem) > 0 for x in saved(where))


def newest(where: Path, progress: Callable[[Message, float | None], None] | None = None) -> Trainer | None:
    """The trainer of the furthest checkpoint that can be read; None where there is none.

    `progress` is called with what is being done; what it raises is not taken for a checkpoint that cannot be read.
    """
    from core.training.trainer import Trainer

    for path in saved(where):
        try:
            return Trainer.load(path, progress)
        except Exception:
            logging.exception("the checkpoint %s cannot be read; taking the one before it", path)
    return None
