"""Runs a program's unit tests: `run_tests("def f(x):\\n    return x * 2", [UnitTest((3,), 6)])`."""

from __future__ import annotations

from collections.abc import Sequence

from core.rewards.unit_tests.reasons import result
from core.rewards.unit_tests.results import ProgramResult, UnitResult, UnitTest
from core.sandbox.calls import Called, Runner, called
from core.sandbox.limits import LIMITS, ProgramLimits


def run_tests(
    program: str,
    tests: Sequence[UnitTest],
    *,
    function: str = "f",
    limits: ProgramLimits = LIMITS,
    pool: Runner | None = None,
) -> ProgramResult:
    """Defines `program` in a sandbox and calls its `function` once a test, in one request.

    Nothing of it raises for what a program does. RequestError where programs cannot be run here at all.
    """
    calls = [x.arguments for x in tests]
    return compared(called(program, calls, function=function, limits=limits, pool=pool), tests, limits)


def compared(out: Called, tests: Sequence[UnitTest], limits: ProgramLimits = LIMITS) -> ProgramResult:
    """What came out of `tests`, whose arguments were the calls."""
    results: list[UnitResult] = []
    for test, (ending, text) in zip(tests, out.reports, strict=True):
        passed = ending == "right" and text == repr(test.expected)
        results.append(result(test, "wrong" if ending == "right" and not passed else ending, text, limits))
    return ProgramResult(tuple(tests), tuple(results), out.seconds)
