"""What can go wrong with the store, each as a message."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError, TimeoutError

from core.errors import Refusal


class StoreError(Refusal, RuntimeError):
    """The store could not be read or written."""


class StoreBusy(StoreError):
    """The store is locked or does not answer just now; the same may work in a moment (core/runs/patience.py)."""


class StoreReadOnly(StoreError):
    """The store cannot be written, or not even opened, where it is: a matter of rights, which waiting does not mend."""


class DataUnreadable(StoreError):
    """Something that the store holds of one run cannot be read; the store itself and other runs are well."""


class RunNotFound(Refusal, LookupError):
    """There is no such run (or no such step of it)."""


@contextmanager
def one_sentence(place: str) -> Iterator[None]:
    """Turns what the database reports into a StoreError. `place` names the store without any password."""
    try:
        yield
    except DBAPIError as error:
        raise _refusal(error.orig, place) from error
    except sqlite3.Error as error:  # of a statement that SQLAlchemy did not make: those of tables.py's _on_connect
        raise _refusal(error, place) from error
    except TimeoutError as error:  # SQLAlchemy's own, of its pool: every connection is taken
        raise StoreBusy(
            "The store at {place} could not be used: {cause}.", place=place, cause=_first_line(error)
        ) from error
    except SQLAlchemyError as error:
        raise StoreError(
            "The store at {place} could not be used: {cause}.", place=place, cause=_first_line(error)
        ) from error
    except OSError as error:
        raise StoreReadOnly(
            "The folder of the store at {place} cannot be used: {cause}.", place=place, cause=error.strerror or error
        ) from error


_CANNOT_OPEN = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH)


def _refusal(error: BaseException | None, place: str) -> StoreError:
    """What the driver's error means. SQLite's have a code, PostgreSQL's (psycopg's) an SQLSTATE."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the low byte is the primary code, the rest says where
    text = str(error).lower()
    if code == sqlite3.SQLITE_FULL or "no space left" in text:
        return StoreError(
            "The disk is full: nothing more can be written to {place}. Free some space, then resume the run.",
            place=place,
        )
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreBusy(
            "The store at {place} is locked by another program. Close it, or try again in a moment.", place=place
        )
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return StoreError(
            "The store at {place} is damaged and cannot be read. It was left as it is: move the file away (a new one "
            "is made), or put a backup in its place.",
            place=place,
        )
    if code in _CANNOT_OPEN:
        return StoreReadOnly(
            "The store at {place} cannot be opened. Check that its folder exists and may be read and written.",
            place=place,
        )
    if code == sqlite3.SQLITE_READONLY:
        return StoreReadOnly(
            "The store at {place} may be read but not written. Check the rights of the file and its folder.",
            place=place,
        )
    if code == sqlite3.SQLITE_IOERR:
        return StoreError("The disk under {place} failed or is full: it could not be read or written.", place=place)
    if _passes(error):
        return StoreBusy(
            "The database {place} is locked or does not answer (is it being restarted?). Try again in a moment.",
            place=place,
        )
    return StoreError("The store at {place} could not be used: {cause}.", place=place, cause=_first_line(error))


def _passes(error: BaseException | None) -> bool:
    """Whether PostgreSQL's error is of a kind that a moment later is gone.

    Classes of SQLSTATE (PostgreSQL's manual, appendix A): 08 the connection, 40 a transaction rolled back for another's
    sake, 53300 too many connections, 55P03 a lock, 57 an operator (shutting down, starting up). A connection that could
    not be made, or was cut, has no state at all.
    """
    if type(error).__module__.partition(".")[0] != "psycopg":
        return False
    state = getattr(error, "sqlstate", None)
    if state is None:
        return any(x.__name__ == "OperationalError" for x in type(error).__mro__)
    return state[:2] in ("08", "40", "57") or state in ("53300", "55P03")


def _first_line(error: BaseException | None) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
