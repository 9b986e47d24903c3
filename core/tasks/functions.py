"""Small functions of one digit, each as the shortest expression that is written here: what task `program` asks for."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

#: What a function is called with.
DOMAIN = tuple(range(10))
#: No result is further from 0.
LARGEST = 99
#: One function in so many is kept apart.
_APART = 5


@dataclass(frozen=True)
class Function:
    """One function of the space."""

    expression: str
    values: tuple[int, ...]  # for each of DOMAIN

    @property
    def apart(self) -> bool:
        """Whether it is never trained on. A hash decides, the same on every machine, without a pattern in it."""
        return hashlib.sha256(repr(self.values).encode()).digest()[0] % _APART == 0


@functools.cache
def functions() -> tuple[Function, ...]:
    """All of them, the simplest first: by the length of their expression, then by its text. No two have one table."""
    by_values: dict[tuple[int, ...], str] = {}
    for expression, call in sorted(_written(), key=lambda x: (len(x[0]), x[0])):
        values = tuple(call(x) for x in DOMAIN)
        if max(map(abs, values)) <= LARGEST and len(set(values)) > 1:
            by_values.setdefault(values, expression)
    return tuple(Function(expression, values) for values, expression in by_values.items())


@functools.cache
def _table() -> np.ndarray:
    """int [F, 10]: every function's values."""
    return np.array([x.values for x in functions()])


@functools.lru_cache(maxsize=16_384)
def simplest(examples: tuple[tuple[int, int], ...]) -> Function | None:
    """The first function that agrees with all examples (argument, value); None where none does."""
    table = _table()
    agree = np.ones(len(table), dtype=bool)
    for argument, value in examples:
        agree &= table[:, argument] == value
    return functions()[int(agree.argmax())] if agree.any() else None


NamedFunction = tuple[str, Callable[[int], int]]


def _written() -> Iterator[NamedFunction]:
    """Expressions with what they compute; several may compute the same."""
    for inner, call in _inner():
        yield from _around(inner, call)
    for b in range(1, 10):
        for a in range(1, 3):
            yield f"{b}-{_times('x', a)}", lambda x, a=a, b=b: b - a * x  # type: ignore[misc]
    for b in range(-5, 6):
        yield f"x*x{_plus(b)}", lambda x, b=b: x * x + b  # type: ignore[misc]


def _inner() -> Iterator[NamedFunction]:
    yield "x", lambda x: x
    for c in range(1, 9):
        yield f"max(x,{c})", lambda x, c=c: max(x, c)  # type: ignore[misc]
        yield f"min(x,{c})", lambda x, c=c: min(x, c)  # type: ignore[misc]
        yield f"abs(x-{c})", lambda x, c=c: abs(x - c)  # type: ignore[misc]
    for m in range(2, 6):
        yield f"x%{m}", lambda x, m=m: x % m  # type: ignore[misc]
        yield f"x//{m}", lambda x, m=m: x // m  # type: ignore[misc]


def _around(inner: str, call: Callable[[int], int]) -> Iterator[NamedFunction]:
    """`inner` times a number, plus a number: of x itself more of both."""
    alone = inner == "x"
    for a in range(1, 7 if alone else 4):
        for b in range(-9 if alone else 0, 10 if alone else 4):
            if alone or a == 1 or b == 0:
                yield _times(inner, a) + _plus(b), lambda x, a=a, b=b: a * call(x) + b  # type: ignore[misc]


def _times(text: str, number: int) -> str:
    return text if number == 1 else f"{text}*{number}"


def _plus(number: int) -> str:
    return f"{number:+d}" if number else ""
