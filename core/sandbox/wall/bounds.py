"""Limits of the process (setrlimit), and an identity without rights."""

from __future__ import annotations

import mmap
import os
import resource

from core.sandbox.wall.system import LINUX

MEMORY = 512 << 20  # bytes of address space: an interpreter that does nothing has reserved 120 to 180 MB of them
CPU_SECONDS = 120  # of a worker's whole life, which serves hundreds of programs
DESCRIPTORS = 16
_NOBODY = 65534


def limit(threads: bool) -> list[str]:
    """Sets what there is of the limits, and gives the names of those that the system does not keep.

    `threads`: the process starts some, which Linux counts as processes; a filter on system calls has to refuse forks.
    """
    wanted = {
        "RLIMIT_CPU": CPU_SECONDS,
        "RLIMIT_AS": MEMORY,
        "RLIMIT_FSIZE": 0,
        "RLIMIT_NOFILE": DESCRIPTORS,
        "RLIMIT_CORE": 0,
        "RLIMIT_MEMLOCK": 0,
    }
    if LINUX:
        wanted["RLIMIT_MSGQUEUE"] = 0  # no other system has such queues, so nothing is missing there
    if not (threads and LINUX):
        wanted["RLIMIT_NPROC"] = 0
    return [name for name, value in wanted.items() if not _set(name, value) or (name == "RLIMIT_AS" and _unbounded())]


def _set(name: str, value: int) -> bool:
    number = getattr(resource, name, None)
    if number is None:
        return False
    _, hard = resource.getrlimit(number)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    try:
        resource.setrlimit(number, (value, value))
    except (OSError, ValueError):  # some versions of macOS refuse a bound on the address space
        return False
    return True


def _unbounded() -> bool:
    """Whether the bound on memory was taken and is not kept, as by other versions of macOS; nothing is used up."""
    try:
        mmap.mmap(-1, 2 * MEMORY, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()
    except (OSError, MemoryError):
        return False
    return True


def become_nobody() -> None:
    """Where this process is root's, it becomes that of a user who owns nothing. OSError where that cannot be."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(_NOBODY)
        os.setuid(_NOBODY)
