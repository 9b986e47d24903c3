"""What was asked elsewhere, of a run that was read from files."""

from __future__ import annotations

from typing import Literal, NoReturn

from pydantic import Field

from core.errors import ConfigError
from core.tasks.kind import TaskKind, TaskSettings

#: Settings of a run or a learner that steer a training and leave no mark on what the run shows: never unrecorded.
OF_NO_ACCOUNT = {"preset", "task", "learners", "name", "algorithm", "compare_samples", "checkpoint_every"}


class ImportedSettings(TaskSettings):
    """What wrote the files, and what they leave open."""

    kind: Literal["imported"] = "imported"
    source: str = Field(min_length=1, max_length=60, description="What wrote the files, e.g. TRL 1.16.0.")
    unrecorded: tuple[str, ...] = Field(
        (),
        max_length=400,
        description="Settings that the files do not tell, as `temperature` or `grpo.epsilon`: what stands there is a "
        "default and says nothing of the run.",
    )


def _refuse(settings: ImportedSettings) -> NoReturn:
    raise ConfigError(
        "task: this run was imported from {source}: it can be looked at, but not trained; choose another task",
        source=settings.source,
    )


KIND = TaskKind(
    settings=ImportedSettings,
    build=_refuse,
    title="Imported",
    summary="What was asked elsewhere: this run was read from files and cannot be trained on.",
    longest_response=lambda _: 64,
    choosable=False,
    order=20,
)
