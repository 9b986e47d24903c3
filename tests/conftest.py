"""Which files of tests begin first, what the collector of garbage leaves alone, and a python that is quick to start."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from tests import warm

#: Files whose tests are few and long. Several processes share the files (the Makefile), one file a process: what takes
#: a minute has to begin early, or it is the last, and the other processes have nothing left to do beside it. xdist
#: would begin with the files of the most tests, which is the wrong way round for these.
LONG_FIRST = (
    "tests/lessons/test_odd_runs.py",
    "tests/workers/test_locked.py",
    "tests/workers/test_worker.py",
    "tests/workers/test_interruption.py",
    "tests/models/test_memory.py",
    "tests/test_cli.py",
    "tests/test_examples.py",
    "tests/test_extras.py",
    "tests/training/test_fitted.py",
    "tests/test_cli_reward.py",
    "tests/workers/test_level.py",
    "tests/workers/test_reward_run.py",
    "tests/lessons/test_web_page.py",
    "tests/lessons/test_taking_along.py",
    "tests/lessons/test_server_starts.py",
    "tests/lessons/test_languages.py",
    "tests/runs/test_bombs.py",
    "tests/runs/test_migrations.py",
    "tests/training/test_cut.py",
    "tests/learners/test_variants.py",
    "tests/e2e/test_every_page.py",
    "tests/e2e/test_pages.py",
    "tests/e2e/test_live.py",
    "tests/e2e/test_a_trained_reward_model.py",
    "tests/e2e/test_credit_lessons.py",
    "tests/e2e/test_stepper.py",
    "tests/e2e/test_first_screen.py",
    "tests/e2e/test_shifts.py",
    "tests/e2e/test_contract.py",
    "tests/e2e/test_pipeline.py",
    "tests/e2e/test_memory.py",
    "tests/e2e/test_a_real_instruct_model.py",
    "tests/e2e/test_web_page.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long files in their order, then all others in theirs, those in a browser after those without; no test changes
    its place within its file.

    A process in which Playwright has begun has an event loop going, in which what runs one of its own would fail.
    """
    place = {file: number for number, file in enumerate(LONG_FIRST)}

    def order(item: pytest.Item) -> tuple[bool, int]:
        file = item.nodeid.partition("::")[0]
        return file.startswith("tests/e2e/"), place.get(file, len(place))

    items.sort(key=order)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Nothing that is collected is garbage: to look for some among a million objects took a fifth of the time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish() -> None:
    """What tests import is garbage for none of them, and is left alone, as in the app's processes (lessons/server.py).

    Streamlit collects after each view of a page: an eighth of what tests of pages took was looking through those half
    a million objects.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture
def warm_python() -> Iterator[None]:
    """Processes that the test starts with `sys.executable` are quick to start; tests/warm says what that changes."""
    with warm.used():
        yield
