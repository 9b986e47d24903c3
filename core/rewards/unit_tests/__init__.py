"""Unit tests as a reward: a response is a program, and what it is paid follows from the tests that it passes.

No learner's setting names it: it is what the verifier of a task with unit tests says. Which tests count, and whether
their share is paid or only all of them, are that task's settings, and are stored with its runs. Programs are run in
core/sandbox, which knows the calls and never what should come out of them.
"""

from __future__ import annotations

from core.rewards.unit_tests.paying import Payment
from core.rewards.unit_tests.results import ProgramResult, UnitResult, UnitTest
from core.rewards.unit_tests.running import compared, run_tests

__all__ = ["Payment", "ProgramResult", "UnitResult", "UnitTest", "compared", "run_tests"]
