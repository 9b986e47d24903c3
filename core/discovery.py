"""Registries by import: every module of a package that defines a certain name is part of it, without a list by hand."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any


def declared(package: str, name: str) -> list[Any]:
    """What the package's modules define under `name`, in the alphabetical order of the modules.

    A module that does not define it (a helper) is passed over. Raises ImportError where a module cannot be imported.
    """
    folder = importlib.import_module(package)
    modules = sorted(x.name for x in pkgutil.iter_modules(folder.__path__))
    imported = (importlib.import_module(f"{package}.{module}") for module in modules)
    return [getattr(module, name) for module in imported if hasattr(module, name)]
