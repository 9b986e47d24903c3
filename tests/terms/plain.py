"""The language of terms once more, number by number in plain Python loops: what both evaluators are compared with.

Missing is None. It follows the specification, not the evaluators: no arrays, no broadcasting, one token at a time.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from core.terms import RESPONSE, SCALAR, Value
from core.terms.data import Bools

Number = float | None

_FUNCTIONS: dict[str, Callable[..., float]] = {
    "neg": lambda x: -x,
    "not": lambda x: float(x == 0),
    "+": lambda x, y: x + y,
    "-": lambda x, y: x - y,
    "*": lambda x, y: x * y,
    "/": lambda x, y: x / y,
    "**": lambda x, y: x**y,
    "<": lambda x, y: float(x < y),
    "<=": lambda x, y: float(x <= y),
    ">": lambda x, y: float(x > y),
    ">=": lambda x, y: float(x >= y),
    "==": lambda x, y: float(x == y),
    "!=": lambda x, y: float(x != y),
    "min": min,
    "max": max,
    "clamp": lambda x, low, high: min(high, max(low, x)),
    "exp": math.exp,
    "log": math.log,
    "expm1": math.expm1,
    "abs": abs,
    "sign": lambda x: float((x > 0) - (x < 0)),
    "sqrt": math.sqrt,
}


class Plain:
    """One step in the form of terms.js; its numbers are finite, and expressions are ones that stay finite on them."""

    def __init__(self, data: dict[str, Any], values: dict[str, Any]) -> None:
        self.data, self.values = data, values
        self.size = len(data["lengths"])
        holes = data.get("holes") or [[0] * n for n in data["lengths"]]
        self.written = [[t for t in range(n) if not holes[b][t]] for b, n in enumerate(data["lengths"])]

    def number(self, tree: Any, b: int, t: int) -> Number:
        """The number for response b and token t; None if it is missing."""
        if not isinstance(tree, list):
            return float(tree)
        kind, *parts = tree
        if kind in ("setting", "response", "token", "term", "builtin"):
            return self._named(kind, parts[0], b, t)
        if isinstance(parts[-1], list) and parts[-1][0] == "text":
            own = self.data["settings"].get(parts[0][1])
            return None if own is None else float((own == parts[1][1]) == (kind == "=="))
        if kind == "if":
            condition = self.number(parts[0], b, t)
            return None if condition is None else self.number(parts[1] if condition else parts[2], b, t)
        if kind in ("and", "or"):
            sides = [self.number(x, b, t) for x in parts]
            if any(x is not None and bool(x) == (kind == "or") for x in sides):
                return float(kind == "or")
            return None if None in sides else float(kind == "and")
        if kind == "per_token":
            return self.number(parts[0], b, t)
        if kind in ("following", "scan"):
            return self._along(kind, parts[0], parts[1], b, t)
        if kind.endswith(("_response", "_group", "_batch")):
            return self._reduced(*kind.split("_"), parts, b)
        numbers = [self.number(x, b, t) for x in parts]
        return None if None in numbers else _FUNCTIONS[kind](*numbers)

    def _named(self, kind: str, name: str, b: int, t: int) -> Number:
        if kind == "builtin":
            return self._builtin(name, b, t)
        if kind == "setting":
            return self.data["settings"].get(name)
        if kind == "response":
            return self.data["responses"].get(name, [None] * self.size)[b]
        if kind == "token":
            rows = self.data["tokens"].get(name)
            return rows[b][t] if rows and t in self.written[b] else None
        value = self.values[name]
        for index in (b, t):
            value = value[index] if isinstance(value, list) else value
        return value

    def _builtin(self, name: str, b: int, t: int) -> Number:
        if name == "batch_size":
            return float(self.size) if self.data["whole"] else None
        if name == "group_size":
            return float(len(self._group(b)))
        if name == "length":
            return float(len(self.written[b]))
        return float(t) if name == "position" else float(t == self.written[b][-1])

    def _along(self, kind: str, x: Any, other: Any, b: int, t: int) -> Number:
        later = [s for s in self.written[b] if s > t]
        if kind == "following":
            return self.number(x, b, later[0]) if later else self.number(other, b, t)
        own, decay = self.number(x, b, t), self.number(other, b, t)
        if own is None or decay is None or not later:
            return None if decay is None else own
        rest = self._along(kind, x, other, b, later[0])
        return None if rest is None else own + decay * rest

    def _group(self, b: int) -> list[int]:
        group = self.data["responses"]["group"]
        return [i for i in range(self.size) if group[i] == group[b]]

    def _reduced(self, name: str, over: str, parts: list[Any], b: int) -> Number:
        if over == "batch" and not self.data["whole"]:
            return None
        if over == "response":
            numbers = [self.number(parts[0], b, t) for t in self.written[b]]
        elif over == "group":
            numbers = [self.number(parts[0], i, -1) for i in self._group(b)]
        elif self.per_token(parts[0]):
            numbers = [self.number(parts[0], i, t) for i in range(self.size) for t in self.written[i]]
        else:
            numbers = [self.number(parts[0], i, -1) for i in range(self.size)]
        ddof = self.number(parts[1], b, -1) if len(parts) > 1 else 0
        known = [x for x in numbers if x is not None]
        if ddof is None or len(known) < len(numbers):
            return None
        if name in ("min", "max"):
            return _FUNCTIONS[name](known)
        if name == "sum":
            return math.fsum(known)
        mean = math.fsum(known) / len(known)
        return (
            mean if name == "mean" else math.sqrt(math.fsum((x - mean) ** 2 for x in known) / max(1, len(known) - ddof))
        )

    def per_token(self, tree: Any) -> bool:
        """Whether the tree has a number per token."""
        if not isinstance(tree, list):
            return False
        kind, *parts = tree
        if kind in ("builtin", "term"):
            name = parts[0]
            rows = self.values.get(name)
            return name in ("last", "position") or (isinstance(rows, list) and isinstance(rows[0], list))
        if kind in ("token", "per_token", "following", "scan"):
            return True
        return not kind.endswith(("_response", "_group", "_batch")) and any(self.per_token(x) for x in parts)


def same(one: Any, other: Any) -> bool:
    """Whether two values in the form of terms.js are the same to 1e-9: numbers, None, "nan", "inf" or lists of them."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return type(one) is type(other) and one == other


def to_json(value: Value, mask: Bools) -> Any:
    """A value as terms.js has it, but for "nan", "inf" and "-inf" in the place of numbers that JSON lacks."""

    def plain(number: Any, null: Any) -> float | str | None:
        if null:
            return None
        return float(number) if math.isfinite(number) else str(float(number))

    if value.level == SCALAR:
        return plain(value.numbers[()], value.null[()])
    pairs = zip(value.numbers, value.null, strict=True)
    if value.level == RESPONSE:
        return [plain(x, null) for x, null in pairs]
    return [
        [plain(x, null) for x, null in zip(row[own], nulls[own], strict=True)]
        for (row, nulls), own in zip(pairs, mask, strict=True)
    ]
