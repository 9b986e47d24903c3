"""Which parts of the two walls stand on this machine, in sentences, and why others do not."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from core.errors import Message
from core.sandbox import pool as workers
from core.sandbox.pool import Pool, unavailable, worker_walls


@dataclass(frozen=True)
class Part:
    """One part of a wall."""

    name: str
    says: Message  # what it keeps a program from
    missing: Message | None  # why it does not stand; None where it does

    @property
    def on(self) -> bool:
        """Whether it stands."""
        return self.missing is None


_SAYS = {
    "environment": Message("no variables, no open files, no terminal"),
    "network": Message("a network of its own, with nothing in it"),
    "identity": Message("no administrator's rights"),
    "limits": Message("bounds on processor time, memory, file size and open files"),
    "privileges": Message("no rights gained by starting a program"),
    "files": Message("no file but its own program and the system's libraries (Landlock)"),
    "calls": Message("a list of permitted system calls: no sockets, no processes, no writing (seccomp)"),
}


def walls(pool: Pool | None = None) -> list[Part]:
    """The interpreter first, then each part of the system's wall, as a worker that was started now reports them."""
    missing = unavailable()
    parts = [Part("interpreter", _interpreter(), missing)]
    reported = worker_walls(pool or workers.shared())
    for name, says in _SAYS.items():
        why = reported.get(name, "") if reported else "left out"
        parts.append(Part(name, says, None if why is None else _why(why)))
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
    return Message("not on this machine: {cause}", cause=cause)
