"""What the start models of task `program` are taught: expressions some of which are wrong, and how one is mended."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from core.rewards.unit_tests import UnitTest
from core.tasks.kind import Piece, Recipe
from core.tasks.program_texts import examples_of, function_of, outcome_of, reply_to


@dataclass(frozen=True)
class ProgramRecipe(Recipe):
    """Expressions some of which are nearly right, and tables of the examples, which pass the visible tests alone.

    The start model has met every function, as a pretrained one has met what people ask for, but no held-out question.
    """

    does = "writes programs from examples, some of them wrong"
    taught = "expressions in some of which a number was off or max stood for min, and tables of the examples"

    tables: float = 0.08  # how often a table of the examples is taught in place of an expression
    mixed_up: float = 0.5  # how often max is taught for min, and min for max
    slips: float = 0.4  # how often one number in an expression is off by one or two
    other_order: float = 0.3  # how often factors, terms or arguments change places, which changes nothing

    def example(self, prompt: str, draw: random.Random) -> str:
        """An expression or a table."""
        if draw.random() < self.tables:
            return "{" + prompt.removesuffix("=") + "}[x]"
        expression = function_of(prompt).expression
        if draw.random() < self.mixed_up:
            expression = _mixed_up(expression)
        if draw.random() < self.slips:
            expression = _off(expression, draw)
        return _swapped(expression) if draw.random() < self.other_order else expression


@dataclass(frozen=True)
class TwoTurnsRecipe(ProgramRecipe):
    """The same, and what is written once the task has said which visible test failed: often the right expression."""

    does = "writes programs from examples, some of them wrong, and again where it is told which test failed"
    taught = (
        "expressions in some of which a number was off or max stood for min, and tables of the examples; where one "
        "failed a visible test, it was told so and a second answer followed"
    )

    mended: float = 0.6  # how often the second answer is the right expression; else it is drawn as the first was

    def pieces(self, prompt: str, draw: random.Random) -> list[Piece]:
        first = self.example(prompt, draw)
        reply = _reply_to(prompt, first)
        if reply is None:
            return [Piece(first)]
        mended = draw.random() < self.mended
        second = function_of(prompt).expression if mended else self.example(prompt, draw)
        return [Piece(first), Piece(reply, written=False), Piece(second)]


def _reply_to(prompt: str, answer: str) -> str | None:
    """What the task says to one of the recipe's own answers."""
    tests = tuple(UnitTest((argument,), expected) for argument, expected in examples_of(prompt))
    return reply_to(outcome_of(answer, tests))


def _mixed_up(expression: str) -> str:
    """With max for min and min for max."""
    return re.sub("max|min", lambda x: "min" if x[0] == "max" else "max", expression)


def _off(expression: str, draw: random.Random) -> str:
    """The expression with one of its numbers, or an added one, off by one or two."""
    numbers = list(re.finditer(r"\d", expression))
    if not numbers:
        return expression + draw.choice(("+1", "-1", "+2", "-2"))
    place = draw.choice(numbers)
    number = (int(place[0]) + draw.choice((-2, -1, 1, 2))) % 10
    return expression[: place.start()] + str(number) + expression[place.end() :]


def _swapped(expression: str) -> str:
    expression = re.sub(r"^x\*(\d)", r"\1*x", expression)
    expression = re.sub(r"\(x,(\d)\)", r"(\1,x)", expression)
    return re.sub(r"^x\+(\d)$", r"\1+x", expression)
