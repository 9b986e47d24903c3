"""reasoning-gym's own verifiers, called so that no answer can do harm.

Some of them run the answer as Python: `eval` or sympy's `parse_expr` (which is one). A model that writes
`__import__('os')…` would be run, and `9**9**9` never ends. What such a verifier is shown is therefore checked first
against the small grammar that a right answer needs; anything else is a wrong answer.
They work in a process behind the sandbox's wall (core/sandbox/python_pool.py): what keeps one busy or fills its memory
all the same is ended there, and hurts neither the process that trains nor the one that shows pages.
"""

from __future__ import annotations

import ast
import json
import math
import re
import weakref
from dataclasses import dataclass
from typing import Any

from core.errors import Message
from core.sandbox.python_pool import PythonPool
from core.tasks.catalog import build
from core.tasks.reasoning_worker import packed

#: Longer answers are wrong unread; the longest right ones (grids, programs) have some thousand characters.
MOST_CHARACTERS = 4000
#: Seconds of processor time; a verifier that hangs has not found the answer right.
LIMIT = 5.0

#: Verifiers that evaluate sums: numbers, + - * / and brackets.
ARITHMETIC = frozenset({"countdown", "puzzle24"})
#: Verifiers that evaluate formulas of one variable.
ALGEBRA = frozenset({"simple_integration", "intermediate_integration"})

#: Verifiers that were read, and cannot take long once the answer has passed the check. They are called where they are
#: asked: a worker would cost a run seconds before its first step, for reasoning-gym's hundred data sets are imported.
QUICK = frozenset({"chain_sum", "countdown", "gsm_symbolic", "letter_counting", "spell_backward"})

_ARITHMETIC = re.compile(r"[0-9+\-*/() \t\n]{1,200}")
_HUGE_EXPONENT = re.compile(r"[eE][+-]?[0-9_]{5}")
_FUNCTIONS = re.compile(r"a?(?:sin|cos|tan)h?|sec|csc|cot|exp|log|ln|sqrt|Abs")
_OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div)
_WORKER = "core.tasks.reasoning_worker"


@dataclass(frozen=True)
class AnswerScore:
    """What a verifier gives for an answer, within [0, 1]; where that is 0 as it came to no end, why."""

    value: float
    reason: Message | None = None


class DataSetVerifier:
    """The verifier of a data set with its options. ConfigError where there is none, or it does not take these."""

    def __init__(self, name: str, options: dict[str, Any], size: int, worker: str = _WORKER) -> None:
        """`size`: of how many questions the data set is made, as some plan all of them; `worker`: the module asked."""
        self.name = name
        self._data = build(name, options, 0, size)
        self._workers = PythonPool(worker, begin=(name, json.dumps(options), size))
        weakref.finalize(self, self._workers.close)

    def score(self, answer: str | None, entry: dict[str, Any]) -> AnswerScore:
        """What it gives for an answer; 0 where it cannot read it. RequestError where no worker can be started here."""
        if not answer or not answer.strip() or not _harmless(self.name, answer):
            return AnswerScore(0.0)
        if self.name in QUICK:
            try:
                return AnswerScore(_within_bounds(float(self._data.score_answer(answer, entry))))
            except Exception:  # whatever a hostile answer leads to, it is not right
                return AnswerScore(0.0)
        return self._asked(answer, entry)

    def _asked(self, answer: str, entry: dict[str, Any]) -> AnswerScore:
        reply = self._workers.call([packed(entry), answer], LIMIT)
        if reply.late:
            words = Message("the verifier was stopped after {seconds:g} s of processor time", seconds=LIMIT)
            return AnswerScore(0.0, words)
        if reply.error == "MemoryError":
            return AnswerScore(0.0, Message("the verifier was stopped: it wanted too much memory"))
        if reply.killed:
            return AnswerScore(0.0, Message("the verifier gave no answer: two of its processes ended without one"))
        if reply.error is not None:
            return AnswerScore(0.0)
        value = json.loads(reply.printed)
        return AnswerScore(_within_bounds(value) if isinstance(value, int | float) else 0.0)


def _within_bounds(value: float) -> float:
    return min(max(value, 0.0), 1.0) if math.isfinite(value) else 0.0


def _harmless(name: str, answer: str) -> bool:
    if len(answer) > MOST_CHARACTERS or _HUGE_EXPONENT.search(answer):
        return False
    if name in ARITHMETIC:
        return _ARITHMETIC.fullmatch(answer) is not None and not re.search(r"\*\s*\*|/\s*/", answer)
    return name not in ALGEBRA or is_formula(answer)


def is_formula(text: str) -> bool:
    """Whether the text is a formula of numbers, single letters, known functions and powers that stay small."""
    if len(text) > 400 or not text.isascii():
        return False
    try:
        return _degree(ast.parse(text.strip(), mode="eval").body) <= 100
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


def _degree(node: ast.expr) -> float:
    """How high powers of powers get: the product of the exponents on the way down; ValueError for anything else."""
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool) and abs(number) < 1e12:
            return 1
        case ast.Name(id=name) if len(name) == 1 or name == "pi":
            return 1
        case ast.UnaryOp(op=ast.UAdd() | ast.USub(), operand=inner):
            return _degree(inner)
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return _degree(left) * max(1.0, _exponent(right))
        case ast.BinOp(left=left, op=op, right=right) if isinstance(op, _OPERATORS):
            return max(_degree(left), _degree(right))
        case ast.Call(func=ast.Name(id=name), args=[inner], keywords=[]) if _FUNCTIONS.fullmatch(name):
            return _degree(inner)
    raise ValueError("not a formula")


def _exponent(node: ast.expr) -> float:
    """A number such as 3, -2 or 1/2; a letter counts as 1 (E**x)."""
    match node:
        case ast.Constant(value=int() | float() as number):
            return abs(float(number))
        case ast.UnaryOp(op=ast.UAdd() | ast.USub(), operand=inner):
            return _exponent(inner)
        case ast.BinOp(left=left, op=ast.Div(), right=ast.Constant(value=int() as number)) if number:
            return _exponent(left) / number
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return _exponent(left) * _exponent(right)
        case ast.Name(id=name) if len(name) == 1:
            return 1.0
    raise ValueError("not an exponent")
