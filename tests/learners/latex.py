"""A reader of the formulas that pages show: LaTeX in, numbers out, so that a formula can be held against what trains.

It knows just what core writes: sums, fractions, min, clip, mean, std, and the letters of a step. Anything else it
refuses, so that a formula of a new form needs a letter here (and a reader who compares it).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping

#: Named values: letter with its indices → number. `at` are the indices that hold there, by letter (i, t, l, j, k).
At = Mapping[str, int]
Letter = Callable[[At], float]
#: How sums and products run: the text under the sign → the indices that it goes through.
Runs = Mapping[str, Callable[[At], list[dict[str, int]]]]

#: What only makes room, or changes how something looks.
_SPACE = re.compile(r"\\(?:,|;|!|quad|textstyle|[Bb]igl|[Bb]igr|displaystyle)|\s")


_FUNCTIONS: dict[str, Callable[..., float]] = {
    r"\min": min,
    r"\max": max,
    r"\exp": math.exp,
    r"\sigma": lambda x: 1 / (1 + math.exp(-x)),
    r"\operatorname{clip}": lambda x, low, high: min(high, max(low, x)),
    r"\operatorname{sg}": lambda x: x,
    r"\operatorname{sgn}": lambda x: (x > 0) - (x < 0),
}


def squeezed(text: str) -> str:
    """The text without what only makes room."""
    return _SPACE.sub("", text.replace(r"\ ", ""))


class Formula:
    """One expression, evaluated at indices."""

    def __init__(self, text: str, letters: Mapping[str, Letter], runs: Runs) -> None:
        self.text, self.runs = squeezed(text), runs
        self.letters = {squeezed(name): value for name, value in letters.items()}

    def value(self, at: At) -> float:
        self.place, self.inside = 0, False
        number = self._sum(at)
        assert self.place == len(self.text), f"cannot be read from here: {self.text[self.place :]}"
        return number

    def _take(self, text: str) -> bool:
        if self.text.startswith(text, self.place):
            self.place += len(text)
            return True
        return False

    def _needs(self, text: str) -> None:
        assert self._take(text), f"{text} was expected at {self.text[self.place :]}"

    def _sum(self, at: At) -> float:
        total = -self._product(at) if self._take("-") else self._product(at)
        while True:
            if self._take("+"):
                total += self._product(at)
            elif self._take("-"):
                total -= self._product(at)
            else:
                return total

    def _product(self, at: At) -> float:
        product = self._power(at)
        while self.place < len(self.text):
            if self._take("/"):
                product /= self._power(at)
            elif self._take(r"\cdot") or self._begins():
                product *= self._power(at)
            else:
                break
        return product

    def _begins(self) -> bool:
        """Whether another factor stands here."""
        starts = r"[A-Za-z0-9(]" if self.inside else r"[A-Za-z0-9(|]"  # a bar inside |…| is its end
        return bool(re.match(starts + r"|\\(?!text|quad)", self.text[self.place :]))

    def _power(self, at: At) -> float:
        base = self._factor(at)
        return base ** self._group(at) if self._take("^") else base

    def _group(self, at: At) -> float:
        if not self._take("{"):
            return self._factor(at)
        number = self._sum(at)
        self._needs("}")
        return number

    def _factor(self, at: At) -> float:
        for letter, value in sorted(self.letters.items(), key=lambda x: -len(x[0])):
            if self._take(letter):
                return value(at)
        if self._take("e^"):
            return math.exp(self._group(at))
        if self._take("("):
            return self._until(")", at)
        if match := re.match(r"\d+(\.\d+)?", self.text[self.place :]):
            self.place += match.end()
            return float(match[0])
        for command in (r"\frac", r"\tfrac"):
            if self._take(command):
                above = self._group(at)
                return above / self._group(at)
        if self._take(r"\sum_"):
            return math.fsum(self._over(at))
        if self._take(r"\prod_"):
            return math.prod(self._over(at))
        if self._take("|"):
            self.inside = True
            size = abs(self._sum(at))
            self.inside = False
            self._needs("|")
            return size
        if self._take(r"\log"):
            return math.log(self._factor(at))
        for name, function in _FUNCTIONS.items():
            if self._take(name + "("):
                return function(*self._list(at))
        raise AssertionError(f"this reader does not know {self.text[self.place :]}")

    def _until(self, end: str, at: At) -> float:
        number = self._sum(at)
        self._needs(end)
        return number

    def _list(self, at: At) -> list[float]:
        numbers = [self._sum(at)]
        while self._take(","):
            numbers.append(self._sum(at))
        self._needs(")")
        return numbers

    def _over(self, at: At) -> list[float]:
        """What follows the sign, at each of its indices: all factors up to the next + or -."""
        run = re.match(r"\{[^{}]*\}|[a-z]", self.text[self.place :])
        assert run
        self.place += run.end()
        start, numbers, over = self.place, [], run[0].strip("{}")
        assert over in self.runs, f"this reader does not know what runs over {over}"
        for index in self.runs[over](at):
            self.place = start
            numbers.append(self._product({**at, **index}))
        return numbers


def statements(line: str) -> list[tuple[str, str]]:
    """A line's statements: what stands left of "=" or "←", and what stands right of it."""
    pairs = [re.split(r" = | \\leftarrow ", x, maxsplit=1) for x in line.split(r",\quad ")]
    return [(left.strip(), right.strip()) for left, right in pairs]
