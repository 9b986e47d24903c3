"""Calls a program's function: `called("def f(x):\\n    return x * 2", [(3,)])` says what came out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from core.sandbox import pool as workers
from core.sandbox.harness import CallEnding, ending_of, lines, source
from core.sandbox.limits import LIMITS, ProgramLimits
from core.sandbox.pool import WorkerReply

_LONGEST_PROGRAM = 20_000  # characters
#: A program gets this part of its time first, and all of it only where that was too little.
FIRST = 4


class Runner(Protocol):
    """Whoever runs programs: a pool, or what takes its place in tests."""

    def run(self, code: str, inputs: dict[str, Any], limits: ProgramLimits) -> WorkerReply:
        """What `code` printed, with `inputs` as its names, and how it ended."""


@dataclass(frozen=True)
class Called:
    """What a program gave each time its function was called. What it should have given is not known here."""

    reports: tuple[tuple[CallEnding, str], ...]  # a call: "right" and the text of what came out, or how it failed
    seconds: float  # wall time


def called(
    program: str,
    calls: Sequence[tuple[Any, ...]],
    *,
    function: str = "f",
    limits: ProgramLimits = LIMITS,
    pool: Runner | None = None,
) -> Called:
    """Defines `program` in a sandbox and calls its `function` with each of `calls`, in one request.

    Nothing of it raises for what a program does. RequestError where programs cannot be run here at all.
    """
    start = time.perf_counter()
    answer = _answer(program, calls, function, limits, pool or workers.shared())
    reports = _reports(answer, len(calls), limits)
    return Called(reports, time.perf_counter() - start)


def _answer(
    program: str, calls: Sequence[tuple[Any, ...]], function: str, limits: ProgramLimits, pool: Runner
) -> WorkerReply:
    if len(program) > _LONGEST_PROGRAM:
        return WorkerReply("", f"SyntaxError: more than {_LONGEST_PROGRAM} characters")
    code, inputs = source(program, function, limits), {"_calls": [list(x) for x in calls]}
    first = replace(limits, seconds=limits.seconds / FIRST)
    answer = pool.run(code, inputs, first)
    if answer.late:
        # Time is measured by the clock, and a busy machine may take it from a program that needs none: once more, with
        # all of it. An ordinary program needs a thirtieth of the first time. Where the machine stood still for so long
        # that the worker was taken for hung, the first time is enough; one that does hang shall not cost both.
        answer = pool.run(code, inputs, first if answer.killed else limits)
    return answer


def _reports(answer: WorkerReply, calls: int, limits: ProgramLimits) -> tuple[tuple[CallEnding, str], ...]:
    reported = lines(answer.printed)
    ended = _ended(answer, limits)
    reports: list[tuple[CallEnding, str]] = []
    for number in range(calls):
        if number not in reported and ended is not None:
            reports.append(ended)
            if ended[0] != "syntax":  # it was this call that ended so, and none after it was reached
                ended = ("unreached", "")
        else:
            reports.append(reported.get(number, ("broke", "")))
    return tuple(reports)


def _ended(answer: WorkerReply, limits: ProgramLimits) -> tuple[CallEnding, str] | None:
    """How the whole ended early; None where every call was reported, or should have been."""
    if answer.error is None:
        return None
    if answer.broke:
        return "broke", answer.error
    if answer.late:
        return "time", answer.error
    ending = ending_of(answer.error)
    if ending == "memory" and answer.full:
        return "printed", answer.error
    return ending, answer.error
