"""Other people's formats, by name: each is an integration that is imported when it is asked for, and can be left out.

Integrations may use all of core, and so may the app's pages, one of whose formats is among these; core reaches both
here alone. A package of somebody else's adds a format by an entry
point of one of the groups below (`importlib.metadata`), without a change here.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from core.runs.records import RunInfo
    from core.runs.store import RunStore

TABLES, TEXTS = "credit_lab.table_readers", "credit_lab.text_readers"
WRITERS, RUN_WRITERS = "credit_lab.writers", "credit_lab.run_writers"

#: What comes with the app, as entry points are written.
_OWN: dict[str, dict[str, str]] = {
    TABLES: {"trl": "core.integrations.trl.completions:READER"},
    TEXTS: {
        "unipo": "core.integrations.unipo.logs:READER",
        "prime-rl": "core.integrations.prime_rl.tokens:READER",
    },
    WRITERS: {"unipo": "core.integrations.unipo.export:WRITER"},
    RUN_WRITERS: {"html": "lessons.elsewhere.writer:WRITER"},
}


@dataclass(frozen=True)
class TableReader:
    """Reads runs from Parquet tables."""

    prefix: str  # how the tables' file names begin
    columns: tuple[str, ...]  # those that a table must have
    takes: Callable[[pa.Schema], bool]
    add: Callable[[RunStore, Sequence[pa.Table], str], str]  # (store, tables, the run's name) → the run's id


@dataclass(frozen=True)
class TextReader:
    """Reads runs from text, such as JSON."""

    read: Callable[[str, PurePosixPath], Any | None]  # (text, the file's place among its files); None: another format
    add: Callable[[RunStore, Sequence[Any], str | None], str]  # (store, what was read, a name) → the run's id


@dataclass(frozen=True)
class Writer:
    """Writes a learner of a run as a file."""

    write: Callable[[RunStore, RunInfo, str, Path], Path]


@dataclass(frozen=True)
class RunWriter:
    """Writes a whole run as one file."""

    write: Callable[[RunStore, RunInfo, Path], None]
    ending: str  # of the file's name, without a dot


def names(group: str) -> list[str]:
    """The formats of a group by name, our own first."""
    return list(dict.fromkeys([*_OWN[group], *(x.name for x in entry_points(group=group))]))


def load(group: str, name: str) -> Any:
    """The format of this name; raises KeyError where there is none, ImportError where its packages are missing."""
    own = _OWN[group].get(name)
    if own is None:
        return next(iter(entry_points(group=group, name=name)), _Missing(name)).load()
    module, _, attribute = own.partition(":")
    return getattr(importlib.import_module(module), attribute)


def all_of(group: str) -> list[Any]:
    """Every format of a group."""
    return [load(group, name) for name in names(group)]


@dataclass(frozen=True)
class _Missing:
    name: str

    def load(self) -> Any:
        raise KeyError(self.name)
