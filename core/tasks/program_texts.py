"""What is written around a program: the function that a response is the body of, the examples that a prompt is made of,
and what is said of a visible test that failed."""

from __future__ import annotations

import functools
import re

from core.errors import RequestError
from core.rewards.unit_tests import ProgramResult, UnitTest, compared
from core.sandbox.calls import Called, called
from core.sandbox.limits import ProgramLimits
from core.tasks.functions import LARGEST, Function, simplest

_EXAMPLE = re.compile(r"(\d):(-?\d{1,2})", re.ASCII)
_LIMITS = ProgramLimits(answer=40)
#: What came out is said where it is a number of so many digits; of anything else only that it was wrong.
_SHORT = re.compile(r"-?\d{1,3}", re.ASCII)
LONGEST_VALUE = len(str(-LARGEST))
#: Characters of what is said of a failed test: [9:-99:-999]=
LONGEST_REPLY = len("[9::]=") + LONGEST_VALUE + len("-999")


def program_of(response: str) -> str:
    """The function that a response is the body of."""
    return "def f(x):\n    return " + response.strip().removeprefix("return ")


def examples_of(prompt: str) -> tuple[tuple[int, int], ...]:
    """A prompt's examples: argument and value. RequestError where it has none."""
    parts = [_EXAMPLE.fullmatch(x) for x in prompt.removesuffix("=").split(",")]
    if not prompt.endswith("=") or None in parts:
        raise RequestError(
            "{prompt} is no question of this task: write examples of a function, such as 0:1,4:9,7:15,9:19=",
            prompt=repr(prompt[:60]),
        )
    return tuple((int(x[1]), int(x[2])) for x in parts if x is not None)


def function_of(prompt: str) -> Function:
    """The simplest function that agrees with a prompt's examples. Raises RequestError where none of the task's does."""
    function = simplest(examples_of(prompt))
    if function is None:
        raise RequestError("No function of this task agrees with all of {prompt}", prompt=repr(prompt[:60]))
    return function


def outcome_of(answer: str, tests: tuple[UnitTest, ...]) -> ProgramResult:
    """What came out of each test of an answer. RequestError where no program can be run."""
    return compared(_called(program_of(answer), tuple(x.arguments for x in tests)), tests, _LIMITS)


#: A policy writes the same program again and again: it is run once.
@functools.lru_cache(maxsize=8192)
def _called(program: str, calls: tuple[tuple[int, ...], ...]) -> Called:
    return called(program, calls, limits=_LIMITS)


def reply_to(result: ProgramResult) -> str | None:
    """The first visible test that failed, as `[4:9:8]=`: input, expected output, what came (nothing where that is no
    short number); None where all visible tests passed. Nothing of a hidden test is said."""
    for test, out in zip(result.tests, result.results, strict=True):
        if not test.hidden and not out.passed:
            came = out.got if out.got is not None and _SHORT.fullmatch(out.got) else ""
            return f"[{test.arguments[0]}:{test.expected}:{came}]="
    return None
