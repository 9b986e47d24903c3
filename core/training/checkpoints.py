"""Checkpoint files: <data folder>/checkpoints/<run>/<learner>/<step>.pt, the last two kept, or one of large models."""

from __future__ import annotations

import logging
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import Message, Refusal
from core.models.fetching import Progress

if TYPE_CHECKING:
    from core.training.learning import Learning


class CheckpointError(Refusal, OSError):
    """A checkpoint cannot be written: the disk is full, or may not be written to."""


KEPT = 2  # the one before the newest is there for the case that the newest turns out to be unreadable
LARGE = 300_000_000  # bytes; of files above this size only the newest is kept


def folder(home: Path, run_id: str, learner: str) -> Path:
    return home / "checkpoints" / run_id / learner


def save(trainer: Learning, where: Path) -> None:
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


def size(trainer: Learning) -> int:
    """About how many bytes a checkpoint takes."""
    return trainer.stored_bytes


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


def newest(where: Path, progress: Progress | None = None) -> Learning | None:
    """The trainer of the furthest checkpoint that can be read; None where there is none.

    `progress` is called with what is being done; what it raises is not taken for a checkpoint that cannot be read.
    """
    from core.training import beginning

    for path in saved(where):
        try:
            return beginning.load(path, progress)
        except Exception:
            logging.exception("the checkpoint %s cannot be read; taking the one before it", path)
    return None
