"""A module that is imported when something of it is first used.

A formula stands in one file with its settings and its terms. Pages read the latter two, and importing torch costs a web
process two to four seconds and some hundred megabytes that most pages never need.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any


class _Lazy(ModuleType):
    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module(self.__name__), name)


def lazy(name: str) -> Any:
    """A stand-in for the module of this name. Errors of its import are raised at the first use."""
    return _Lazy(name)
