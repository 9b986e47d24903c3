"""When an answer to one's own question is right: the same text, or mathematically equal (math-verify).

math-verify is generous on purpose: it takes `Paris` for the product P·a·r·i·s, so that `siraP` equals it, reads a 7 out
of "the answer is 7", and finds 3+4 equal to 7. So it is asked only about what is a formula on both sides, never where
an answer is a sum left undone, and never about what could keep it busy for long.
It runs in a worker process behind the sandbox's wall (core/sandbox/python_pool.py): what keeps it busy all the same is
stopped there, and hurts neither the process that trains nor the one that shows pages.
"""

from __future__ import annotations

import functools
import json
import re
import unicodedata
from dataclasses import dataclass

from core.errors import Message
from core.sandbox.python_pool import PythonPool
from core.tasks.notation import Number, number, slashed, tidy, unwrapped

#: math-verify is not asked about longer texts.
MOST_CHARACTERS = 200
#: Seconds of processor time; without an answer by then, the two are not equal.
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
#: Answers that are listed with a word between them.
_JOINED = re.compile(r"\s*,?\s*(?:\\text\s*\{\s*(?:and|or)\s*\}|(?<![A-Za-z\\])(?:and|or)(?![A-Za-z]))\s*")
_LATEX = str.maketrans({"−": "-", "×": "\\times ", "·": "\\cdot ", "÷": "/", "π": "\\pi ", "≤": "\\le ", "≥": "\\ge "})


@dataclass(frozen=True)
class Comparison:
    """Whether an answer is the truth; where it is not, why that was not worked out, as far as it was not."""

    equal: bool
    reason: Message | None = None


def same_text(truth: str, answer: str) -> bool:
    """The same characters but for white space and how Unicode writes them; upper and lower case differ."""
    return _text(truth) == _text(answer)


def same_answer(truth: str, answer: str) -> bool:
    """The same text, whatever LaTeX is wrapped around either ($…$, \\text{…}, \\boxed{…}), and spaces beside signs."""
    return same_text(truth, answer) or _bare(truth) == _bare(answer)


def equal(truth: str, answer: str, question: str = "") -> bool:
    """Whether an answer is the same text as the truth, or mathematically equal to it. As `compared`."""
    return compared(truth, answer, question).equal


def compared(truth: str, answer: str, question: str = "") -> Comparison:
    """Whether an answer is the same text as the truth, or mathematically equal to it.

    Where the truth is a number, the answer has to be one, in any notation of a number; a sum, a power other than of ten
    or a division left undone is none. Of two units both have to be the same; where only one side names a unit, it is
    taken for granted. An answer that only repeats a part of the question is no answer either. RequestError where
    math-verify is to be asked and no worker can be started here.
    """
    if same_answer(truth, answer) or _bare(slashed(tidy(truth))) == _bare(slashed(tidy(answer))):
        return Comparison(True)
    right, given = number(truth), number(answer)
    if right is not None and given is not None:
        return _numbers_equal(right, given, repeated=_repeats(question, answer))
    if right is not None:
        return Comparison(False)
    if max(len(truth), len(answer)) > MOST_CHARACTERS:
        return Comparison(False, Message("longer than the {count} characters that are read", count=MOST_CHARACTERS))
    truth, answer = (_JOINED.sub(", ", unwrapped(tidy(x))) for x in (truth, answer))
    if not is_formula(truth):
        return Comparison(False)
    if _repeats(question, answer):
        return Comparison(False, Message("it stands in the question"))
    if not is_formula(answer):
        return Comparison(False, Message("no formula that is worked out: words, unknown commands or large powers"))
    if truth.casefold() == answer.casefold() and truth != answer:  # to math-verify c is C
        return Comparison(False)
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


def _numbers_equal(right: Number, given: Number, *, repeated: bool) -> Comparison:
    """By value; 50% is 0.5 and also 50, as the question may ask for either.

    `repeated` says that the answer stands in the question: then it has to be the number itself.
    """
    if (right.unit and given.unit and right.unit != given.unit) or given.undone or (repeated and not given.numeral):
        return Comparison(False)
    if right.value == given.value:
        return Comparison(True)
    rounded = (right.numeral is None) != (given.numeral is None)
    # A decimal that math-verify takes for a fraction without an end: 0.333333 for 1/3.
    close = rounded and abs(right.value - given.value) < 1e-5
    asked = _mathematically(right.plain, given.plain) if close else Comparison(False)
    scaled = [x.value / 100 if x.percent else x.value for x in (right, given)]
    if asked.equal or (right.percent != given.percent and scaled[0] == scaled[1] and not repeated):
        return Comparison(True)
    return asked


def _repeats(question: str, answer: str) -> bool:
    short = re.sub(r"[\s$]", "", answer)
    return len(short) > 1 and not short.isalnum() and short in re.sub(r"[\s$]", "", question)


def _text(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _bare(text: str) -> str:
    return re.sub(r"(?<!\w) | (?!\w)", "", _text(unwrapped(text)))


def _latex(text: str) -> str:
    text = _ROOT.sub(r"\\sqrt{\1}", text.strip("$ ").translate(_LATEX)).replace("**", "^")
    return _SPELLED.sub(r"\\\1 ", text)


@functools.cache
def _workers() -> PythonPool:
    return PythonPool("core.tasks.math_verify_worker")


class _NoAnswer(Exception):
    """Two workers ended without an answer: that may be the machine's affair, and is not remembered."""


def _mathematically(truth: str, answer: str) -> Comparison:
    try:
        return _answered(truth, answer)
    except _NoAnswer:
        return Comparison(False, Message("math-verify gave no answer: two of its processes ended without one"))


@functools.lru_cache(maxsize=4096)
def _answered(truth: str, answer: str) -> Comparison:
    """What math-verify says, or that it came to no end of its own; _NoAnswer where that cannot be known."""
    reply = _workers().call([_latex(truth), _latex(answer)], LIMIT)
    if reply.late:
        words = Message("math-verify was stopped after {seconds:g} s of processor time", seconds=LIMIT)
        return Comparison(False, words)
    if reply.killed:
        raise _NoAnswer
    if reply.error == "MemoryError":
        return Comparison(False, Message("math-verify was stopped: it wanted too much memory"))
    if reply.error is not None:  # whatever a hostile answer leads to, it is not right
        return Comparison(False, Message("math-verify cannot read it"))
    return Comparison(json.loads(reply.printed) is True)
