"""A python that is quick to start: forked from a process that has imported torch and transformers already.

Of the five seconds of CPU that a process of ours takes to start, 95 % go into packages that are not ours (python -X
importtime -c "import core.workers.process"). Tests that start one for what it does then, not for how it starts, take
`warm_python`: each of their processes is new, imports all modules of ours itself and has its own arguments, variables,
folder, files and session; what it has in common with others is what was imported from other people's packages. How
processes of ours really start is tested by those that take `sys.executable` as it is (tests/test_cli.py,
tests/workers/test_fork_server.py, tests/lessons/test_server_starts.py) and in the browser, where the app starts its
fork server.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.workers.child import variables

HERE = Path(__file__).parent


@functools.cache
def python(without: tuple[str, ...] = ()) -> str:
    """The path of a program that takes `-m NAME`, `-P -m NAME`, `-c CODE` or a script as python does.

    With other options it is python itself. The parent of its processes is started once and ends with this process.
    `without`: modules that neither it nor they can import, so that what it has imported did without them, too.
    """
    folder = Path(tempfile.mkdtemp(prefix="warm-"))
    place, program = folder / "socket", folder / "python"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(place))
        listening.listen(64)
        parent = subprocess.Popen(
            [sys.executable, "-P", HERE / "parent.py", str(listening.fileno()), program, *without],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            env={x: y for x, y in variables().items() if x != "PYTHONPATH"},  # ours is on no path of the parent's
            pass_fds=[listening.fileno()],
            start_new_session=True,
        )
    client = f'"{sys.executable}" -I -S "{HERE / "client.py"}" "{place}"'
    lines = ("#!/bin/sh", 'case "$1" in', f'-m | -P | -c | *.py) exec {client} "$@" ;;', "esac")
    program.write_text("\n".join((*lines, f'exec "{sys.executable}" "$@"\n')))
    program.chmod(0o700)

    def end() -> None:
        assert parent.stdin is not None
        parent.stdin.close()
        parent.wait(30)
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(end)
    return str(program)


@contextlib.contextmanager
def used() -> Iterator[None]:
    """Whoever starts a process with `sys.executable` meanwhile takes that python."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "executable", python())
        yield
