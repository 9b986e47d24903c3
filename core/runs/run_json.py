"""What a `run.json` from elsewhere must hold: the part of it that the store takes over, with its types checked."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.config import RunConfig
from core.errors import Refusal
from core.runs.damage import LATEST
from core.runs.event_values import EventError, check_change, check_event
from core.runs.naming import checked_name
from core.runs.records import Status
from core.runs.table_checks import MOST_STEPS
from core.stored_config import load_assignments

#: A run of 100,000 steps with a change at every tenth has fewer.
MOST_EVENTS = 20_000


class TraceFilesError(Refusal, ValueError):
    """The files are not a trace."""


# As long as the store's columns (core/runs/tables.py), where it has one for it.
_Name = Annotated[str, Field(max_length=24)]
_ShortText = Annotated[str, Field(max_length=64)]
_Text = Annotated[str, Field(max_length=20_000)]
_Version = Annotated[str, Field(max_length=200)]


class _StrictModel(BaseModel):
    model_config = ConfigDict(strict=True, allow_inf_nan=False)


class _Learner(_StrictModel):
    name: _Name
    status: Status
    reason: _Text | None
    reason_message: Any = None  # read tolerantly: what is no message counts as none
    step: int = Field(ge=-1, lt=MOST_STEPS)
    steps: int = Field(ge=0, le=MOST_STEPS)
    start_hash: _ShortText | None
    device: _ShortText | None
    warning: _Text | None
    warning_message: Any = None


class _Event(_StrictModel):
    learner: _Name
    step: int = Field(ge=-1, le=MOST_STEPS)
    kind: str = Field(min_length=1, max_length=40)
    value: Any
    time: float = Field(ge=0, le=LATEST)


class _Head(_StrictModel):
    name: _Text
    created: float = Field(ge=0, le=LATEST)
    config: dict[str, Any]
    config_version: int = Field(1, ge=1, le=10**6)
    trace_version: int = Field(1, ge=1, le=10**6)
    versions: Annotated[dict[_ShortText, _Version], Field(max_length=100)]
    learners: list[_Learner]
    events: Annotated[list[_Event], Field(max_length=MOST_EVENTS)]


def read_head(values: Any) -> dict[str, Any]:
    """A parsed run.json, checked but for what needs its config. Raises TraceFilesError naming the first bad part."""
    try:
        head = _Head.model_validate(values).model_dump()
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(str(x)[:40] for x in problem["loc"]) or "run.json"
        cause = f"{problem['msg'][0].lower()}{problem['msg'][1:]}"
        raise TraceFilesError(
            "run.json is not a run's description ({place}: {cause})", place=place, cause=cause
        ) from None
    head["name"] = checked_name(head["name"])
    for event in head["events"]:
        try:
            check_event(event["kind"], event["value"])
        except EventError as error:
            raise _bad_event(event, error) from None
        if event["kind"] == "change":
            event["value"] = load_assignments(event["value"], head["config_version"])
    return head


def check_against(head: dict[str, Any], config: RunConfig) -> None:
    """Raises TraceFilesError where a run.json speaks of learners or settings that its config does not have."""
    names = [x.name for x in config.learners]
    if [x["name"] for x in head["learners"]] != names:
        raise TraceFilesError("run.json lists other learners than its config")
    for event in head["events"]:
        if event["learner"] not in names:
            raise TraceFilesError(
                "an event of run.json ({kind}) is of a learner that the config does not have", kind=event["kind"]
            )
        if event["kind"] == "change":
            try:
                check_change(config, event["value"])
            except EventError as error:
                raise _bad_event(event, error) from None


def _bad_event(event: dict[str, Any], error: EventError) -> TraceFilesError:
    return TraceFilesError("an event of run.json ({kind}) {cause}", kind=event["kind"], cause=error)
