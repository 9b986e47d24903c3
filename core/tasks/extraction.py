"""How an answer is read out of a response, before any verifier sees it.

Reading and judging are kept apart, so that a page can say which of the two failed: nothing there to read (format), or
the wrong thing (arithmetic). Every reader takes time linear in the response's length, whatever stands in it.
"""

from __future__ import annotations

import re
from collections import deque

from core.tasks.expressions import around
from core.tasks.in_words import Extraction
from core.tasks.notation import (
    CURRENCY,
    GROUPING,
    NUMERAL,
    PERCENT,
    canonical,
    closing,
    groups_well,
    plain,
    slashed,
    tidy,
    unwrapped,
)

_BOX = re.compile(r"\\(?:boxed|fbox)[ \t\n]{0,8}\{")
#: \boxed 4: a box without braces, of a formula or one letter, up to the next space; in "use \boxed once" it is none.
_UNBRACED = re.compile(
    r"\\(?:boxed|fbox)(?![A-Za-z])[ \t\n]{0,8}"
    r"((?=[-+]?[0-9.]|\\[A-Za-z]|\(|[A-Za-z](?![A-Za-z]))[^\s{}$](?:[^\s{}$]|\{[^{}\n]{0,100}\})*)"
)
#: The exponent of what is no number (a unit, a letter other than e) and its index: neither is a number of the text.
_EXPONENT = re.compile(
    r"(?<=[A-Za-z})])(?<![^A-Za-z]e)(?<!\Ae)(?<!\\pi)[ \t]?\^[ \t]?(?:\{[+-]?[0-9]{1,9}\}|[+-]?[0-9]{1,9})"
    r"|(?:(?<![A-Za-z])(?=[A-Za-z]_)|(?<=[})]))[A-Za-z]?_(?:\{[0-9]{1,9}\}|[0-9]{1,9})"
)
#: What stands before an exponent: 10^ and 2^{, with a factor as in 3 × 10^.
_BASE = re.compile(
    r"(?:[0-9]{1,18}(?:\.[0-9]{1,18})?[ \t]?(?:\\times|\\cdot|[×·*x])[ \t]?)?"
    r"[0-9]{1,18}(?:\.[0-9]{1,18})?[ \t]?(?:\^|\*\*)[ \t]?[{(]?[ \t]?[+-]?[ \t]?\Z"
)
#: What stands before a divisor: 1/ and 1 /, but no more than one of them, as in a date.
_OVER = re.compile(r"(?<![0-9/.,])(?<!/[ \t])([0-9]{1,18})[ \t]?/[ \t]?\Z")


def extract(response: str, how: Extraction) -> str | None:
    """The answer that a response gives, or None where it gives none (an empty one is none).

    `last-number`: the last number of the text, as a plain numeral of the same value: 7 for "7.", "7.0", "007", "$7" and
    full-width digits, 1234 for "1,234" and "1.234e3" (and with thin or no-break spaces), -5 for "-5", "−5" and "= - 5".
    A plain space parts two numbers, as in a list ("1 234" reads 234); the decimal sign is the period. A minus is a sign
    only where nothing stands before it that it could be subtracted from: "5-9" and "4 - 1" read 9 and 1. A percentage
    keeps its sign: 50%. A fraction is one number, 1/2 for "1/2" and "\\frac{1}{2}", 7/2 for "3\\frac{1}{2}"; so is a
    power of a number, which is read as it stands: 10^3. A number that is a part of something else is not the answer:
    the expression is read, as it stands, from "\\sqrt{2}", "3\\pi", "x=2y" (2y), "x - 5", "3e", "12:30", "(1, 2)" and
    "$5!$" (core/tasks/expressions.py), while "it is 5!" and "5 cm" read 5, and of plain numbers ("4 - 1", "1, 2, 3")
    the last is read. Exponents and indices of letters are no numbers: of "x^2" and "x_2" nothing is read. What the
    number is about is not understood: "the answer isn't 7 but 8" reads 8, "8, not 7" reads 7.

    `boxed`: what stands in the last \\boxed{…} with balanced braces, or behind \\boxed up to the next space; where a
    brace was never closed, there is no answer, whatever stood in an earlier box. A \\text{…} or $…$ around all of it is
    taken off, the rest is as written.

    `whole`: all of the response, without white space around it.
    """
    if how == "whole":
        return response.strip() or None
    return _boxed(response) if how == "boxed" else _last_number(response)


def _last_number(response: str) -> str | None:
    text = plain(tidy(response))
    powers = "^" in text or "_" in text
    last = _last(NUMERAL, _EXPONENT.sub(lambda x: " " * len(x[0]), text) if powers else text)
    if last is None:
        return None
    if expression := around(text, *last.span()):
        sign = "-" if _negative(text, expression[0]) else ""
        return sign + " ".join(text[slice(*expression)].split())
    text = slashed(text)
    text = _EXPONENT.sub("", text) if powers else text
    last = _last(NUMERAL, text)
    if last is None:
        return None
    start, digits = last.start(), last[0]
    percent = "%" if PERCENT.match(text, last.end()) else ""
    if not groups_well(digits):  # a list such as 1,2,345
        cut = max(digits.rfind(x) for x in "," + GROUPING) + 1
        start, digits = start + cut, digits[cut:]
    elif over := _OVER.search(text[max(0, start - 30) : start]):
        sign = "-" if _negative(text, start - len(over[0])) else ""
        return f"{sign}{over[1]}/{digits}{percent}"
    elif base := _BASE.search(text[max(0, start - 80) : start]):
        begin = start - len(base[0])
        sign = "-" if _negative(text, begin) else ""
        end = last.end() + (text[last.end() : last.end() + 1] in ("}", ")") and base[0].rstrip(" \t+-")[-1] in "{(")
        return sign + text[begin:end]
    return canonical(digits, _negative(text, start)) + percent


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    return next(iter(deque(pattern.finditer(text), maxlen=1)), None)


def _negative(text: str, start: int) -> bool:
    """Whether the number that begins at `start` has a minus that is a sign."""
    at = start - 1
    if at >= 0 and text[at] in CURRENCY:
        at -= 1
    attached = at >= 0 and text[at] == "-"
    before = _skip_spaces(text, at)
    if before < 0 or text[before] != "-":
        return False
    left = _skip_spaces(text, before - 1)
    if left < 0:
        return attached  # "- 5" opens a list
    beside = left == before - 1
    if text[left] in "=(":
        return True
    if not attached:
        return False
    # "x-5" and "5 -9" subtract; "is -5" does not, and neither do brackets or operators on the left.
    return not (text[left].isdigit() or text[left] in ")]}%-" or (beside and text[left].isalpha()))


def _skip_spaces(text: str, at: int) -> int:
    while at >= 0 and text[at] in " \t" + GROUPING:
        at -= 1
    return at


def _boxed(response: str) -> str | None:
    box, bare = _last(_BOX, response), _last(_UNBRACED, response)
    if bare is not None and (box is None or bare.start() > box.start()):
        return unwrapped(bare[1].rstrip(".,;:!")) or None
    end = None if box is None else closing(response, box.end())
    return None if box is None or end is None else unwrapped(response[box.end() : end]) or None
