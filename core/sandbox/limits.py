"""What a program may use."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ProgramLimits:
    """For all tests of a program together."""

    seconds: float = 0.2  # of the interpreter's time
    memory: int = 16 << 20  # bytes on the interpreter's heap
    depth: int = 100  # calls within calls
    printed: int = 64 << 10  # characters, what the tests themselves take included
    answer: int = 1000  # characters of one result's text


LIMITS = ProgramLimits()
