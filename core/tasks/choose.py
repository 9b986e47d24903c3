"""Which task the settings ask for."""

from __future__ import annotations

from core.tasks.base import Task
from core.tasks.chain_sum import ChainSum
from core.tasks.settings import AnyTask, ChainSumSettings, ImportedSettings, QuestionsSettings, ReasoningGymSettings


def task_for(settings: AnyTask) -> Task:
    """The task; raises ConfigError with a sentence where it cannot be (no such data set, too few questions)."""
    match settings:
        case ChainSumSettings():
            return ChainSum(settings)
        case ReasoningGymSettings():
            from core.tasks.reasoning import Reasoning  # reasoning-gym imports a hundred data sets: a second

            return Reasoning(settings)
        case QuestionsSettings():
            from core.tasks.questions import Questions

            return Questions(settings)
        case ImportedSettings():
            from core.errors import ConfigError

            raise ConfigError(
                "task: this run was imported from {source}: it can be looked at, but not trained; choose another task",
                source=settings.source,
            )
