"""The store's rows as what they mean, whichever version of the app wrote them; for store.py."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import Any

import pyarrow as pa

from core.config import RunConfig
from core.errors import ConfigError, Message
from core.runs.arrow import unpack
from core.runs.damage import EVENT, RUN, STEP, damaged, id_of, moment_of, name_of
from core.runs.errors import DataUnreadable
from core.runs.event_values import check_stored
from core.runs.migrations.traces import NewerTrace, changes_since, check_version, conform, read_table, scalars_of
from core.runs.records import LearnerInfo, RunInfo, UnreadableRun, overall
from core.runs.table_checks import RowsError, check_scalars, check_step
from core.stored_config import (
    CONFIG_VERSION,
    DamagedConfigError,
    StoredConfigError,
    load_assignments,
    made_by,
    newer_settings,
    read_config,
)
from core.training.trace import STEPS

#: What reading a value that is not what this app writes can raise.
_DAMAGED = (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError, pa.ArrowException)


def run_of(head: Any, rows: list[LearnerInfo], damage: str | None = None) -> RunInfo | UnreadableRun:
    """A run from its row and its learners; an UnreadableRun, which says why, where that cannot be. Nothing is raised.

    `damage` names a column of a learner's that could not be read.
    """
    plain: dict[str, Any] = {
        "id": id_of(head["id"]),
        "name": name_of(head["name"]),
        "created": moment_of(head["created"]),
    }
    plain |= {"recorded": head["recorded"]}
    if column := damaged(head, RUN) or damage:
        problem = Message("what the store holds of it is damaged ({column})", column=column)
        return UnreadableRun(**plain, problem=problem, made_by=None, learners=tuple(rows), damaged=True)
    versions = _versions(head["versions"])
    try:
        if (head["config_version"] or 1) > CONFIG_VERSION:
            raise StoredConfigError(newer_settings(head["config_version"]))
        config = _config(head["config"])
        check_version(head["trace_version"] or 1)
    except (ConfigError, NewerTrace) as error:
        made = made_by(head["config"], versions)
        broken = isinstance(error, DamagedConfigError)
        return UnreadableRun(**plain, problem=error.messages[0], made_by=made, learners=tuple(rows), damaged=broken)
    status, reason = overall(rows)
    return RunInfo(**plain, config=config, status=status, reason=reason, versions=versions, learners=tuple(rows))


@functools.lru_cache(maxsize=256)
def _config(text: str) -> RunConfig:
    return read_config(text)


def _versions(text: str) -> dict[str, str]:
    """What a run was made with; what of it cannot be read is left out, as no number follows from it."""
    try:
        versions = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    known = versions.items() if isinstance(versions, dict) else ()
    return {name: version for name, version in known if isinstance(version, str)}


def sound_event(row: Any) -> Any:
    """An event's row as it is. Raises DataUnreadable where a column holds what no version writes there."""
    if column := damaged(row, EVENT):
        raise DataUnreadable(
            "What the store holds of an event of this run is damaged ({column}).", key="event-damaged-at", column=column
        )
    return row


def event_value(row: Any) -> Any:
    """An event's value; a change is given in the settings of this version. What is no finite number is None.

    Raises DataUnreadable where it is none that this kind of event has.
    """
    try:
        value = json.loads(row["value"], parse_constant=lambda _: None)
        check_stored(row["kind"], value)
        return load_assignments(value, row["config_version"]) if row["kind"] == "change" else value
    except _DAMAGED as error:
        raise DataUnreadable("What the store holds of an event of this run is damaged.") from error


def step_values(row: Any, constant: Callable[[str], Any] | None = None) -> dict[str, Any]:
    """A step's numbers by column, those included that STEPS does not have; a missing one of STEPS is None.

    `constant` says what stands for NaN and the infinities, which JSON does not know (None: themselves). Raises
    DataUnreadable where the row is damaged, or where a newer version wrote it.
    """
    if column := damaged(row._mapping, STEP):
        raise DataUnreadable(
            "What the store holds of a step of this run is damaged ({column}).", key="step-damaged-at", column=column
        )
    version = row.trace_version or 1
    try:
        check_version(version)
        values = dict.fromkeys(STEPS.names) | scalars_of(json.loads(row.scalars, parse_constant=constant))
        values |= {"learner": row.learner, "step": row.step}
        check_scalars(values)
        if not changes_since(version):
            return values
        step_row: dict[str, Any] = read_table("steps", one_row(values), version).to_pylist()[0]
        return step_row
    except NewerTrace as error:
        raise _newer(error) from error
    except _DAMAGED as error:
        raise DataUnreadable("What the store holds of a step of this run is damaged.") from error


def one_row(values: dict[str, Any]) -> pa.Table:
    """A step's numbers as a table of STEPS' columns and those that come on top."""
    types = {x.name: x.type for x in STEPS}
    return conform(pa.table({name: pa.array([x], types.get(name)) for name, x in values.items()}), STEPS)


def trace_table(name: str, packed: bytes) -> pa.Table:
    """A step's SAMPLES or TOKENS, and whatever columns its table has on top.

    Raises DataUnreadable where it is damaged, or a newer version's.
    """
    try:
        return read_table(name, unpack(packed))
    except NewerTrace as error:
        raise _newer(error) from error
    except _DAMAGED as error:
        raise DataUnreadable("What the store holds of a step of this run is damaged.") from error


def step_tables(row: Any) -> tuple[pa.Table, pa.Table]:
    """A step's SAMPLES and TOKENS, which belong together. Raises DataUnreadable where they do not."""
    samples, tokens = trace_table("samples", row.samples), trace_table("tokens", row.tokens)
    try:
        check_step(samples, tokens)
    except RowsError as error:
        raise DataUnreadable("A step of this run is damaged in the store: {cause}.", cause=error) from error
    return samples, tokens


def _newer(error: NewerTrace) -> DataUnreadable:
    return DataUnreadable("A step was recorded by another version of the app: {cause}.", cause=error)
