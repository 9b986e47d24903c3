"""Traces that come as files: the demo run shipped with the app, or anybody's Parquet export."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.config import RunConfig
from core.errors import Refusal
from core.runs import lifecycle
from core.runs.export import read_tables
from core.runs.migrations.traces import NewerTrace, check_version, take_over
from core.runs.records import RunUnreadable, Status
from core.runs.store import RunNotFound, RunStore
from core.stored_config import StoredConfigError, load_assignments, load_config
from core.training.trace import STEPS, StepTrace, prompt_hash

#: run id → its folder
SHIPPED = {
    "recorded-chain-sum": Path(__file__).parent / "shipped" / "chain-sum",
    "recorded-smollm2-sums": Path(__file__).parent / "shipped" / "smollm2-sums",
}


class _Learner(BaseModel):
    name: str
    status: Status
    reason: str | None
    reason_message: Any = None  # read tolerantly: what is no message counts as none
    step: int = Field(ge=-1, le=10**6)
    steps: int = Field(ge=0, le=10**6)
    start_hash: str | None
    device: str | None
    warning: str | None
    warning_message: Any = None


class _Event(BaseModel):
    learner: str | None
    step: int
    kind: str
    value: Any
    time: float = Field(ge=0, le=2**33, allow_inf_nan=False)


class _Head(BaseModel):
    """The part of a run.json that the store takes over, with its types checked."""

    model_config = ConfigDict(allow_inf_nan=False, strict=True)
    name: str
    created: float = Field(ge=0, le=2**33)
    config: dict[str, Any]
    config_version: int = Field(1, ge=1, le=10**6)
    trace_version: int = Field(1, ge=1, le=10**6)
    versions: dict[str, str]
    learners: list[_Learner]
    events: list[_Event]


#: Columns without which a row cannot be placed.
_KEYS = {
    "steps": ("learner", "step"),
    "samples": ("learner", "step", "sample", "group", "prompt", "response"),
    "tokens": ("learner", "step", "pass", "sample", "position", "token"),
}


class TraceFilesError(Refusal, ValueError):
    """The files are not a trace."""


def import_shipped(store: RunStore) -> None:
    """Puts every recorded run that comes with the app into the store, unless it is there already."""
    for run_id, folder in SHIPPED.items():
        if (folder / "run.json").exists():
            import_recorded(store, folder, run_id)


def import_recorded(store: RunStore, directory: Path, run_id: str) -> None:
    """Puts the four files of a Parquet export into the store as a run that is over. Doing it again changes nothing.

    Raises TraceFilesError where the files are missing or break the contract, or a newer version wrote them.
    """
    try:
        head = _head(json.loads((directory / "run.json").read_text(encoding="utf-8")))
        check_version(head["trace_version"])
        tables = {name: take_over(pa.parquet.read_table(path), name) for name, path in read_tables(directory)}
        config = load_config(head["config"], head["config_version"])
        _check(tables, config, head)
        if _is_there(store, run_id, head):
            return
        store.create(config, head["name"], run_id=run_id)
        for trace in _traces(tables):
            store.append(run_id, trace)
        lifecycle.record(store, run_id, head)  # last: only a complete import counts as one
    except (StoredConfigError, NewerTrace) as error:
        raise TraceFilesError(
            "The files in {place} were made by another version of the app: {cause}.", place=directory, cause=error
        ) from error
    except (OSError, ValueError, RecursionError, OverflowError, pa.ArrowException) as error:
        cause = error.message if isinstance(error, Refusal) else str(error)
        raise TraceFilesError("The files in {place} are not a trace: {cause}.", place=directory, cause=cause) from error


def _head(values: Any) -> dict[str, Any]:
    """Raises TraceFilesError naming the first part of run.json that is missing or of another kind."""
    try:
        head = _Head.model_validate(values).model_dump()
        for event in head["events"]:
            _check_event(event)
            if event["kind"] == "change":
                event["value"] = load_assignments(event["value"], head["config_version"])
        return head
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(str(x) for x in problem["loc"]) or "run.json"
        cause = f"{problem['msg'][0].lower()}{problem['msg'][1:]}"
        raise TraceFilesError(
            "run.json is not a run's description ({place}: {cause})", place=place, cause=cause
        ) from None


def _check_event(event: dict[str, Any]) -> None:
    """Raises TraceFilesError where an event's value is one that no page could show."""
    kind, value = event["kind"], event["value"]
    if not _is_finite(value):
        raise TraceFilesError("an event of run.json ({kind}) holds a number that is not finite", kind=kind)
    measured = [value.get("sampled"), value.get("greedy")] if isinstance(value, dict) else [value]
    if kind == "final" and not (isinstance(value, dict) and all(map(_is_share, measured))):
        raise TraceFilesError(
            "an event of run.json ({kind}) must hold the held-out success as shares between 0 and 1", kind=kind
        )


def _is_finite(value: Any) -> bool:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return all(map(_is_finite, value))
    return not isinstance(value, float) or math.isfinite(value)


def _is_share(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1)


def _check(tables: dict[str, pa.Table], config: RunConfig, head: dict[str, Any]) -> None:
    """Raises TraceFilesError where the files speak of learners that the config lacks, or leave a row's place open."""
    names = [x.name for x in config.learners]
    if [x["name"] for x in head["learners"]] != names:
        raise TraceFilesError("run.json lists other learners than its config")
    for table, columns in _KEYS.items():
        gaps = [x for x in columns if tables[table][x].null_count]
        if gaps:
            raise TraceFilesError("{table} has rows without {names}", table=table, names=gaps)
        strangers = set(tables[table]["learner"].unique().to_pylist()) - set(names)
        if strangers:
            raise TraceFilesError("{table} speaks of a learner that the config does not have", table=table)


def _is_there(store: RunStore, run_id: str, head: dict[str, Any]) -> bool:
    try:
        info = store.get(run_id)
    except RunNotFound:
        return False
    except RunUnreadable:  # an older recording under the same name
        store.delete(run_id)
        return False
    if info.recorded and info.created == head["created"]:
        return True
    store.delete(run_id)  # an import that was cut short, or an older recording under the same name
    return False


def _traces(tables: dict[str, pa.Table]) -> Iterator[StepTrace]:
    """Step by step, the learners taking turns, as if they had been made just now."""
    rows = tables["steps"].to_pylist()
    samples, tokens = _by_step(tables["samples"]), _by_step(tables["tokens"])
    nothing = {"samples": tables["samples"].slice(0, 0), "tokens": tables["tokens"].slice(0, 0)}
    for row in sorted(rows, key=lambda x: x["step"]):
        key = (row["learner"], row["step"])
        here = samples.get(key, nothing["samples"])
        yield StepTrace(
            learner=row["learner"],
            step=row["step"],
            scalars={name: value for name, value in row.items() if name not in STEPS.names[:2]},
            samples=here,
            tokens=tokens.get(key, nothing["tokens"]),
            prompt_hash=_prompt_hash(here),
        )


def _by_step(table: pa.Table) -> dict[tuple[str, int], pa.Table]:
    """(learner, step) → its rows; slices of the table, as an export keeps a step's rows together."""
    keys = list(zip(table["learner"].to_pylist(), table["step"].to_pylist(), strict=True))
    by_step, start = {}, 0
    for end in range(1, len(keys) + 1):
        if end == len(keys) or keys[end] != keys[start]:
            if keys[start] in by_step:
                learner, step = keys[start]
                raise TraceFilesError(
                    "the rows of {learner}'s step {step} are not together", learner=learner, step=step
                )
            by_step[keys[start]] = table.slice(start, end - start)
            start = end
    return by_step


def _prompt_hash(samples: pa.Table) -> str:
    prompts = dict(zip(samples["group"].to_pylist(), samples["prompt"].to_pylist(), strict=True))
    return prompt_hash([prompts[group] for group in sorted(prompts)])
