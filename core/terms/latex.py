"""A term's expression as LaTeX with one token's numbers in it, for text that is not drawn by the browser's card."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from core.terms.checked import Terms
from core.terms.data import Data, Value
from core.terms.evaluate import evaluate_tree
from core.terms.language import Tree

_ADD, _MULTIPLY, _POWER, _WHOLE = 1, 2, 3, 4
_SIGNS = {"+": ("+", _ADD), "-": ("-", _ADD), "*": (r"\cdot", _MULTIPLY)}
_FUNCTIONS = {"min": r"\min", "max": r"\max", "exp": r"\exp", "log": r"\log", "abs": r"\operatorname{abs}"}


@dataclass(frozen=True)
class Filled:
    """Writes expressions of one token of one response.

    `expanded` says which terms are written by their own expressions instead of by their number (those that a reader
    has not seen yet); `number` writes a number, in brackets where it is negative.
    """

    terms: Terms
    data: Data
    values: Mapping[str, Value]
    response: int
    token: int
    expanded: Callable[[str], bool]
    number: Callable[[float], str]

    def term(self, name: str) -> str:
        """The right-hand side of the term. Raises ValueError where a number in it is missing."""
        return self._write(self.terms.trees[name], own=name)[0]

    def _write(self, tree: Tree, own: str = "") -> tuple[str, int]:
        """(LaTeX, how tightly it binds)."""
        if not isinstance(tree, list):
            return _plain(tree), _WHOLE
        kind, *parts = tree
        if kind == "setting":
            return _plain(self._at(tree)), _WHOLE
        if kind == "term" and self.expanded(parts[0]):
            return self._write(self.terms.trees[parts[0]], own=parts[0])
        if kind == "if":
            return self._write(parts[1] if self._at(parts[0]) else parts[2], own)
        if kind == "per_token":
            return self._write(parts[0], own)
        if kind in ("+", "-", "*", "/"):
            return self._two(kind, *parts)
        if kind == "**":
            return f"{self._bound(parts[0], _WHOLE)}^{{{self._write(parts[1])[0]}}}", _POWER
        if kind == "neg":
            return f"-{self._bound(parts[0], _MULTIPLY)}", _ADD
        if kind == "exp":
            return rf"e^{{{self._write(parts[0])[0]}}}", _POWER
        if kind == "following":
            return self.number(self._following(parts)), _WHOLE
        if kind == "scan":
            return self._scan(parts, own), _ADD
        if kind in _FUNCTIONS:
            inner = r",\ ".join(self._write(x)[0] for x in parts)
            return f"{_FUNCTIONS[kind]}({inner})", _WHOLE
        # Names, bounds (clamp) and what is made of many numbers are written as the number that they are here.
        return self.number(self._at(tree)), _WHOLE

    def _two(self, sign: str, left: Tree, right: Tree) -> tuple[str, int]:
        if sign == "/":
            return f"{self._bound(left, _MULTIPLY)} / {self._bound(right, _POWER)}", _MULTIPLY
        written, binds = _SIGNS[sign]
        second = self._bound(right, binds + 1 if sign == "-" else binds)
        return f"{self._bound(left, binds)} {written} {second}", binds

    def _bound(self, tree: Tree, least: int) -> str:
        written, binds = self._write(tree)
        return written if binds >= least else f"({written})"

    def _following(self, parts: list[Any]) -> float:
        after = self._next_token()
        return self._at(parts[0], after) if after is not None else self._at(parts[1])

    def _scan(self, parts: list[Any], own: str) -> str:
        """x + decay · the same of the next token; 0 after the last."""
        after = self._next_token()
        following = 0.0 if after is None else self._at(["term", own], after)
        decay = _plain(self._at(parts[1]))
        return rf"{self.number(self._at(parts[0]))} + {decay} \cdot {self.number(following)}"

    def _next_token(self) -> int | None:
        written = self.data.written[self.response]
        return next((t for t in range(self.token + 1, len(written)) if written[t]), None)

    def _at(self, tree: Tree, token: int | None = None) -> float:
        value = evaluate_tree(tree, self.data, self.values).at(self.response, self.token if token is None else token)
        if value is None:
            raise ValueError(f"{tree} has no number here")
        return value


def _plain(number: float) -> str:
    """A setting or a constant, as it is."""
    digits, _, exponent = f"{number:g}".partition("e")
    if exponent:
        return rf"{digits} \cdot 10^{{{int(exponent)}}}" if digits != "1" else f"10^{{{int(exponent)}}}"
    return f"({digits})" if number < 0 else digits
