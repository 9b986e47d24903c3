"""Rows of the store that hold what no version of the app writes: SQLite keeps any value in any column."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, get_args

from core.runs.records import ControlKind, Status

Holds = Callable[[Any], bool]

#: A later moment is no moment that a page could show (the year 2242); seconds since 1970.
LATEST = 2**33


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int)


def _is_moment(value: Any) -> bool:
    return isinstance(value, int | float) and 0 <= value <= LATEST


def _or_null(holds: Holds) -> Holds:
    return lambda value: value is None or holds(value)


_TEXT_OR_NULL, _WHOLE_OR_NULL = _or_null(_is_text), _or_null(_is_whole)

RUN: dict[str, Holds] = {
    "id": _is_text,
    "name": _is_text,
    "created": _is_moment,
    "config": _is_text,
    "versions": _is_text,
    "config_version": _WHOLE_OR_NULL,
    "trace_version": _WHOLE_OR_NULL,
}
LEARNER: dict[str, Holds] = {
    "name": _is_text,
    "algorithm": _is_text,
    "status": lambda value: value in get_args(Status),
    "step": _is_whole,
    "steps": _is_whole,
    "updated": _is_moment,
    "pid": _WHOLE_OR_NULL,
    **dict.fromkeys(("reason", "warning", "preparing", "start_hash", "device", "host", "pid_started"), _TEXT_OR_NULL),
}

EVENT: dict[str, Holds] = {
    "learner": _is_text,
    "step": _is_whole,
    "kind": _is_text,
    "value": _is_text,
    "time": _is_moment,
    "config_version": _WHOLE_OR_NULL,
}
CONTROL: dict[str, Holds] = {"kind": lambda value: value in get_args(ControlKind), "value": _is_text}
STEP: dict[str, Holds] = {
    "learner": _is_text,
    "step": _is_whole,
    "scalars": _is_text,
    "prompt_hash": _is_text,
    "trace_version": _WHOLE_OR_NULL,
}


def damaged(row: Mapping[str, Any], columns: Mapping[str, Holds]) -> str | None:
    """The first of the columns whose value is of another kind than the column's; None where there is none."""
    return next((name for name, holds in columns.items() if not holds(row[name])), None)


def id_of(value: Any) -> str:
    """A run's id as it is shown and asked for: of one that is no text, as SQL writes its bytes."""
    return value if isinstance(value, str) else f"x'{value.hex()}'" if isinstance(value, bytes) else str(value)


def bytes_of(run_id: str) -> bytes | None:
    """The bytes of an id that `id_of` wrote; None where it is a plain one."""
    match = re.fullmatch(r"x'((?:[0-9a-f]{2})*)'", run_id)
    return bytes.fromhex(match[1]) if match else None


def name_of(value: Any) -> str:
    """A run's name whatever was stored as one, so that it can be listed."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")[:200]
    return str(value)[:200]


def moment_of(value: Any) -> float:
    """A moment that can be shown: 1970 for what is none."""
    return value if _is_moment(value) else 0.0
