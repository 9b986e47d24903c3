"""Which parts of the two walls stand on this machine, in sentences, and why others do not."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from core.errors import Message
from core.sandbox import pool as workers
from core.sandbox.pool import Pool, unavailable, worker_walls
from core.sandbox.wall.raised import BUT
from core.sandbox.wall.system import LINUX


@dataclass(frozen=True)
class Part:
    """One part of a wall."""

    name: str
    says: Message  # what it keeps a program from
    missing: Message | None  # why it does not stand; None where it does
    partly: bool = False  # some of it stands; what does not is `missing`

    @property
    def on(self) -> bool:
        """Whether it stands."""
        return self.missing is None


_SAYS = {
    "environment": Message("no variables, no open files, no terminal"),
    "network": Message("a network of its own, with nothing in it"),
    "identity": Message("no administrator's rights"),
    "limits": (
        Message("bounds on processor time, memory, file size and open files")
        if LINUX
        else Message("bounds on processor time, memory, file size, open files and processes")
    ),
    "privileges": Message("no rights gained by starting a program"),
    "files": Message("no file but its own program and the system's libraries (Landlock)"),
    "calls": Message("a list of permitted system calls: no sockets, no processes, no writing (seccomp)"),
}

#: What a limit bounds, by setrlimit's name for it.
_LIMITS = {
    "CPU": Message("processor time"),
    "AS": Message("memory"),
    "FSIZE": Message("file size"),
    "NOFILE": Message("open files"),
    "NPROC": Message("processes"),
    "CORE": Message("core dumps"),
    "MEMLOCK": Message("locked memory"),
    "MSGQUEUE": Message("message queues"),
}


def walls(pool: Pool | None = None) -> list[Part]:
    """The interpreter first, then each part of the system's wall, as a worker that was started now reports them."""
    missing = unavailable()
    parts = [Part("interpreter", _interpreter(), missing)]
    reported = worker_walls(pool or workers.shared())
    for name, says in _SAYS.items():
        why = reported.get(name, "") if reported else "left out"
        partly = why is not None and why.startswith(BUT)
        parts.append(Part(name, says, None if why is None else _why(why), partly))
    return parts


def _interpreter() -> Message:
    try:
        number = version("pydantic-monty")
    except PackageNotFoundError:
        number = ""
    return Message(
        "an interpreter without files, processes or network, in worker processes (pydantic-monty {number})",
        number=number,
    )


def _why(cause: str) -> Message:
    if cause == "left out":
        return Message("left out")
    if not cause:
        return Message("its worker did not start")
    if cause.startswith(BUT):
        names = [_LIMITS.get(x) or x for x in cause.removeprefix(BUT).split(", ")]
        return Message("on this machine all but {limits}", limits=functools.reduce(_listed, names))
    if cause.startswith("no part of"):
        return Message("not on this machine: only Linux has it")
    return Message("not on this machine: {cause}", cause=cause)


def _listed(before: Message | str, last: Message | str) -> Message:
    return Message("{before}, {last}", before=before, last=last)
