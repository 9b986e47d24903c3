"""What is run in a worker: the program, then one call of its function after the other; and how the report is read.

A report is printed, a line a call as soon as it has ended, so that what passed before a limit was hit still counts. A
program may print such lines itself: they say no more than that something came out, and what is right no worker knows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from core.sandbox.limits import ProgramLimits

#: How a call ended. `right`: something came out; `raised`: an exception; `time`, `memory`, `depth`, `printed`: a limit;
#: `syntax`: it is no program; `outside`: it reached for a module, a file or the network; `broke`: its worker ended, or
#: its report is none; `unreached`: an earlier call used up what there was.
CallEnding = Literal["right", "raised", "time", "memory", "depth", "printed", "syntax", "outside", "broke", "unreached"]

_START, _END = "\x02", "\x03"
_LINE = re.compile(r"\x02(\d{1,4}):(v|e)([^\x02\x03]*)\x03", re.DOTALL)

#: A program may call its own things `str` or `print`: what the calls need has other names before it begins.
_BEFORE = "_print, _repr, _str, _type, _enumerate, _every = print, repr, str, type, enumerate, BaseException\n"
#: Every exception is caught, as a program may raise SystemExit; that a limit was hit cannot be caught in there.
_CALLS = """
for _number, _arguments in _enumerate(_calls):
    try:
        _line = "v" + _repr({function}(*_arguments))[:{answer}]
    except _every as _error:
        _line = "e" + _type(_error).__name__
        try:
            _line = _line + ": " + _str(_error)[:200]
        except _every:
            pass
    _print("\\x02" + _str(_number) + ":" + _line, end="\\x03")
None
"""


def source(program: str, function: str, limits: ProgramLimits) -> str:
    """The program with the calls of its function after it; what it is called with comes as `_calls`."""
    return _BEFORE + program + "\n" + _CALLS.format(function=function, answer=limits.answer + 1)


#: Exceptions by which the interpreter says that there is nothing outside.
_OUTSIDE = {"ModuleNotFoundError", "ImportError", "PermissionError", "FileNotFoundError", "OSError"}
#: And so it says it of what is a part of its modules and functions elsewhere, and would reach outside.
_LACKS = re.compile(
    r"AttributeError: module '(?:os|sys)' has no attribute|RuntimeError: '[\w.]+' is not supported in this environment|"
    r"NameError: name '(?:__import__|exec|compile|input|breakpoint)' is not defined"
)


def lines(printed: str) -> dict[int, tuple[CallEnding, str]]:
    """What was reported of each call: that something came out (`right`, until it is compared) or how it failed."""
    reported: dict[int, tuple[CallEnding, str]] = {}
    for number, kind, text in _LINE.findall(printed):
        if int(number) not in reported:
            reported[int(number)] = ("right", text) if kind == "v" else (ending_of(text), text)
    return reported


def ending_of(error: str) -> CallEnding:
    """How a program ended that raised this: `TypeError: …`."""
    name = error.partition(":")[0]
    return _BY_NAME.get(name, "outside" if name in _OUTSIDE or _LACKS.match(error) else "raised")


_BY_NAME: Mapping[str, CallEnding] = {
    "TimeoutError": "time",
    "MemoryError": "memory",
    "RecursionError": "depth",
    "SyntaxError": "syntax",
    "NotImplementedError": "syntax",  # Python that this interpreter does not have, such as yield
}
