"""Rows as the store writes them, with the versions that they are of; reading.py is the other way."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa

from core.runs.migrations.traces import TRACE_VERSION
from core.runs.tables import events, runs
from core.stored_config import CONFIG_VERSION

#: What every row that is written now is of.
VERSIONS = {"config_version": CONFIG_VERSION, "trace_version": TRACE_VERSION}


def older(column: Any) -> Any:
    """Where a run names an older version than this one; the version that a run names only ever rises."""
    return sa.func.coalesce(column, 1) < VERSIONS[column.name]


def write_event(c: sa.Connection, where: dict[str, Any], kind: str, value: Any, now: float, *, traced: bool) -> None:
    """Adds an event of the run, learner and step in `where`; `traced` says that it came with a step of the trace."""
    row = {**where, "kind": kind, "value": json.dumps(value), "time": now, "traced": traced}
    c.execute(events.insert().values(**row, config_version=CONFIG_VERSION))
    if kind == "change":
        behind = sa.and_(runs.c.id == where["run"], older(runs.c.config_version))
        c.execute(runs.update().where(behind).values(config_version=CONFIG_VERSION))
