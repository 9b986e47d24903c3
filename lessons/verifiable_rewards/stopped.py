"""Who stopped a hostile program, and by what; and what stood behind that, had it come past it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.rewards.unit_tests import UnitResult
from core.sandbox.pool import GRACE
from core.sandbox.wall.system import LINUX
from core.sandbox.walls import Part
from lessons.i18n import N_, _, listed, tell
from lessons.kit.display import plain
from lessons.kit.numbers import number


@dataclass(frozen=True)
class StoppedBy:
    """How the interpreter stops a kind of program, and the parts of the system's wall that are there for it."""

    by: str  # a message id
    behind: tuple[str, ...]  # names of core/sandbox/wall/raised.PARTS


#: What there is against processes: elsewhere than on Linux a bound on them, which threads do not count towards there.
_PROCESS = ("calls",) if LINUX else ("limits", "calls")
#: By a call's ending (core/sandbox/harness.py), where that says all.
_BY_ENDING: Mapping[str, StoppedBy] = {
    "time": StoppedBy(N_("it looks at the clock while it works, and ended the program at its time."), ("limits",)),
    "memory": StoppedBy(N_("it counts what the program keeps, and ended it at its bound."), ("limits",)),
    "printed": StoppedBy(N_("it counts what is printed, and ended the program at its bound."), ("limits",)),
    "depth": StoppedBy(N_("it counts the calls within calls, and ended the program at its bound."), ()),
}
#: By what the interpreter said of what is not there; the first that fits counts.
_OUTSIDE: tuple[tuple[str, StoppedBy], ...] = (
    (
        r"No module named '_?(?:socket|ssl|http|urllib|requests|ftplib|smtplib|asyncio)\b",
        StoppedBy(
            N_("of Python's modules it has only some that compute: none that opens a connection."), ("network", "calls")
        ),
    ),
    (
        r"No module named|cannot import",
        StoppedBy(N_("of Python's modules it has only some that compute: none that starts a program."), _PROCESS),
    ),
    (
        r"module 'os' has no attribute '(?:fork\w*|exec\w*|spawn\w*|posix_spawn\w*|system|popen|kill\w*)'",
        StoppedBy(N_("its `os` has no function that starts or ends a process."), _PROCESS),
    ),
    (
        r"PermissionError|FileNotFoundError|OSError",
        StoppedBy(N_("it opens no file and no folder, whatever the path."), ("files", "calls")),
    ),
    (r"", StoppedBy(N_("it has nothing of that name: what reaches outside was never built in."), ("files", "calls"))),
)


def stop_of(result: UnitResult) -> StoppedBy | None:
    """What stopped it; None where it ended by itself, or broke its interpreter."""
    if result.ending != "outside":
        return _BY_ENDING.get(result.ending)
    error = str(result.reason)
    return next(x for pattern, x in _OUTSIDE if re.search(pattern, error))


def who_stopped(result: UnitResult, parts: Sequence[Part]) -> list[str]:
    """A sentence on each wall; none where nobody had to stop it. `parts`: those of this machine, whether they stand."""
    if result.ending == "broke":
        return [_("The first wall, the interpreter, broke; its worker ended within the second one, and was replaced.")]
    stop = stop_of(result)
    if stop is None:
        return []
    lines = [_("**First wall, the interpreter:** {by}").format(by=_(stop.by))]
    if result.ending == "time":
        words = _("Where it cannot look, in one long step, whoever asked ends its worker after {grace} s more.")
        lines.append(words.format(grace=number(GRACE, 2)))
    wanted = [x for x in parts if x.name in stop.behind]
    there = [x for x in wanted if x.on or x.partly]
    if there:
        words = _("**Second wall, the system,** had it got past the first: {parts}.")
        lines.append(words.format(parts=listed(_part(x) for x in there)))
    if gone := [x for x in wanted if not (x.on or x.partly)]:
        words = _("Not on this machine, which has a smaller second wall: {parts}.")
        lines.append(words.format(parts=listed(plain(tell(x.says), 200) for x in gone)))
    return lines


def _part(part: Part) -> str:
    words = plain(tell(part.says), 200)
    return words if part.missing is None else f"{words} ({plain(tell(part.missing), 200)})"
