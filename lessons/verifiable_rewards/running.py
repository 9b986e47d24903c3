"""The sandbox as this page uses it: what a person typed runs in its workers alone, and a crowd waits its turn."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence

import streamlit as st

from core.errors import RequestError
from core.rewards.unit_tests import ProgramResult, UnitTest, run_tests
from core.sandbox.walls import Part, walls

#: What this server's viewers have running or waiting to run; a program takes half a second at most.
_WAITING = 12
_PATIENCE = 5.0  # seconds
_places = threading.BoundedSemaphore(_WAITING)


@st.cache_data(show_spinner=False, max_entries=256)
def ran(program: str, _tests: Sequence[UnitTest], about: str) -> ProgramResult:
    """What came out of the tests, which `about` names. RequestError where no program can be run, or too many wait.

    The same program is run once, however often the page is drawn.
    """
    with a_place():
        return run_tests(program, _tests)


@contextlib.contextmanager
def a_place() -> Iterator[None]:
    """One of the places for what people typed. RequestError where none becomes free."""
    if not _places.acquire(timeout=_PATIENCE):
        raise RequestError("Too many programs are waiting to be run here; try again in a moment.")
    try:
        yield
    finally:
        _places.release()


@st.cache_data(show_spinner=False, ttl=3600)
def standing() -> list[Part]:
    """The walls' parts; a worker that is started for it reports them."""
    return walls()
