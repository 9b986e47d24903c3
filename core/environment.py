"""What whoever starts the app may set: every environment variable with its default and range, in one place.

A variable that cannot be read never keeps the app from starting: it counts as not set, `problems` names it, and nothing
is trained here until it is mended (core/workers/starting.py) — a limit that was mistyped must not count as none.
The README has a table of these variables; a test compares the two.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from core.errors import ConfigError, Message
from core.refusals import message

PREFIX = "CREDIT_LAB_"

_OFF, _ON = ("off", "0", "false", "no"), ("on", "1", "true", "yes")


def _switch(given: Any) -> Any:
    word = given.lower() if isinstance(given, str) else given
    return False if word in _OFF else True if word in _ON else given


def _names(given: Any) -> Any:
    return tuple(x.strip() for x in given.split(",") if x.strip()) if isinstance(given, str) else given


class EnvironmentVariables(BaseModel):
    """The app's environment variables, by name without the prefix; None: not set."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    home: str | None = Field(None, description="where runs, checkpoints and logs are kept")
    database_url: str | None = Field(None, description="another database than the SQLite file in there")
    training: Annotated[bool, BeforeValidator(_switch)] = Field(
        True, description="`off`: a server on which runs can be looked at but not started"
    )
    models: Annotated[tuple[str, ...], BeforeValidator(_names)] = Field(
        (), description="further models that the page offers: folders or hub ids, with commas between them"
    )
    smollm2: str | None = Field(None, description="SmolLM2's GGUF file, where it lies on this machine already")
    max_runs: int | None = Field(None, ge=1, description="how many runs train at a time (default: half the cores)")
    max_steps: int | None = Field(None, ge=1, description="most steps of a run that a visitor starts")
    max_responses: int | None = Field(None, ge=1, description="most responses a step of such a run")
    max_tokens: int | None = Field(None, ge=1, description="most tokens a response of such a run")
    max_continuations: int | None = Field(
        None, ge=1, description="most continuations of prefixes a step of each learner of such a run"
    )
    max_passes: int | None = Field(
        None, ge=1, description="most passes over a step's responses of such a run, those of earlier steps included"
    )
    max_value_updates: int | None = Field(
        None,
        ge=1,
        description="most updates of a critic before the first step of such a run (default: as many as "
        "`CREDIT_LAB_MAX_STEPS`)",
    )
    max_disk_gb: float | None = Field(
        None,
        gt=0,
        description="no run is started while runs, checkpoints, logs, reward models and fitted critics take more than "
        "so many GB; reward models and fitted critics are each kept up to a tenth of it, the newest of them",
    )
    keep_runs: int | None = Field(
        None, ge=1, description="how many runs that are over are kept; the oldest beyond are deleted"
    )
    keep_days: float | None = Field(None, gt=0, description="how many days a run is kept once it is over")
    frame_ancestors: str = Field(
        "'self'",
        description="who may show the pages inside their own, as a Content-Security-Policy's `frame-ancestors` has it",
    )

    @field_validator("home", "smollm2")
    @classmethod
    def _somewhere(cls, given: str) -> str:
        """`~` and `~name` stand for somebody's folder, which not every system knows of everybody."""
        try:
            Path(given).expanduser()
        except RuntimeError:  # pathlib's
            raise ConfigError(
                "{given} is in a folder of somebody whom this system does not know; write the path out in full",
                given=repr(given[:100]),
            ) from None
        return given

    @field_validator("frame_ancestors")
    @classmethod
    def _one_directive(cls, given: str) -> str:
        """Anything else would end the directive, or the header."""
        if not re.fullmatch(r"[\x21-\x2b\x2d-\x3a\x3c-\x7e ]+", given):
            raise ConfigError("must be sources with spaces between them, such as 'self' https://school.example")
        return " ".join(given.split())


def environment() -> EnvironmentVariables:
    """What is set, as far as it can be read."""
    return _read(_given(os.environ))[0]


def problems() -> tuple[Message, ...]:
    """Which variables cannot be read, and why: a message for each."""
    return tuple(_read(_given(os.environ))[1].values())


def problem_of(field: str) -> Message | None:
    """Why one variable, by its name without the prefix, cannot be read; None where it can, or is not set."""
    return _read(_given(os.environ))[1].get(field)


def _given(variables: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Those that are ours and not empty, by field."""
    ours = ((field, variables.get(PREFIX + field.upper(), "").strip()) for field in EnvironmentVariables.model_fields)
    return tuple((field, text) for field, text in ours if text)


@functools.lru_cache(maxsize=16)
def _read(given: tuple[tuple[str, str], ...]) -> tuple[EnvironmentVariables, dict[str, Message]]:
    values, wrong = dict(given), dict[str, Message]()
    try:
        return EnvironmentVariables.model_validate(values), {}
    except ValidationError as error:
        for problem in error.errors():
            field = str(problem["loc"][0])
            wrong.setdefault(field, message({**problem, "loc": (PREFIX + field.upper(),)}, []))
            values.pop(field, None)
    return EnvironmentVariables.model_validate(values), wrong
