"""The database's tables, brought up to date when a store is opened: in one transaction, by one process at a time."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from core.runs.errors import StoreError
from core.runs.tables import metadata, schema_version


def _to_2(connection: sa.Connection) -> None:
    """Configs, changes of settings, and steps say which version they are of. No number changes.

    `learners.preparing` came while there were no versions yet: some files of version 1 have it, some do not.
    """
    _add(connection, "learners", sa.Column("preparing", sa.Text))
    _add(connection, "runs", sa.Column("config_version", sa.Integer))
    _add(connection, "runs", sa.Column("trace_version", sa.Integer))
    _add(connection, "steps", sa.Column("trace_version", sa.Integer))
    _add(connection, "events", sa.Column("config_version", sa.Integer))
    schema_version.create(connection, checkfirst=True)


def _to_3(connection: sa.Connection) -> None:
    """A table for the data sets of offline learners, which older runs have none of. No number changes."""
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    made = sa.Table(
        "collected",
        sa.MetaData(),
        sa.Column("id", number, primary_key=True, autoincrement=True),
        sa.Column("run", sa.String(64), nullable=False),
        sa.Column("learner", sa.String(24), nullable=False),
        sa.Column("responses", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("run", "learner"),
        sqlite_autoincrement=True,
    )
    runs = sa.Table("runs", made.metadata, sa.Column("id", sa.String(64), primary_key=True))
    made.append_constraint(sa.ForeignKeyConstraint(["run"], [runs.c.id], ondelete="CASCADE"))
    made.create(connection, checkfirst=True)


def _to_4(connection: sa.Connection) -> None:
    """A table for the labelled pairs that reward models learn from; older runs have none. No number changes."""
    made = sa.Table(
        "preferences",
        sa.MetaData(),
        sa.Column("run", sa.String(64), primary_key=True),
        sa.Column("content", sa.Text, nullable=False),
    )
    runs = sa.Table("runs", made.metadata, sa.Column("id", sa.String(64), primary_key=True))
    made.append_constraint(sa.ForeignKeyConstraint(["run"], [runs.c.id], ondelete="CASCADE"))
    made.create(connection, checkfirst=True)


#: STEPS[n − 1] leads from version n to version n + 1. A step that was released stays as it is: it names tables and
#: columns itself, as those of tables.py go on changing.
STEPS: tuple[Callable[[sa.Connection], None], ...] = (_to_2, _to_3, _to_4)
SCHEMA_VERSION = 1 + len(STEPS)

# Any number will do that nothing else in the same database locks.
_LOCK = 7_402_511


def is_current(connection: sa.Connection) -> bool:
    """Whether nothing is to be done; takes no lock."""
    return version_of(connection) == SCHEMA_VERSION


def prepare(connection: sa.Connection, place: str) -> None:
    """Makes all tables in an empty database, or changes older ones; the caller commits. Raises StoreError.

    SQLite's writers have the database to themselves from BEGIN IMMEDIATE on (core/runs/tables.py); PostgreSQL, whose
    transactions would see each other's half-made tables, gets a lock that ends with the transaction.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    version = version_of(connection)
    if version == SCHEMA_VERSION:
        return
    if version is not None and version > SCHEMA_VERSION:
        raise StoreError(
            "The store at {place} has tables of version {version}, but this version of the app knows them up to "
            "version {known}: start the newer one, or set CREDIT_LAB_HOME to another folder.",
            place=place,
            version=version,
            known=SCHEMA_VERSION,
        )
    if version is None:
        metadata.create_all(connection)
    else:
        for step in STEPS[version - 1 :]:
            step(connection)
    connection.execute(schema_version.delete())
    connection.execute(schema_version.insert().values(version=SCHEMA_VERSION))


def version_of(connection: sa.Connection) -> int | None:
    """The version of the tables, 1 where they name none; None where there are no tables."""
    tables = sa.inspect(connection)
    if tables.has_table(schema_version.name):
        return connection.execute(sa.select(sa.func.max(schema_version.c.version))).scalar() or 1
    return 1 if tables.has_table("runs") else None


def _add(connection: sa.Connection, table: str, column: sa.Column[object]) -> None:
    """Adds a nullable column unless it is there."""
    if column.name in {x["name"] for x in sa.inspect(connection).get_columns(table)}:
        return
    kind = column.type.compile(connection.dialect)
    connection.execute(sa.DDL(f"ALTER TABLE {table} ADD COLUMN {column.name} {kind}"))
