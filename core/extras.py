"""Packages that only some features need (pyproject.toml's extras): whether they are here, and how to get them."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution

from core.errors import Message


@dataclass(frozen=True)
class Extra:
    """One extra: `pip install "credit-lab[name]"`."""

    name: str
    feature: str  # what needs it; a proper name, the same in every language
    modules: tuple[str, ...]  # what it brings, as imported

    def installed(self) -> bool:
        """Whether all of it can be found. Nothing is imported for that."""
        return all(importlib.util.find_spec(x) is not None for x in self.modules)

    def missing(self) -> Message | None:
        """A message that says what to install; None where nothing is missing."""
        if self.installed():
            return None
        return Message(
            "{feature} needs the extra “{name}”, which is not installed here: {command}",
            feature=self.feature,
            name=self.name,
            command=self._command(),
        )

    def _command(self) -> str:
        try:
            distribution("credit-lab")
        except PackageNotFoundError:  # run from its folder, where an index would be asked for a package of this name
            return f"pip install -r requirements-{self.name}.txt"
        return f'pip install "credit-lab[{self.name}]"'


LORA = Extra("lora", "LoRA (lora_rank)", ("peft", "accelerate"))
POSTGRES = Extra("postgres", "PostgreSQL", ("psycopg",))
NOTEBOOK = Extra("notebook", "Jupyter", ("anywidget",))
