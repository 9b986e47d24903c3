"""Checkpoint files: <data folder>/checkpoints/<run>/<learner>/<step>.pt, the last two kept."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING

from core.runs.errors import StoreError

if TYPE_CHECKING:
    from core.training.trainer import Trainer

KEPT = 2  # the one before the newest is there for the case that the newest turns out to be unreadable


def folder(home: Path, run_id: str, learner: str) -> Path:
    return home / "checkpoints" / run_id / learner


def save(trainer: Trainer, where: Path) -> None:
    """Saves the trainer before its next step and removes all but the newest files. Raises StoreError (disk full, …)."""
    try:
        where.mkdir(parents=True, exist_ok=True)
        trainer.save(where / f"{trainer.step:06d}.pt")
    except (OSError, RuntimeError) as error:  # torch's writer reports a full disk as a RuntimeError of its own wording
        why = error.strerror if isinstance(error, OSError) and error.strerror else "the disk is probably full"
        raise StoreError(
            f"A checkpoint could not be written to {where}: {why}. Free some space, then resume."
        ) from error
    for old in saved(where)[KEPT:]:
        old.unlink(missing_ok=True)


def saved(where: Path) -> list[Path]:
    """The checkpoints there are, the furthest first."""
    found = [x for x in where.glob("*.pt") if re.fullmatch(r"\d+", x.stem)] if where.is_dir() else []
    return sorted(found, key=lambda x: int(x.stem), reverse=True)


def newest(where: Path) -> Trainer | None:
    """The trainer of the furthest checkpoint that can be read; None where there is none."""
    from core.training.trainer import Trainer

    for path in saved(where):
        try:
            return Trainer.load(path)
        except Exception:
            logging.exception("the checkpoint %s cannot be read; taking the one before it", path)
    return None
