"""Any data set of reasoning-gym by its name.

The task itself is in core/tasks/reasoning.py, as reasoning-gym imports a hundred data sets: a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from core.tasks.base import Task
from core.tasks.kind import TaskKind
from core.tasks.reasoning_settings import ReasoningGymSettings, completion_length, suggested


def _suggested(given: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        return suggested(given["dataset"]).model_dump()
    except (KeyError, TypeError, ValidationError):  # none is named, or what is given is no name: that is refused later
        return {}


def _build(settings: ReasoningGymSettings) -> Task:
    from core.tasks.reasoning import Reasoning

    return Reasoning(settings)


KIND = TaskKind(
    settings=ReasoningGymSettings,
    build=_build,
    title="A data set of reasoning-gym",
    summary="Questions and verifiers of reasoning-gym, by a data set's name.",
    longest_response=lambda settings: completion_length(settings.dataset),
    suggested=_suggested,
    sentences=True,
    order=40,
)
