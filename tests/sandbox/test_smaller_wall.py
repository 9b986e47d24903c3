"""The wall where there is no Linux: what of it stands, what does not, and that both are said.

The child processes take themselves for macOS from their first line on: its name for itself, no call that only Linux
has (each ends the child), no O_PATH, a bound on memory that is refused, or taken and not kept.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from core.rewards.unit_tests import UnitTest, run_tests
from core.sandbox.pool import Pool
from core.sandbox.walls import walls

ROOT = Path(__file__).parents[2]

MACOS = """
import ctypes, os, resource, sys
sys.platform = "darwin"

class Library:
    def __init__(self, *_, **__):
        pass
    def __getattr__(self, name):
        os._exit(77)  # a call of Linux alone

ctypes.CDLL = Library
for _name in ("O_PATH",):
    if hasattr(os, _name):
        delattr(os, _name)
if hasattr(resource, "RLIMIT_MSGQUEUE"):
    del resource.RLIMIT_MSGQUEUE
_set = resource.setrlimit
def setrlimit(which, bound):
    if which == resource.RLIMIT_AS:
        if REFUSED:
            raise ValueError("current limit exceeds maximum limit")
        return
    if which == resource.RLIMIT_NPROC and THREADS:
        return  # Linux would count the worker's threads
    _set(which, bound)
resource.setrlimit = setrlimit
"""


def as_macos(refused: bool, threads: bool) -> str:
    return MACOS.replace("REFUSED", str(refused)).replace("THREADS", str(threads))


class Elsewhere(Pool):
    """A pool whose workers take themselves for macOS."""

    def launcher(self) -> list[str]:
        *command, code = super().launcher()
        return [*command, as_macos(refused=False, threads=True) + code]


@pytest.mark.parametrize("refused", [True, False])
def test_what_stands_without_linux_is_raised_and_the_rest_is_named(refused: bool) -> None:
    code = as_macos(refused, threads=False) + (
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "from core.sandbox.wall.raised import raise_wall\n"
        "print(raise_wall(readable=['/usr'], may_execute=True, threads=True), flush=True)\n"
        "try:\n"
        "    print('done' if os.fork() else os._exit(0), flush=True)\n"
        "except OSError as error:\n"
        "    print(type(error).__name__, flush=True)\n"
        "print(len(os.environ), resource.getrlimit(resource.RLIMIT_NPROC))\n"
    )
    command = [sys.executable, "-I", "-S", "-c", code]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert answer.returncode == 0, (answer.returncode, answer.stderr)
    first, fork, last = answer.stdout.splitlines()
    none = "no part of darwin"
    assert ast.literal_eval(first) == {
        "environment": None,
        "network": none,
        "identity": None,
        "limits": "all but AS",
        "privileges": none,
        "files": none,
        "calls": none,
    }
    assert (fork, last) == ("BlockingIOError", "0 (0, 0)")


def test_programs_are_run_and_contained_there_and_the_page_is_handed_what_is_smaller() -> None:
    pool = Elsewhere()
    try:
        assert run_tests("def f(x):\n    return x + x", [UnitTest((3,), 6)], pool=pool).passed
        for body in ("open('/etc/passwd').read()", "f(x)", "__import__('os').fork()"):
            result = run_tests(f"def f(x):\n    return {body}", [UnitTest((3,), 6)], pool=pool)
            assert not result.passed
        parts = {x.name: x for x in walls(pool)}
    finally:
        pool.close()
    smaller = "not on this machine: only Linux has it"
    assert {x: str(y.missing) for x, y in parts.items() if not y.on} == {
        "network": smaller,
        "limits": "on this machine all but memory",
        "privileges": smaller,
        "files": smaller,
        "calls": smaller,
    }
    assert [x for x, y in parts.items() if y.partly] == ["limits"]
