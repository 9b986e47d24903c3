"""When an answer to one's own question is right: the same text, or mathematically equal (math-verify).

math-verify is generous on purpose: it takes `Paris` for the product P·a·r·i·s, so that `siraP` equals it, reads a 7 out
of "the answer is 7", and finds 3+4 equal to 7. So it is asked only about what is a formula on both sides, never where
an answer is a sum left undone, and never about what could keep it busy for long.
"""

from __future__ import annotations

import functools
import logging
import re
import unicodedata
from decimal import Decimal

from core.tasks.deadline import within
from core.tasks.extraction import numeral

#: math-verify is not asked about longer texts.
MOST_CHARACTERS = 200
#: Seconds; without an answer by then, the two are not equal.
LIMIT = 3.0

_COMMAND = re.compile(r"\\(?:([a-zA-Z]+)|.)", re.DOTALL)
#: What a formula may be made of; sums, integrals, factorials and the like are computed without end, and are left out.
_KNOWN = re.compile(
    r"[dt]?frac|sqrt|cdot|times|div|pm|mp|left|right|sin|cos|tan|cot|ln|log|exp|infty|circ|degree|leq?|geq?|lt|gt|neq?|"
    r"in|cup|cap|emptyset|alpha|beta|theta|lambda|mu|phi|pi|omega|text|textbf|mathrm|mathbf"
)
_SPELLED = re.compile(r"(?<![\\A-Za-z])(sin|cos|tan|cot|ln|log|exp|pi)(?![A-Za-z])")
_ROOT = re.compile(r"(?<![\\A-Za-z])sqrt\(([^()]*)\)")
_TEXTS = re.compile(r"\\(?:text|textbf|mathrm|mathbf)\s*\{[^{}\\]*\}")
_SIGNS = re.compile(r"[A-Za-z0-9+\-*/^_=<>|%$()\[\]{},.' \t\n−×·÷π≤≥°\\]*")
#: A power with a small exponent; never one of a power, and at most twice one of a bracket.
_POWER = re.compile(r"\^\s*(?:\{\s*-?(?:[0-9]{1,2}|[a-zA-Z])(?:/[0-9]{1,2})?\s*\}|-?[0-9]{1,2}(?![0-9])|[a-zA-Z])")
_TOWER = re.compile(_POWER.pattern + r"\s*\^")
_BRACKETED_POWER = re.compile(r"[)\]}]\s*\^")
_FRACTION = re.compile(r"[+-]?(?:[0-9]{1,18}\s*/\s*[0-9]{1,18}|\\[dt]?frac\{[0-9]{1,18}\}\{[0-9]{1,18}\})")
#: Units behind a number, as LaTeX writes them.
_UNIT = re.compile(r"(?:\\[,; ]|\s)*(?:\\(?:text|mathrm)\s*\{[^{}\\0-9]*\}|\^\{?\\circ\}?|°)$")
_LATEX = str.maketrans({"−": "-", "×": "\\times ", "·": "\\cdot ", "÷": "/", "π": "\\pi ", "≤": "\\le ", "≥": "\\ge "})

# Each call without math-verify's own time limit, which works in the main thread only, would be warned about.
for _name in ("math_verify.parser", "math_verify.grader"):
    logging.getLogger(_name).setLevel(logging.ERROR)


def same_text(truth: str, answer: str) -> bool:
    """The same characters but for white space and how Unicode writes them; upper and lower case differ."""
    return _text(truth) == _text(answer)


def equal(truth: str, answer: str, question: str = "") -> bool:
    """Whether an answer is the same text as the truth, or mathematically equal to it.

    Where the truth is a number, the answer has to be one: a numeral, or a fraction where the truth is not a whole
    number; a sum left undone is not. An answer that only repeats a part of the question is no answer either.
    """
    if same_text(truth, answer):
        return True
    truth, answer = truth.strip(), answer.strip()
    if _number(truth) and _number(answer):
        return _numbers_equal(truth, answer)
    if not is_formula(truth) or not is_formula(answer) or _repeats(question, answer):
        return False
    if _is_number(truth) and (_is_whole(truth) or not _is_number(answer)):
        return False
    return _mathematically(truth, answer)


def is_formula(text: str) -> bool:
    """Whether math-verify may be asked: known signs and commands, no words outside \\text{…}, small powers."""
    text = text.replace("**", "^")
    if not text or len(text) > MOST_CHARACTERS or not _SIGNS.fullmatch(text):
        return False
    if any(x[1] and not _KNOWN.fullmatch(x[1]) for x in _COMMAND.finditer(text)):
        return False
    rest = _SPELLED.sub(" ", _COMMAND.sub(" ", _ROOT.sub(" ", _TEXTS.sub(" ", text))))
    if re.search(r"[A-Za-z]{2}", rest) or not re.search(r"[A-Za-z0-9π]", text):
        return False
    small = text.count("^") == len(_POWER.findall(text)) and not _TOWER.search(text)
    return small and len(_BRACKETED_POWER.findall(text)) <= 2


def _is_number(text: str) -> bool:
    return bool(_number(text) or _FRACTION.fullmatch(_bare(text)))


def _is_whole(text: str) -> bool:
    return (_number(text) or ".").lstrip("-").isdecimal() and not _bare(text).endswith("%")


def _number(text: str) -> str | None:
    return numeral(_bare(text))


def _bare(text: str) -> str:
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] == "$":
        text = text[1:-1].strip()
    text = _UNIT.sub("", text) or text
    return text.replace("\\%", "%").replace("\\$", "$").replace("{,}", ",").removesuffix(".")


def _numbers_equal(truth: str, answer: str) -> bool:
    """By value; 50% is 0.5 and also 50, as the question may ask for either."""
    values = [Decimal(_number(x) or "NaN") for x in (truth, answer)]
    percent = [_bare(x).endswith("%") for x in (truth, answer)]
    if values[0] == values[1]:
        return True
    scaled = [x / 100 if y else x for x, y in zip(values, percent, strict=True)]
    return percent[0] != percent[1] and scaled[0] == scaled[1]


def _repeats(question: str, answer: str) -> bool:
    short = re.sub(r"[\s$]", "", answer)
    return len(short) > 1 and not short.isalnum() and short in re.sub(r"[\s$]", "", question)


def _text(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _latex(text: str) -> str:
    text = _ROOT.sub(r"\\sqrt{\1}", text.strip("$ ").translate(_LATEX)).replace("**", "^")
    return _SPELLED.sub(r"\\\1 ", text)


@functools.lru_cache(maxsize=4096)
def _mathematically(truth: str, answer: str) -> bool:
    from math_verify import parse, verify  # sympy and a grammar: seconds

    def ask() -> bool:
        sides = [parse(f"${_latex(x)}$", parsing_timeout=None) for x in (truth, answer)]
        return all(sides) and bool(verify(sides[0], sides[1], timeout_seconds=None))

    try:
        return within(LIMIT, ask)
    except Exception:  # whatever a hostile answer leads to, it is not right
        return False
