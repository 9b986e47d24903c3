"""What a worker looks at before its first step."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from core.config import RunConfig
from core.models import start
from core.models.fetching import Progress
from core.models.fit import free_memory


def check_room(config: RunConfig, learner: str, progress: Progress) -> None:
    """Raises ConfigError where this learner needs more memory than is free, before anything is loaded."""
    start.locate(config.model, progress)  # only then a fetched model's measures are known
    import torch

    cuda = config.device in ("auto", "cuda") and torch.cuda.is_available()
    device, dtype = "cuda" if cuda else "cpu", "float32" if config.dtype == "float32" else "bfloat16"
    free_memory.refuse_if_too_large(config, [config.learner(learner)], device=device, dtype=dtype)


def changes_from(events: Iterable[Mapping[str, Any]], learner: str, step: int) -> deque[tuple[int, dict[str, Any]]]:
    """(step, assignments) of the changes that were made after the checkpoint: they happen again before that step."""
    mine = (x for x in events if x["learner"] == learner and x["kind"] == "change")
    return deque((x["step"], x["value"]) for x in mine if x["step"] >= step)
