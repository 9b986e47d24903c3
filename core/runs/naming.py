"""What a run is called: the id that nobody can guess, and the name that a person gives."""

from __future__ import annotations

import re
import secrets

from core.errors import ConfigError


def new_id() -> str:
    """16 random bytes as text that begins with a letter or digit, so that no command line takes it for an option."""
    while not (run_id := secrets.token_urlsafe(16))[0].isalnum():
        pass
    return run_id


def is_id(text: str) -> bool:
    """Whether a run can have this id: plain characters, no more than the store has room for."""
    return re.fullmatch(r"[!-~]{1,64}", text) is not None


def checked_name(name: str) -> str:
    """The name on one line, without unseen characters. Raises ConfigError where it has less than 1 or more than 200."""
    name = re.sub(r"\s+", " ", "".join(x for x in name if x.isprintable() or x.isspace())).strip()
    if not 1 <= len(name) <= 200:
        raise ConfigError("A run's name must have 1 to 200 characters, but this has {given}.", given=len(name))
    return name
