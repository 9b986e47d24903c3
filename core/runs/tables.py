"""The store's tables, the same for SQLite and any other database that SQLAlchemy speaks to."""

from __future__ import annotations

import sqlite3
import time
from typing import Any

import sqlalchemy as sa

metadata = sa.MetaData()
_id = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # SQLite counts up only INTEGER keys by itself


def _run() -> sa.Column[str]:
    return sa.Column("run", sa.String(64), sa.ForeignKey("runs.id", ondelete="CASCADE"), nullable=False)


runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("created", sa.Double, nullable=False),  # seconds since 1970
    sa.Column("config", sa.Text, nullable=False),  # RunConfig as JSON with its version, as the run was started
    sa.Column("versions", sa.Text, nullable=False, default="{}"),
    sa.Column("recorded", sa.Boolean, nullable=False, default=False),
    # The newest version that its config or any change of it, and any of its steps is of; null: 1.
    sa.Column("config_version", sa.Integer),
    sa.Column("trace_version", sa.Integer),
)

learners = sa.Table(
    "learners",
    metadata,
    _run(),
    sa.Column("name", sa.String(24), nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("algorithm", sa.String(24), nullable=False),
    sa.Column("status", sa.String(12), nullable=False),
    sa.Column("reason", sa.Text),  # core.errors.Message as JSON, as is `warning`; of older versions English text
    sa.Column("step", sa.Integer, nullable=False),  # last finished, -1: none
    sa.Column("steps", sa.Integer, nullable=False),
    sa.Column("start_hash", sa.String(64)),
    sa.Column("device", sa.String(64)),
    sa.Column("host", sa.String(255)),  # whose process numbers `pid` is one of
    sa.Column("pid", sa.Integer),  # who looks after this learner: its worker, or the app while it waits in the queue
    sa.Column("pid_started", sa.String(64)),
    sa.Column("updated", sa.Double, nullable=False),  # the worker's last sign of life
    sa.Column("warning", sa.Text),
    sa.Column(
        "preparing", sa.Text
    ),  # JSON {"text" (a Message), "share"}: what it does before its first step; null: no such thing
    sa.PrimaryKeyConstraint("run", "name"),
)

#: `id` is the cursor of the live view: whatever is newer has a larger one. AUTOINCREMENT never gives one out twice.
steps = sa.Table(
    "steps",
    metadata,
    sa.Column("id", _id, primary_key=True, autoincrement=True),
    _run(),
    sa.Column("learner", sa.String(24), nullable=False),
    sa.Column("step", sa.Integer, nullable=False),
    sa.Column("scalars", sa.Text, nullable=False),  # JSON {column: value}; of older steps a list (traces.py)
    sa.Column("prompt_hash", sa.String(64), nullable=False),
    sa.Column("trace_version", sa.Integer),  # null: 1
    sa.UniqueConstraint("run", "learner", "step"),
    sa.Index("steps_by_cursor", "run", "id"),
    sqlite_autoincrement=True,
)

#: Apart from `steps`, so that the live view's reads never touch a page that holds a blob.
blobs = sa.Table(
    "blobs",
    metadata,
    sa.Column("step_id", _id, sa.ForeignKey("steps.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    sa.Column("samples", sa.LargeBinary, nullable=False),  # Arrow IPC stream, zstd
    sa.Column("tokens", sa.LargeBinary, nullable=False),
)

#: What an offline learner learns from; it is collected before the first step and stays as it is.
collected = sa.Table(
    "collected",
    metadata,
    sa.Column("id", _id, primary_key=True, autoincrement=True),
    _run(),
    sa.Column("learner", sa.String(24), nullable=False),
    sa.Column("responses", sa.LargeBinary, nullable=False),  # Arrow IPC stream, zstd
    sa.UniqueConstraint("run", "learner"),
    sqlite_autoincrement=True,
)

#: The labelled pairs that a run's reward models learn from: they come with the run, or with its first step.
preferences = sa.Table(
    "preferences",
    metadata,
    sa.Column("run", sa.String(64), sa.ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("content", sa.Text, nullable=False),  # JSON as core/rewards/preferences.py reads it, with its version
)

controls = sa.Table(
    "controls",
    metadata,
    sa.Column("id", _id, primary_key=True, autoincrement=True),
    _run(),
    sa.Column("learner", sa.String(24), nullable=False),
    sa.Column("kind", sa.String(12), nullable=False),
    sa.Column("value", sa.Text, nullable=False),
    sa.Index("controls_by_learner", "run", "learner"),
    sqlite_autoincrement=True,
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("id", _id, primary_key=True, autoincrement=True),
    _run(),
    sa.Column("learner", sa.String(24), nullable=False),
    sa.Column("step", sa.Integer, nullable=False),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("time", sa.Double, nullable=False),
    sa.Column("traced", sa.Boolean, nullable=False, default=False),  # came with a step's trace, goes when it is re-made
    sa.Column("config_version", sa.Integer),  # of the settings that a change names; null: 1
    sa.Index("events_by_run", "run", "id"),
    sqlite_autoincrement=True,
)


#: One row: which version of these tables the database has (core/runs/migrations/schema.py).
schema_version = sa.Table("schema_version", metadata, sa.Column("version", sa.Integer, nullable=False))


#: How long the database itself waits for a lock before it says so.
LOCK_TIMEOUT_S = 5


def make_engine(url: str) -> tuple[sa.Engine, sa.Engine]:
    """(for writing, for reading): two views of one connection pool. Nothing is opened yet.

    On SQLite a writer takes its lock at BEGIN, so that it waits its turn instead of failing halfway, and a reader
    never waits for a writer (WAL). On PostgreSQL a reader's statements all see the same moment, as SQLite's do, and a
    connection that the server has closed meanwhile is made anew (pre-ping).
    """
    engine = sa.create_engine(url, pool_pre_ping=not url.startswith("sqlite"))
    reading: dict[str, Any] = {"reads_only": True}
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _on_connect_to_read if reads_only(engine.url) else _on_connect)
        sa.event.listen(engine, "begin", _on_begin)
    elif engine.dialect.name == "postgresql":
        sa.event.listen(engine, "connect", _on_connect_to_postgresql)
        reading["isolation_level"] = "REPEATABLE READ"
    return engine, engine.execution_options(**reading)


def reads_only(url: sa.URL) -> bool:
    """Whether a SQLite address says itself that nothing may be written: `sqlite:///file:PATH?mode=ro&uri=true`."""
    return url.query.get("mode") == "ro"


def place_of(url: sa.URL) -> str:
    """What to call the store: a file's path, a database's name, else the address without its password."""
    return (url.database or "").removeprefix("file:") or url.render_as_string(hide_password=True)


def _on_connect(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver shall not begin transactions by itself; _on_begin does
    connection.text_factory = _text
    for pragma in (f"busy_timeout={LOCK_TIMEOUT_S * 1000}", "synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    _use_wal(connection)


def _text(stored: bytes) -> str | bytes:
    """A text of the file; bytes that are none stay bytes, so that one damaged row does not end the reading of all."""
    try:
        return stored.decode()
    except UnicodeDecodeError:
        return stored


def _on_connect_to_read(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    connection.text_factory = _text
    connection.execute(f"PRAGMA busy_timeout={LOCK_TIMEOUT_S * 1000}")


def _on_connect_to_postgresql(connection: Any, _record: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = '{LOCK_TIMEOUT_S}s'")
    connection.commit()


def _use_wal(connection: Any) -> None:
    """A file's journal mode is changed once in its life. SQLite does not wait for its turn to do that."""
    until = time.monotonic() + LOCK_TIMEOUT_S
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def _on_begin(connection: sa.Connection) -> None:
    reading = connection.get_execution_options().get("reads_only", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
