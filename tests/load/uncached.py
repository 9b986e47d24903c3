"""A plugin of pytest for mutation runs alone ([tool.mutmut] in pyproject.toml names it).

A mutant is tested in a fork of a process that has run the tests before: what that process worked out of declarations
and keeps is of the code as it was, and would hide the mutant. So it is worked out anew in every test.
"""

from __future__ import annotations

from core.learners import registry
from core.training import terms
from lessons.board import declared


def pytest_runtest_setup() -> None:
    """Empties what these modules keep."""
    for module in (registry, terms, declared):
        for kept in vars(module).values():
            if hasattr(kept, "cache_clear"):
                kept.cache_clear()
