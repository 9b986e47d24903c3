"""What is raised: an exception that carries messages."""

from __future__ import annotations

from typing import Any

from core.errors.message import Message, all_of, verbatim


class Refusal(Exception):
    """What is refused, and why: one or several messages. `str(error)` is English, a line each.

    Raised as `Refusal("There is no run {given}.", given=run_id)`, or with messages that were made before.
    """

    def __init__(self, first: str | Message, /, *more: Message, key: str = "", **values: Any) -> None:
        message = first if isinstance(first, Message) else Message(first, key=key, **values)
        super().__init__(message, *more)  # as args: a refusal comes whole through pickle, from another process

    @property
    def messages(self) -> tuple[Message, ...]:
        return self.args

    @property
    def message(self) -> Message:
        """All that it says, as one."""
        return all_of(self.args)

    def __str__(self) -> str:
        return "\n".join(str(x) for x in self.args)


class ConfigError(Refusal, ValueError):
    """A setting that does not exist or cannot be; a message for each problem."""


class RequestError(Refusal, ValueError):
    """A question about a model or a run's trace that cannot be answered."""


class DivergedError(Refusal, FloatingPointError):
    """Training has left the range of numbers."""


def cause_of(error: Exception, most: int = 200) -> Message:
    """Another program's exception as what stands behind “because”: its text on one line, else its kind."""
    if isinstance(error, Refusal):
        return error.message
    return verbatim(" ".join(str(error).split())[:most] or type(error).__name__)
