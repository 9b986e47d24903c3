"""Expressions of whole numbers with + - * / and brackets: read exactly, as fractions, and found by search.

    expression = product (("+" | "-") product)*      product = factor (("*" | "/") factor)*
    factor = number | "(" expression ")"             number = digits without leading zeros

Nothing is evaluated as code, and nothing is rounded.
"""

from __future__ import annotations

import functools
import itertools
import re
from dataclasses import dataclass
from fractions import Fraction

#: A longer text is read as no expression: nobody needs so much, and brackets nest only so deep.
MOST_CHARACTERS = 120
_SIGNS = re.compile(r" *((?:0|[1-9][0-9]{0,8})(?![0-9])|[-+*/()])", re.ASCII)
_RANK = {"+": 1, "-": 1, "*": 2, "/": 2}
_NUMBER = 3


@dataclass(frozen=True)
class Expression:
    """What an expression says."""

    value: Fraction | None  # None: it divides by zero
    numbers: tuple[int, ...]  # as they stand in it, from left to right


def read(text: str) -> Expression | None:
    """The expression, or None where the text is none, as a whole."""
    if len(text) > MOST_CHARACTERS:
        return None
    signs = _signs(text.strip())
    if not signs:
        return None
    reader = _Reader(signs)
    try:
        value = reader.expression()
    except _NoExpressionError:
        return None
    if reader.at != len(signs):
        return None
    return Expression(value, tuple(int(x) for x in signs if x.isdigit()))


def calculated(a: Fraction, sign: str, b: Fraction) -> Fraction | None:
    """a sign b; None where it divides by zero."""
    match sign:
        case "+":
            return a + b
        case "-":
            return a - b
        case "*":
            return a * b
    return a / b if b else None


@functools.lru_cache(maxsize=50_000)
def reaching(numbers: tuple[int, ...], target: int) -> tuple[str, ...]:
    """Every expression without needless brackets that uses each number at most once and is worth the target.

    The shortest ones first. For up to four numbers: there are some 10⁵ expressions of five.
    """
    right = set[str]()
    for size in range(1, len(numbers) + 1):
        for chosen in set(itertools.combinations(numbers, size)):
            right |= {x.text for x in _all(tuple(sorted(chosen))) if x.value == target}
    return tuple(sorted(right, key=lambda x: (len(x), x)))


@dataclass(frozen=True)
class _PartOfExpression:
    """A part of an expression: its text, and how strongly its outermost sign binds."""

    value: Fraction
    text: str
    rank: int


@functools.lru_cache(maxsize=5_000)
def _all(numbers: tuple[int, ...]) -> tuple[_PartOfExpression, ...]:
    """The expressions that use all the numbers, each text once."""
    if len(numbers) == 1:
        return (_PartOfExpression(Fraction(numbers[0]), str(numbers[0]), _NUMBER),)
    written = dict[str, _PartOfExpression]()
    for size in range(1, len(numbers)):
        for places in itertools.combinations(range(len(numbers)), size):
            left = tuple(numbers[i] for i in places)
            right = tuple(numbers[i] for i in range(len(numbers)) if i not in places)
            for a, b, sign in itertools.product(_all(left), _all(right), _RANK):
                value = calculated(a.value, sign, b.value)
                if value is not None:
                    text = _joined(a, sign, b)
                    written[text] = _PartOfExpression(value, text, _RANK[sign])
    return tuple(written.values())


def _joined(a: _PartOfExpression, sign: str, b: _PartOfExpression) -> str:
    """The text of both with a sign between them, and brackets where they are needed."""
    rank = _RANK[sign]
    left = f"({a.text})" if a.rank < rank else a.text
    right = f"({b.text})" if b.rank < rank or (b.rank == rank and sign in "-/") else b.text
    return f"{left}{sign}{right}"


class _NoExpressionError(Exception):
    """What is read is no expression."""


def _signs(text: str) -> list[str]:
    """The text's numbers and signs; empty where something else stands in it."""
    signs, at = list[str](), 0
    while at < len(text):
        sign = _SIGNS.match(text, at)
        if sign is None:
            return []
        signs.append(sign[1])
        at = sign.end()
    return signs


class _Reader:
    """Reads signs from left to right. A value is None where it divides by zero."""

    def __init__(self, signs: list[str]) -> None:
        self.signs, self.at = signs, 0

    def expression(self) -> Fraction | None:
        value = self._product()
        while self._next() in ("+", "-"):
            value = self._with(value, self._take(), self._product())
        return value

    def _product(self) -> Fraction | None:
        value = self._factor()
        while self._next() in ("*", "/"):
            value = self._with(value, self._take(), self._factor())
        return value

    def _factor(self) -> Fraction | None:
        sign = self._take()
        if sign.isdigit():
            return Fraction(int(sign))
        if sign != "(":
            raise _NoExpressionError
        value = self.expression()
        if self._take() != ")":
            raise _NoExpressionError
        return value

    @staticmethod
    def _with(a: Fraction | None, sign: str, b: Fraction | None) -> Fraction | None:
        return None if a is None or b is None else calculated(a, sign, b)

    def _next(self) -> str:
        return self.signs[self.at] if self.at < len(self.signs) else ""

    def _take(self) -> str:
        sign = self._next()
        if not sign:
            raise _NoExpressionError
        self.at += 1
        return sign
