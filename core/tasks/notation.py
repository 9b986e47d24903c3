"""What the ways of writing one answer have in common: LaTeX's wrappers and spaces, and the notations of one number.

A number is the same as `7/2`, `\\frac{7}{2}`, `\\frac72`, `3\\frac{1}{2}`, `3.5`, `3.5 cm` or `$3.5$`. It is read
here and not by math-verify, where one has to know *how* it was written: whether a division was left undone, which unit
stands behind it, whether it is a share or a percentage. Everything else is math-verify's (core/tasks/matching.py).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction

from core.tasks.units import unit_of

#: Longer texts are no notation of one number.
_MOST_CHARACTERS = 400
_MOST_WRAPPERS = 6
#: What is written for a minus: the hyphen, ‐ ‑ – (often typed for it) − and the full-width ones.
_MINUS = "-\u2010\u2011\u2013\u2212\uff0d\ufe63"
#: Spaces that group a number's digits; a plain space stands between two numbers.
GROUPING = "\u00a0\u2009\u202f"
CURRENCY = "$€£¥"
_WIDE = str.maketrans("．，＋％／⁄∕", ".,+%///") | {ord(x): "-" for x in _MINUS}
NUMERAL = re.compile(
    r"""
    [0-9][0-9,\u00a0\u2009\u202f]*(?<=[0-9]) (?:\.[0-9]+)?   # 7  1,234  7.5; a period that ends a sentence is left
    (?:[eE][+-]?[0-9]{1,3}(?![0-9A-Za-z]))?                  # 6e23
    | (?<![\w.])\.[0-9]+                                     # .5
    """,
    re.VERBOSE | re.ASCII,
)
_THOUSANDS = re.compile(r"[0-9]{1,3}(?:[,\u00a0\u2009\u202f][0-9]{3})+")

_TEXT_COMMANDS = r"\\(?:text|textbf|textit|textrm|textnormal|mathrm|mathbf|mathit|mbox|operatorname)"
TEXT = re.compile(_TEXT_COMMANDS + r"\s*\{([^{}]*)\}")
_DELIMITERS = (("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]"))
_BOX = re.compile(r"\\(?:boxed|fbox)\s*\{")

#: LaTeX that changes how something looks and not what it is.
_INVISIBLE = re.compile(r"\\(?:left|right|displaystyle|textstyle)(?![A-Za-z])|\\!\s*")
_SPACES = re.compile(r"(?<!\\)\\[;: ]|~|\\q?quad(?![A-Za-z])")
_FRAC = re.compile(r"\\[dtc]frac(?![A-Za-z])")
#: \frac{1}{2}, \frac12, \frac1{23}, \frac{12}3: TeX takes a digit or a group for each of the two.
_PART = r"(?:\{{\s*({}[0-9]{{1,18}})\s*\}}|([0-9]))"
_LATEX_FRACTION = rf"\\frac\s*{_PART.format('-?')}\s*{_PART.format('')}"
_FRACTION = re.compile(_LATEX_FRACTION + r"|\{([0-9]{1,18})\}/\{([0-9]{1,18})\}")
_WHOLE = r"(?<![0-9.,/^_{])([0-9]{1,18})"
_MIXED = re.compile(rf"{_WHOLE}[ \u2009]{{0,3}}{_LATEX_FRACTION}")
_MIXED_PLAIN = re.compile(rf"(?<![0-9.,/^_{{] ){_WHOLE}[ \u2009]([0-9]{{1,18}})/([0-9]{{1,18}})(?![0-9/])")
_VULGAR = re.compile(r"([0-9]?)([\u00bc-\u00be\u2150-\u215e])")
#: An exponent of a number: 10³ and 10⁻³. Behind a unit it belongs to that (cm²) and stays.
_RAISED = re.compile(r"(?<=[0-9)])([\u207a\u207b]?[\u2070\u00b9\u00b2\u00b3\u2074-\u2079]{1,9})")

_SIGN = r"[+-]?"
_TIMES = r"(?:\\times|\\cdot|[×·*x])"
_TEN = re.compile(
    rf"(?:(?P<mantissa>[0-9]+(?:\.[0-9]+)?|\.[0-9]+)\s*{_TIMES}\s*)?10\s*(?:\^|\*\*)\s*"
    r"(?:\{\s*(?P<braced>[+-]?[0-9]{1,3})\s*\}|\(\s*(?P<bracketed>[+-]?[0-9]{1,3})\s*\)|(?P<bare>-?[0-9]{1,3}))"
)
_DIVISION = re.compile(r"([0-9]{1,18})\s*/\s*([0-9]{1,18})")
PERCENT = re.compile(r"\s*(?:\\?%|\\text\s*\{\s*(?:%|per ?cent)\s*\}|per ?cent(?![A-Za-z]))")
_HEAD = re.compile(rf"\s*({_SIGN})\s*(?:\\?[{CURRENCY}])?\s*({_SIGN})\s*")


@dataclass(frozen=True)
class Number:
    """A number as it was written."""

    value: Fraction
    numeral: str | None  # the plain decimal numeral, where it was written as one (3.5, 1,234, 2e3)
    undone: bool = False  # a division of two whole numbers that is a whole number: 24/2
    percent: bool = False
    unit: str = ""  # behind it, in one spelling (core/tasks/units.py); "" for none

    @property
    def plain(self) -> str:
        """The same value as math-verify reads it."""
        return self.numeral or f"{self.value.numerator}/{self.value.denominator}"


def plain(text: str) -> str:
    """Digits of other scripts and full-width signs in ASCII, ½ as 1/2, 10³ as 10^{3}; behind a unit, ² and ³ stay."""
    if text.isascii():
        return text
    text = re.sub(r"[^\W\D]", lambda x: str(unicodedata.decimal(x[0])), text.translate(_WIDE))
    text = _RAISED.sub(lambda x: f"^{{{_ascii(x[1])}}}", text)
    return _VULGAR.sub(lambda x: f"{x[1]} {_ascii(x[2])}" if x[1] else _ascii(x[2]), text)


def _ascii(text: str) -> str:
    """Vulgar fractions and superscripts as they are typed."""
    return unicodedata.normalize("NFKC", text).replace("\u2044", "/").replace("\u2212", "-")


def tidy(text: str) -> str:
    """The text without LaTeX that only concerns its look; in linear time."""
    if "\\" not in text and "~" not in text and "{" not in text:
        return text
    text = _SPACES.sub(" ", _INVISIBLE.sub("", text.replace("{,}", ",").replace("\\,", "\u2009")))
    return _FRAC.sub(r"\\frac", text)


def unwrapped(text: str) -> str:
    """The text without $…$, \\(…\\), \\boxed{…} or \\text{…} around all of it, and without white space around that."""
    for _ in range(_MOST_WRAPPERS):
        bare = _without_one(text.strip())
        if bare == text:
            break
        text = bare
    return text


def _without_one(text: str) -> str:
    for left, right in _DELIMITERS:
        inner = text[len(left) : -len(right)]
        if len(text) > len(left + right) and text.startswith(left) and text.endswith(right) and left not in inner:
            return inner.strip()
    if box := _BOX.match(text):
        end = closing(text, box.end())
        return text[box.end() : end].strip() if end == len(text) - 1 else text
    whole = TEXT.fullmatch(text)
    return whole[1].strip() if whole else text


def closing(text: str, start: int) -> int | None:
    """Where the brace that was opened before `start` is closed; \\{ and \\} do not count. None where it never is."""
    depth = 1
    for brace in re.compile(r"\\.|[{}]", re.DOTALL).finditer(text, start):
        depth += {"{": 1, "}": -1}.get(brace[0], 0)
        if not depth:
            return brace.start()
    return None


def slashed(text: str) -> str:
    """LaTeX's fractions of whole numbers with a slash: 1/2 for \\frac{1}{2}, and 7/2 for 3\\frac{1}{2} and 3 1/2."""
    text = _MIXED.sub(lambda x: _improper(x[0], x[1], x[2] or x[3], x[4] or x[5]), text) if "\\frac" in text else text
    if "\\frac" in text or "}/{" in text:
        text = _FRACTION.sub(lambda x: f"{x[1] or x[2] or x[5]}/{x[3] or x[4] or x[6]}", text)
    return _MIXED_PLAIN.sub(lambda x: _improper(x[0], *x.groups()), text) if "/" in text else text


def _improper(written: str, whole: str, over: str, under: str) -> str:
    """A whole number and a proper fraction as one fraction; anything else stays as it is."""
    if not 0 < int(over) < int(under):
        return written
    return f"{int(whole) * int(under) + int(over)}/{under}"


def number(text: str) -> Number | None:
    """The one number that a text is, with its unit; None where it is more than that, or something else."""
    if len(text) > _MOST_CHARACTERS:
        return None
    text = unwrapped(plain(tidy(text)))
    if text.startswith("(") and text.endswith(")") and "(" not in text[1:]:
        text = text[1:-1]
    text = slashed(text).removesuffix(".")
    head = _HEAD.match(text)
    if head is None or (head[1] and head[2]):
        return None
    sign = -1 if "-" in (head[1], head[2]) else 1
    return _value(text[head.end() :], sign)


def _value(text: str, sign: int) -> Number | None:
    """The longest notation that the text begins with; what is left has to be a unit."""
    if ten := _TEN.match(text):
        exponent = int(ten["braced"] or ten["bracketed"] or ten["bare"])
        value = sign * Fraction(ten["mantissa"] or 1) * Fraction(10) ** exponent
        return _behind(text[ten.end() :], value, None)
    if (division := _DIVISION.match(text)) and int(division[2]):
        value = sign * Fraction(int(division[1]), int(division[2]))
        return _behind(text[division.end() :], value, None, undone=value.denominator == 1)
    numeral = NUMERAL.match(text)
    if numeral is None or not groups_well(numeral[0]):
        return None
    digits = canonical(numeral[0], sign < 0)
    return _behind(text[numeral.end() :], Fraction(digits), digits)


def _behind(rest: str, value: Fraction, numeral: str | None, undone: bool = False) -> Number | None:
    if percent := PERCENT.match(rest):
        rest = rest[percent.end() :]
    unit = unit_of(rest) if rest.strip() else ""
    return None if unit is None else Number(value, numeral, undone, percent is not None, unit)


def groups_well(digits: str) -> bool:
    """Whether the commas and thin spaces of a numeral stand between groups of three digits."""
    whole = re.split(r"[.eE]", digits, maxsplit=1)[0]
    return whole.isdigit() or not whole or _THOUSANDS.fullmatch(whole) is not None


def canonical(digits: str, negative: bool) -> str:
    """The plain numeral of the same value: no groups, no needless zeros, no exponent that can be written out."""
    digits = re.sub(rf"[,{GROUPING}]", "", digits)
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
