"""What can go wrong with the store, each as a message."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from core.errors import Message, Refusal


class StoreError(Refusal, RuntimeError):
    """The store could not be read or written."""


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
        raise StoreError(_message(error.orig, place)) from error
    except SQLAlchemyError as error:
        raise StoreError(
            "The store at {place} could not be used: {cause}.", place=place, cause=_first_line(error)
        ) from error
    except OSError as error:
        raise StoreError(
            "The folder of the store at {place} cannot be used: {cause}.", place=place, cause=error.strerror or error
        ) from error


def _message(error: BaseException | None, place: str) -> Message:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the low byte is the primary code, the rest says where
    text = str(error).lower()
    if code == sqlite3.SQLITE_FULL or "no space left" in text:
        return Message(
            "The disk is full: nothing more can be written to {place}. Free some space, then resume the run.",
            place=place,
        )
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Message(
            "The store at {place} is locked by another program. Close it, or try again in a moment.", place=place
        )
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return Message(
            "The store at {place} is damaged and cannot be read. It was left as it is: move the file away (a new one "
            "is made), or put a backup in its place.",
            place=place,
        )
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH):
        return Message(
            "The store at {place} cannot be opened. Check that its folder exists and may be read and written.",
            place=place,
        )
    if code == sqlite3.SQLITE_READONLY:
        return Message(
            "The store at {place} may be read but not written. Check the rights of the file and its folder.",
            place=place,
        )
    if code == sqlite3.SQLITE_IOERR:
        return Message("The disk under {place} failed or is full: it could not be read or written.", place=place)
    return Message("The store at {place} could not be used: {cause}.", place=place, cause=_first_line(error))


def _first_line(error: BaseException | None) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
