"""Numbers as recorded measurements keep them: digits that say something, and no more."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any


def significant(value: Any, digits: int) -> Any:
    """Plain values for JSON, every float in them at any depth to so many significant digits; tuples become lists."""
    if isinstance(value, dict):
        return {name: significant(x, digits) for name, x in value.items()}
    if isinstance(value, list | tuple):
        return [significant(x, digits) for x in value]
    return float(f"{value:.{digits}g}") if isinstance(value, float) else value


def row_text(row: Any, digits: int) -> str:
    """A measured row (a dataclass) as one line of JSON, as `significant`."""
    return json.dumps(significant(asdict(row), digits), separators=(",", ":"))
