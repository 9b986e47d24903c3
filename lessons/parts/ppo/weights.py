"""The weights behind the frozen batch. They are not in a trace: measured when asked for, kept for all viewers."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from dataclasses import dataclass

from lessons import server
from lessons.parts.lesson import Frozen, engine


@dataclass(frozen=True)
class Measured:
    """By box ("policy", "reference", "value"): number of parameters, distance from the start weights."""

    parameters: dict[str, int]
    distance: dict[str, float]
    origin: str  # "start", "checkpoint" or "training again"
    drift: float  # how well these models' scores of the batch fit the stored ones; 0 is exactly


_kept: dict[tuple[str, str, int], Measured] = {}
_lock = threading.Lock()
_MOST = 64


def known(batch: Frozen) -> Measured | None:
    """What was measured already, by anybody."""
    return _kept.get((batch.run.id, batch.learner, batch.step))


def measure(batch: Frozen, progress: Callable[[int, int], None]) -> Measured:
    """Gets the models of the step back (see core.insight.replay) and measures them; seconds, the first time.

    `progress` is told (steps trained again, of how many). Raises ConfigError if the start model is not there.
    """
    engine()
    from core.insight.replay import models_at

    _settle()
    with _lock:
        if (found := known(batch)) is not None:
            return found
        models = models_at(server.store(), batch.run.id, batch.learner, batch.step, progress)
        from core.insight.weights import weights_of

        weights = weights_of(models.trainer)
        found = Measured(
            {name: x.parameters for name, x in weights.items()},
            {name: x.distance for name, x in weights.items()},
            models.origin,
            models.drift,
        )
        while len(_kept) >= _MOST:
            _kept.pop(next(iter(_kept)))
        _kept[batch.run.id, batch.learner, batch.step] = found
        return found


@functools.cache
def _settle() -> None:
    """transformers has come in with the models: out of the garbage collector's way with it, too."""
    import gc

    gc.collect()
    gc.freeze()
