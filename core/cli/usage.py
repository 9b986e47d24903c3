"""What is wrong with a request on the command line."""

from __future__ import annotations

from core.errors import Refusal


class UsageError(Refusal, ValueError):
    """A request on the command line that cannot be met."""
