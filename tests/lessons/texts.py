"""All messages of the source, found once in a process: reading every file for them takes seconds."""

from __future__ import annotations

import functools

from lessons.i18n.update import messages


@functools.cache
def every_message() -> tuple[tuple[str | tuple[str, ...], str], ...]:
    """Each message id (a tuple where it has plural forms) and where it comes from."""
    return tuple(messages())
