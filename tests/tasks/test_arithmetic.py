"""Expressions are read exactly, and found by search."""

from __future__ import annotations

import ast
import itertools
import random
from fractions import Fraction

import pytest

from core.tasks.arithmetic import MOST_CHARACTERS, reaching, read


@pytest.mark.parametrize(
    ("text", "value", "numbers"),
    [
        ("(3+5)*2", 16, (3, 5, 2)),
        ("3+5*2", 13, (3, 5, 2)),
        ("9-4-3", 2, (9, 4, 3)),
        ("8/4/2", 1, (8, 4, 2)),
        ("9-(4-3)", 8, (9, 4, 3)),
        ("10/4", Fraction(5, 2), (10, 4)),
        ("8/(3-8/3)", 24, (8, 3, 8, 3)),
        ("((7))", 7, (7,)),
        (" 1 + 2 ", 3, (1, 2)),
        ("0*5", 0, (0, 5)),
        ("1/(2-2)", None, (1, 2, 2)),
        ("3+1/(2-2)", None, (3, 1, 2, 2)),
    ],
)
def test_an_expression_is_worked_out_exactly(text: str, value: object, numbers: tuple[int, ...]) -> None:
    expression = read(text)
    assert expression is not None
    assert (expression.value, expression.numbers) == (value, numbers)


NONE = ["", " ", "()", "+", "1+", "*2", "1 2", "(1", "1)", "07", "1+-2", "-1", "2**3", "2//3", "1.5", "1e3", "1_0", "x"]
NONE += ["=16", "16=16", "3+5\n*2", "٣", "²", "1,2", "(1)(2)", "2(3)", "9" * 10, "1+" * 80 + "1"]
NONE += ["(" * 200 + "1" + ")" * 200]


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_expression_is_read_as_none(text: str) -> None:
    assert read(text) is None


def test_the_longest_text_that_is_read_nests_as_deep_as_it_can() -> None:
    depth = (MOST_CHARACTERS - 1) // 2
    expression = read("(" * depth + "1" + ")" * depth)
    assert expression is not None
    assert expression.value == 1


def test_random_expressions_are_worth_what_python_says() -> None:
    draw, seen = random.Random(1), 0
    for _ in range(2000):
        text = "".join(
            draw.choice(["1", "2", "3", "14", "+", "-", "*", "/", "(", ")"]) for _ in range(draw.randint(1, 9))
        )
        mine = read(text)
        try:
            tree = ast.parse(text, mode="eval").body
            value = _value(tree)
        except (SyntaxError, ValueError):
            assert mine is None, text
            continue
        seen += 1
        assert mine is not None, text
        assert mine.value == value, text
    assert seen > 100


def _value(tree: ast.AST) -> Fraction | None:
    """Python's own reading; ValueError for what this language has not (unary signs, **, //, calls)."""
    if isinstance(tree, ast.Constant) and isinstance(tree.value, int):
        return Fraction(tree.value)
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Add | ast.Sub | ast.Mult | ast.Div):
        a, b = _value(tree.left), _value(tree.right)
        if a is None or b is None or (isinstance(tree.op, ast.Div) and b == 0):
            return None
        match tree.op:
            case ast.Add():
                return a + b
            case ast.Sub():
                return a - b
            case ast.Mult():
                return a * b
        return a / b
    raise ValueError(tree)


def test_the_search_finds_every_value_that_three_numbers_reach() -> None:
    """Against all texts a∘b∘c, (a∘b)∘c, a∘(b∘c), a∘b, a: written out without the search."""
    for numbers in ((2, 3, 5), (1, 4, 4), (6, 7, 9)):
        texts = set(map(str, numbers))
        for a, b in itertools.permutations(numbers, 2):
            texts |= {f"{a}{s}{b}" for s in "+-*/"}
        for a, b, c in itertools.permutations(numbers):
            for s, t in itertools.product("+-*/", repeat=2):
                texts |= {f"{a}{s}{b}{t}{c}", f"({a}{s}{b}){t}{c}", f"{a}{s}({b}{t}{c})"}
        reached = {x.value for text in texts if (x := read(text)) is not None and x.value is not None}
        for target in range(130):
            right = reaching(numbers, target)
            assert bool(right) == (Fraction(target) in reached), (numbers, target)
            assert set(right) <= texts
            assert {expression.value for expression in map(read, right) if expression is not None} <= {Fraction(target)}


def test_the_shortest_comes_first_and_needless_brackets_are_left_out() -> None:
    assert reaching((2, 3, 5), 16) == ("(3+5)*2", "(5+3)*2", "2*(3+5)", "2*(5+3)")
    assert reaching((1, 2, 4), 6)[0] == "2+4"
    assert "8/(3-8/3)" in reaching((3, 3, 8, 8), 24)
    assert reaching((1, 1), 50) == ()
