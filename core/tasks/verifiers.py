"""reasoning-gym's own verifiers, called so that no answer can do harm.

Some of them run the answer as Python: `eval` or sympy's `parse_expr` (which is one). A model that writes
`__import__('os')…` would be run, and `9**9**9` never ends. What such a verifier is shown is therefore checked first
against the small grammar that a right answer needs; anything else is a wrong answer.
"""

from __future__ import annotations

import ast
import math
import re
import sys
from typing import Any

from core.tasks.deadline import within

#: Longer answers are wrong unread; the longest right ones (grids, programs) have some thousand characters.
MOST_CHARACTERS = 4000
#: Seconds; a verifier that hangs has not found the answer right.
LIMIT = 5.0

#: Verifiers that evaluate sums: numbers, + - * / and brackets.
ARITHMETIC = frozenset({"countdown", "puzzle24"})
#: Verifiers that evaluate formulas of one variable.
ALGEBRA = frozenset({"simple_integration", "intermediate_integration"})
#: Verifiers that evaluate a Python list, where the answer is not the right text already.
LITERAL = frozenset({"binary_matrix", "n_queens", "number_sorting", "spiral_matrix", "string_insertion"})

#: Verifiers that were read, and cannot take long once the answer has passed the check: a watch would cost more.
QUICK = frozenset({"chain_sum", "countdown", "gsm_symbolic", "letter_counting", "spell_backward"})

_ARITHMETIC = re.compile(r"[0-9+\-*/() \t\n]{1,200}")
_HUGE_EXPONENT = re.compile(r"[eE][+-]?[0-9_]{5}")
_FUNCTIONS = re.compile(r"a?(?:sin|cos|tan)h?|sec|csc|cot|exp|log|ln|sqrt|Abs")
_OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div)


def score(name: str, dataset: Any, answer: str | None, entry: dict[str, Any]) -> float:
    """What the data set's verifier gives for an answer, within [0, 1]; 0 where it cannot read it."""
    if not answer or not answer.strip() or not _harmless(name, answer):
        return 0.0
    if name in LITERAL:
        # The module's own `eval` stands before the built-in one: it reads lists and runs nothing.
        vars(sys.modules[type(dataset).__module__])["eval"] = ast.literal_eval
    try:
        quick = name in QUICK
        scored = dataset.score_answer(answer, entry) if quick else within(LIMIT, dataset.score_answer, answer, entry)
        value = float(scored)
    except Exception:  # whatever a hostile answer leads to, it is not right
        return 0.0
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
