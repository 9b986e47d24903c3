"""All parts of the wall in their order, each as far as the system has it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Sequence

from core.sandbox.wall import bounds, landlock, seccomp
from core.sandbox.wall.system import LINUX, prctl, unshare

#: In the order in which they are raised. Each is off where the one who raises the wall leaves it out.
PARTS = ("environment", "network", "identity", "limits", "privileges", "files", "calls")

_NEW_USER, _NEW_NETWORK, _NEW_IPC, _NEW_NAMES = 0x10000000, 0x40000000, 0x08000000, 0x04000000
_NO_NEW_PRIVILEGES = 38

#: Begins what is said of limits some of which stand: the names of the others follow.
BUT = "all but "
#: Part: None where it is on, else why it is not: "left out", "no part of darwin", what the system said, or `BUT`….
Raised = dict[str, str | None]


def raise_wall(
    *,
    readable: Sequence[str] = (),
    keep: Collection[int] = (),
    may_execute: bool = False,
    threads: bool = False,
    without: Collection[str] = (),
) -> Raised:
    """Puts this process behind the wall, for good.

    `readable` are files and folders whose contents may be read and executed, `keep` the descriptors that stay open
    beside the three standard ones; for `may_execute` see seccomp, for `threads` see bounds.
    """
    known = landlock.opened(readable) if landlock.version() else []

    def files() -> None:
        landlock.restrict(known)
        for descriptor in known:
            os.close(descriptor)

    steps: dict[str, Callable[[], None]] = {
        "environment": lambda: _empty({*keep, *known}),
        "network": _leave_network,
        "identity": bounds.become_nobody,
        "limits": lambda: _all(bounds.limit(threads)),
        "privileges": lambda: _only_linux(lambda: prctl(_NO_NEW_PRIVILEGES, 1)),
        "files": lambda: _only_linux(files),
        "calls": lambda: _only_linux(lambda: seccomp.restrict(may_execute)),
    }
    return {name: _tried(steps[name]) if name not in without else "left out" for name in PARTS}


def _tried(step: Callable[[], None]) -> str | None:
    try:
        step()
    except OSError as error:
        return error.strerror or str(error)
    except KeyError as error:
        return f"not written for {error.args[0]}"
    return None


def _only_linux(step: Callable[[], object]) -> None:
    if not LINUX:
        raise OSError(0, f"no part of {sys.platform}")
    step()


def _empty(keep: Collection[int]) -> None:
    """No variables, no descriptors but the standard ones and `keep`, no terminal, no folder of anybody's."""
    os.environ.clear()
    start = 3
    for descriptor in [*sorted(x for x in keep if x >= 3), _most()]:
        os.closerange(start, descriptor)
        start = descriptor + 1
    os.chdir("/")
    if os.getpgrp() != os.getpid():
        os.setsid()


def _most() -> int:
    try:
        return max(256, min(os.sysconf("SC_OPEN_MAX"), 1 << 20))
    except (OSError, ValueError):
        return 4096


def _leave_network() -> None:
    """A network of its own, with nothing in it. Whoever is not root needs a user namespace for that."""
    if not LINUX:
        _only_linux(lambda: None)
    own = _NEW_NETWORK | _NEW_IPC | _NEW_NAMES
    unshare(own if os.geteuid() == 0 else own | _NEW_USER)


def _all(missing: Sequence[str]) -> None:
    if missing:
        raise OSError(0, BUT + ", ".join(x.removeprefix("RLIMIT_") for x in missing))
