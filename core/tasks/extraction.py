"""How an answer is read out of a response, before any verifier sees it.

Reading and judging are kept apart, so that a page can say which of the two failed: nothing there to read (format), or
the wrong thing (arithmetic). Every reader takes time linear in the response's length, whatever stands in it.
"""

from __future__ import annotations

import re
import unicodedata
from collections import deque

from core.tasks.in_words import Extraction

#: What is written for a minus: the hyphen, ‐ ‑ – (often typed for it) − and the full-width ones.
_MINUS = "-\u2010\u2011\u2013\u2212\uff0d\ufe63"
#: Spaces that group a number's digits; a plain space stands between two numbers.
_GROUPING = "\u00a0\u2009\u202f"
_WIDE = str.maketrans("．，＋％／", ".,+%/") | {ord(x): "-" for x in _MINUS}
_NUMBER = re.compile(
    r"""
    [0-9][0-9,\u00a0\u2009\u202f]*(?<=[0-9]) (?:\.[0-9]+)?   # 7  1,234  7.5; a period that ends a sentence is left
    (?:[eE][+-]?[0-9]{1,3}(?![0-9A-Za-z]))?                  # 6e23
    | (?<![\w.])\.[0-9]+                                     # .5
    """,
    re.VERBOSE | re.ASCII,
)
_THOUSANDS = re.compile(r"[0-9]{1,3}(?:[,\u00a0\u2009\u202f][0-9]{3})+")
_CURRENCY = "$€£¥"
_BOX = re.compile(r"\\boxed[ \t\n]{0,8}\{")
_TEXT = re.compile(r"\\(?:text|textbf|textrm|mathrm|mathbf)\s*\{([^{}]*)\}")


def extract(response: str, how: Extraction) -> str | None:
    """The answer that a response gives, or None where it gives none (an empty one is none).

    `last-number`: the last number of the text, as a plain numeral of the same value: 7 for "7.", "7.0", "007", "$7",
    "7%" and full-width digits, 1234 for "1,234" and "1.234e3" (and with thin or no-break spaces), -5 for "-5", "−5" and
    "= - 5". A plain space parts two numbers, as in a list ("1 234" reads 234); the decimal sign is the period. A minus
    is a sign only where nothing stands before it that it could be subtracted from: "5-9" and "4 - 1" read 9 and 1.
    "1/2" without spaces is one number and is read as it stands. What the number is about is not understood: "the
    answer isn't 7 but 8" reads 8, "8, not 7" reads 7, and a problem that is only repeated reads its last term.

    `boxed`: what stands in the last \\boxed{…} with balanced braces; where that one was never closed, there is no
    answer, whatever stood in an earlier one. A \\text{…} or $…$ around all of it is taken off, the rest is as written.

    `whole`: all of the response, without white space around it.
    """
    if how == "whole":
        return response.strip() or None
    return _boxed(response) if how == "boxed" else _last_number(response)


def numeral(text: str) -> str | None:
    """The plain numeral of the same value where the text is one number and nothing else, else None."""
    text = _plain(text.strip())
    match = _NUMBER.fullmatch(text.lstrip("+-" + _CURRENCY).rstrip("%"))
    return _last_number(text) if match and _groups_well(match[0]) else None


def _last_number(response: str) -> str | None:
    text = _plain(response)
    last = _last(_NUMBER, text)
    if last is None:
        return None
    start, digits = last.start(), last[0]
    if not _groups_well(digits):  # a list such as 1,2,345
        cut = max(digits.rfind(x) for x in "," + _GROUPING) + 1
        start, digits = start + cut, digits[cut:]
    elif start and text[start - 1] == "/" and (under := re.search(r"(?<![0-9/.,])[0-9]{1,18}/\Z", text[:start][-20:])):
        sign = "-" if _negative(text, start - len(under[0])) else ""
        return f"{sign}{under[0]}{digits}"
    return _canonical(digits, _negative(text, start))


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    return next(iter(deque(pattern.finditer(text), maxlen=1)), None)


def _plain(text: str) -> str:
    """Digits of other scripts and full-width signs in ASCII; superscripts are no digits and stay."""
    if text.isascii():
        return text
    return re.sub(r"[^\W\D]", lambda x: str(unicodedata.decimal(x[0])), text.translate(_WIDE))


def _groups_well(digits: str) -> bool:
    whole = re.split(r"[.eE]", digits, maxsplit=1)[0]
    return whole.isdigit() or not whole or _THOUSANDS.fullmatch(whole) is not None


def _negative(text: str, start: int) -> bool:
    """Whether the number that begins at `start` has a minus that is a sign."""
    at = start - 1
    if at >= 0 and text[at] in _CURRENCY:
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
    while at >= 0 and text[at] in " \t" + _GROUPING:
        at -= 1
    return at


def _canonical(digits: str, negative: bool) -> str:
    digits = re.sub(rf"[,{_GROUPING}]", "", digits)
    mantissa, _, exponent = digits.lower().partition("e")
    whole, _, part = mantissa.partition(".")
    if exponent:
        shift = int(exponent)
        if abs(shift) > 30:
            return ("-" if negative else "") + digits
        whole, part = (
            (whole + part[:shift].ljust(shift, "0"), part[shift:])
            if shift >= 0
            else (whole[:shift], whole[shift:].rjust(-shift, "0") + part)
        )
    whole, part = whole.lstrip("0") or "0", part.rstrip("0")
    value = f"{whole}.{part}" if part else whole
    return f"-{value}" if negative and value != "0" else value


def _boxed(response: str) -> str | None:
    box = _last(_BOX, response)
    if box is None:
        return None
    depth, at = 1, box.end()
    # Braces that are written as \{ and \} do not count.
    for brace in re.finditer(r"\\.|[{}]", response[at:], re.DOTALL):
        depth += {"{": 1, "}": -1}.get(brace[0], 0)
        if not depth:
            return _unwrapped(response[at : at + brace.start()])
    return None


def _unwrapped(text: str) -> str | None:
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] == "$":
        text = text[1:-1].strip()
    whole = _TEXT.fullmatch(text)
    return (whole[1].strip() if whole else text) or None
