"""Becomes a worker behind the wall: `main(["worker", …])` raises the wall and executes the program in this process."""

from __future__ import annotations

import json
import os
import sys

from core.sandbox.wall.raised import Raised, raise_wall
from core.sandbox.wall.system import LINUX

#: What a dynamically linked program reads before it begins: the loader, the C library, and the list of where they are.
LIBRARIES = ("/lib", "/lib64", "/lib32", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache", "/nix/store")


def main(program: str, without: tuple[str, ...], arguments: list[str]) -> None:
    """Executes `program`, whose standard error goes nowhere; with the argument --walls it says what was raised."""
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 2)
    os.close(quiet)
    descriptor = os.open(program, os.O_RDONLY | os.O_CLOEXEC)
    raised = behind_wall(program, descriptor, without)
    if arguments == ["--walls"]:
        sys.stdout.write(json.dumps(raised))
        sys.stdout.flush()
        return
    os.execve(descriptor if LINUX else program, [program, *arguments], {})


def behind_wall(program: str, descriptor: int, without: tuple[str, ...]) -> Raised:
    """The wall of a worker that starts threads and is executed by its descriptor: its path may be closed to it."""
    readable = (program, *LIBRARIES) if LINUX else ()
    return raise_wall(readable=readable, keep=[descriptor], may_execute=True, threads=True, without=without)
