"""What is refused, and why."""

from __future__ import annotations


class ConfigError(ValueError):
    """A setting that does not exist or cannot be; its text is one clear sentence per problem."""


def N_(template: str) -> str:
    """Marks a text for translation where it is written; pages translate it where it is shown."""
    return template
