"""The expression that a number of a text is a part of: 2\\pi around the 2, \\sqrt{2}, x - 5, (1, 2).

A reader does not take the 2 of "the area is 2\\pi" for the answer, and math-verify does not either. Where a number
stands in an expression that is more than plain numbers (with a letter, a root, a function, a factorial, a ratio, a list
in brackets), that expression is what was answered; a sum or a product of plain numbers is none of these.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.tasks.notation import groups_well
from core.tasks.symbols import BREAK, Sign, signs

#: Characters on either side of a number in which its expression is looked for, so that the time stays linear.
_WINDOW = 200
_MATRIX = re.compile(r"\\begin\{((?:small|[pbBvV])?matrix)\}(?:(?!\\begin|\\end).){0,400}\\end\{\1\}", re.DOTALL)
#: Signs between two operands, whatever white space stands beside them.
_BETWEEN = ("operator", "relation", "joint", "power", "index", "comma")
#: Those of them with which an expression may begin.
_BEFORE = ("\\frac", "\\pm", "\\mp", "±", "∓")
_PAIRS = {")": "([", "]": "([", "}": "{", "\\}": ("\\{",)}
_WHOLE = re.compile(r"(?:\{-?[0-9]{1,9}\}|\(-?[0-9]{1,9}\)|-?[0-9]{1,9}(?![0-9/.]))(?![/^])")


def around(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Where the expression begins and ends, on one line, that the number text[start:end] is a part of.

    None where the number stands by itself, with a unit, or among plain numbers (4 - 1, 1/2, 10^3).
    """
    if matrix := _matrix(text, start):
        return matrix
    line = text.find("\n", end)
    left = max(text.rfind("\n", 0, start) + 1, start - _WINDOW)
    read = signs(text, left, min(len(text) if line < 0 else line, end + _WINDOW))
    own = next((i for i, x in enumerate(read) if x.start <= start < x.end), None)
    if own is None:
        return None
    chain = _chain(read, own)
    if not _is_more_than_numbers(chain):
        return None
    while chain[0].text == "{" and _is_more_than_numbers(chain[1:-1]) and not _broken(chain[1:-1]):  # \boxed{2\pi}
        chain = chain[1:-1]
    return chain[0].start, chain[-1].end


def _matrix(text: str, at: int) -> tuple[int, int] | None:
    begin = text.rfind("\\begin{", max(0, at - 2 * _WINDOW), at)
    matrix = _MATRIX.match(text, begin) if begin >= 0 else None
    return matrix.span() if matrix is not None and matrix.end() > at else None


def _chain(read: list[Sign], own: int) -> list[Sign]:
    """The signs around number `own` that belong together, without operators at either end; brackets are in pairs."""
    first, last = own, own
    while first > 0 and _joined(read[first - 1], read[first]):
        first -= 1
    while last + 1 < len(read) and _joined(read[last], read[last + 1]):
        last += 1
    while True:
        ends = _broken(read[first : last + 1])
        left = max((first + i for i in ends if first + i < own), default=first - 1)
        right = min((first + i for i in ends if first + i > own), default=last + 1)
        while left + 1 < own and read[left + 1].kind in _BETWEEN and read[left + 1].text not in _BEFORE:
            left += 1
        while right - 1 > own and read[right - 1].kind in _BETWEEN:
            right -= 1
        if (left + 1, right - 1) == (first, last):
            return read[first : last + 1]
        first, last = left + 1, right - 1


def _joined(left: Sign, right: Sign) -> bool:
    """Whether two neighbours belong to one expression."""
    if BREAK in (left.kind, right.kind):
        return False
    if left.kind in _BETWEEN or right.kind in _BETWEEN or left.kind == "open" or right.kind == "close":
        return True
    if "symbol" in (left.kind, right.kind):
        return True  # \pi r, 2 \sqrt{3}, \log 2
    if right.gap:
        return left.kind == "number" and right.kind == "letter"  # 2 x; others are words
    if right.kind == "open":  # 3(x+1), f(3), \frac{1}{2}; no footnote[3]
        return right.text in "({" or left.kind == "symbol"
    return not (left.text == ")" and right.kind == "number")  # a label: (b)7


def _broken(chain: Sequence[Sign]) -> list[int]:
    """Places in a chain where it ends: brackets without a partner, and commas of no brackets."""
    opened, ends, commas = list[int](), list[int](), list[tuple[int, int]]()
    for i, sign in enumerate(chain):
        if sign.kind == "open":
            opened.append(i)
        elif sign.kind == "close":
            if opened and chain[opened[-1]].text in _PAIRS[sign.text]:
                opened.pop()
            else:
                ends.append(i)
        elif sign.kind == "comma":
            commas.append((i, opened[-1] if opened else -1))
    return sorted([*ends, *opened, *(i for i, bracket in commas if bracket < 0 or bracket in opened)])


def _is_more_than_numbers(chain: Sequence[Sign]) -> bool:
    if any(x.kind in ("letter", "symbol", "joint", "factorial", "repeating") for x in chain):
        return True
    return _has_a_list(chain) or _has_an_odd_power(chain)


def _has_a_list(chain: Sequence[Sign]) -> bool:
    """Whether brackets hold more than one number: (1, 2)."""
    depth = 0
    for x in chain:
        depth += {"open": 1, "close": -1}.get(x.kind, 0)
        if depth and (x.kind == "comma" or (x.kind == "number" and not groups_well(x.text))):
            return True
    return False


def _has_an_odd_power(chain: Sequence[Sign]) -> bool:
    """Whether there is a power that is none of a number to a whole one, or an index: (-2)^3, 2^{1/2}, 101_2."""
    for i, sign in enumerate(chain):
        if sign.kind == "index":
            return True
        if sign.kind == "power":
            exponent = "".join(x.text for x in chain[i + 1 : i + 5])
            if chain[i - 1].kind != "number" or not _WHOLE.match(exponent):
                return True
    return False
