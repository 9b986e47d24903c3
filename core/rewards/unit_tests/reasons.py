"""How a test ended as a sentence."""

from __future__ import annotations

from core.errors import Message
from core.rewards.unit_tests.results import Ending, UnitResult, UnitTest
from core.sandbox.limits import ProgramLimits

_SHOWN = 100  # characters


def result(test: UnitTest, ending: Ending, got: str | None, limits: ProgramLimits) -> UnitResult:
    """`got` is the text of what came out, or what the interpreter said of a failure."""
    if got is not None and len(got) > _SHOWN:
        got = got[:_SHOWN] + " …"
    if ending == "right":
        return UnitResult(ending, None if test.hidden else got, None)
    if test.hidden:
        return UnitResult(ending, None, _unseen(ending, limits))
    return UnitResult(ending, got if ending == "wrong" else None, _reason(test, ending, got or "", limits))


def _reason(test: UnitTest, ending: Ending, got: str, limits: ProgramLimits) -> Message:
    if ending == "wrong":
        return Message("gave {got}, not {expected}", got=got, expected=repr(test.expected))
    if ending == "raised":
        return Message("raised {error}", error=got)
    if ending == "syntax":
        return Message("is no program that can be run here: {error}", error=got)
    if ending == "outside":
        return Message("reached for what is outside: {error}", error=got)
    return _unseen(ending, limits)


def _unseen(ending: Ending, limits: ProgramLimits) -> Message:
    """The reason without anything that stands in the test."""
    if ending == "wrong":
        return Message("a hidden test gave something else")
    if ending == "raised":
        return Message("a hidden test raised an error")
    if ending == "syntax":
        return Message("cannot be run here")
    if ending == "outside":
        return Message("wanted what is outside")
    if ending == "time":
        return Message("stopped after {seconds:g} s: an endless loop, or too much work", seconds=limits.seconds)
    if ending == "memory":
        return Message("stopped: it wanted more than {size} MB of memory", size=limits.memory >> 20)
    if ending == "depth":
        return Message("stopped: more than {count} calls within calls", count=limits.depth)
    if ending == "printed":
        return Message("stopped: more than {size} kB of output", size=limits.printed >> 10)
    if ending == "broke":
        return Message("broke its interpreter, which was replaced")
    return Message("not reached: an earlier test used up what there was")
