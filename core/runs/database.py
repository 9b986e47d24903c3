"""The database that runs are in: addressed, opened when it is first used, its complaints told as sentences."""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import sqlalchemy as sa

from core import environment
from core.extras import POSTGRES
from core.places import data_folder, database_url
from core.runs.errors import StoreError, one_sentence
from core.runs.migrations import schema
from core.runs.tables import make_engine, place_of, reads_only, runs


class Database:
    """A connection pool and the folder beside it, opened when needed; RunStore says what is kept in it."""

    def __init__(self, url: str | None = None, *, home: Path | None = None, patience_s: float = 0.0) -> None:
        """`home` is the data folder (checkpoints, logs, and the SQLite file unless `url` says otherwise).

        `patience_s`: for how long what finds the store locked, or its database gone, is tried again. Raises StoreError
        where the environment's folder or address cannot be.
        """
        if home is None and (wrong := environment.problem_of("home")):
            raise StoreError(wrong)  # another folder than the one that was meant would be as good as losing all runs
        self.home = home or data_folder()
        self.url = url or database_url(self.home)
        self.patience_s = patience_s
        try:
            self._writer, self._reader = make_engine(self.url)
            self.place = place_of(self._writer.url)
        except (sa.exc.SQLAlchemyError, ImportError, ValueError) as error:  # ValueError: a port that is no number
            if isinstance(error, ImportError) and error.name in POSTGRES.modules and (missing := POSTGRES.missing()):
                raise StoreError(missing) from error
            raise StoreError(
                "The store's address cannot be used: {cause}.", cause=str(error).splitlines()[0]
            ) from error
        self._opened = False
        self._opening = threading.Lock()

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """One consistent look at the store; for this folder's modules."""
        with self._connected(self._reader) as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """One transaction; for this folder's modules."""
        with self._connected(self._writer) as connection:
            yield connection

    def patient(self, seconds: float) -> Self:
        """The same store, with the same connections, for who waits so long for it."""
        other = copy.copy(self)
        other.patience_s = seconds
        return other

    def check_writable(self) -> None:
        """Raises StoreError (StoreReadOnly where that is a matter of rights) unless the store can be written now."""
        with self.write() as c:
            c.execute(runs.delete().where(sa.false()))

    def close(self) -> None:
        self._writer.dispose()

    @contextmanager
    def _connected(self, engine: sa.Engine) -> Iterator[sa.Connection]:
        with one_sentence(self.place):
            if not self._opened:
                self._open()
            with engine.begin() as connection:
                yield connection

    def _open(self) -> None:
        with self._opening:
            if self._opened:
                return
            if self._writer.dialect.name == "sqlite" and not reads_only(self._writer.url):
                Path(self.place).parent.mkdir(parents=True, exist_ok=True)
            with self._reader.begin() as connection:
                current = schema.is_current(connection)
            if not current:
                with self._writer.begin() as connection:
                    schema.prepare(connection, self.place)
            self._opened = True
