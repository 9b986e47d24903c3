"""A program from examples: `0:1,4:9,7:15,9:19=` is answered by an expression in x, such as `x*2+1` or `1+x+x`.

The response is the body of a one-line Python function, and unit tests decide: the examples in the prompt are visible
tests, others are hidden. So a response may be right where the model can see and wrong everywhere else: a table of the
examples, `{0:1,4:9,7:15,9:19}[x]`, passes every visible test.
"""

from __future__ import annotations

import functools
import itertools
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from pydantic import Field

from core.errors import ConfigError, RequestError
from core.sandbox.checks import Called, called, compared
from core.sandbox.limits import ProgramLimits
from core.sandbox.unit_tests import ProgramResult, UnitTest
from core.tasks.base import Verdict
from core.tasks.functions import DOMAIN, LARGEST, Function, functions, simplest
from core.tasks.kind import Recipe, TaskKind, TaskSettings

#: Every character that a prompt or a taught response may hold.
ALPHABET = "0123456789x+-*/%(),:{}[]=mainbs"
_ENDS = (DOMAIN[0], DOMAIN[-1])
_LIMITS = ProgramLimits(answer=40)
_EXAMPLE = re.compile(r"(\d):(-?\d{1,2})", re.ASCII)
_LONGEST_VALUE = len(str(-LARGEST))


class ProgramSettings(TaskSettings):
    """How many tests there are, and what the reward makes of them."""

    kind: Literal["program"] = "program"
    visible: int = Field(4, ge=2, le=6, description="How many examples the prompt shows; they are the visible tests.")
    hidden: int = Field(
        6, ge=0, le=9, description="How many more tests there are, never shown; a right response meets all tests."
    )
    scored: Literal["all", "visible"] = Field(
        "all", description="Which tests the reward counts: all, or only those that the prompt shows."
    )
    partial_credit: bool = Field(
        False, description="The reward is the share of tests passed; otherwise it is 1 for all of them and else 0."
    )
    apart: Literal["functions", "questions"] = Field(
        "functions",
        description="What is kept apart: functions, so that no prompt is about one that is held out; or only "
        "questions, so that the same functions are trained on with other examples.",
    )
    heldout: int = Field(128, ge=16, le=256, description="How many questions are kept apart and never trained on.")


class Program:
    """The task: prompts by seed and step, held-out questions, and unit tests that score responses.

    A prompt's function is the simplest (core/tasks/functions.py) that agrees with its examples, so the text alone says
    which it is, and with it the hidden tests.
    """

    def __init__(self, settings: ProgramSettings) -> None:
        self.settings = settings
        if settings.visible + settings.hidden > len(DOMAIN):
            raise ConfigError(
                "task.hidden: {visible} visible and {hidden} hidden tests are more than the {total} numbers that a "
                "function can be called with",
                visible=settings.visible,
                hidden=settings.hidden,
                total=len(DOMAIN),
            )

    def prompts(self, seed: int, step: int, count: int) -> list[str]:
        """The `count` training prompts of a step: a function of seed and step only, never one that is held out."""
        pool = _pool(self.settings)
        rng = np.random.default_rng([seed, step, 0xF07])
        prompts: list[str] = []
        while len(prompts) < count:
            prompt = self._drawn(pool, rng)
            if prompt is not None and prompt not in self._heldout_set:
                prompts.append(prompt)
        return prompts

    @cached_property
    def heldout(self) -> list[str]:
        """The questions kept apart: the same for every seed, and whatever else is kept apart with them."""
        rng, questions = np.random.default_rng(20_240_205), dict[str, None]()
        while len(questions) < self.settings.heldout:
            prompt = self._drawn(_apart(), rng)
            if prompt is not None:
                questions[prompt] = None
        return list(questions)

    @cached_property
    def _heldout_set(self) -> frozenset[str]:
        return frozenset(self.heldout)

    def _drawn(self, pool: tuple[Function, ...], rng: np.random.Generator) -> str | None:
        """A question about one of the pool's functions; None where a simpler one agrees with its examples.

        Examples are in ascending order. Of three or more, two are for the smallest and the largest number: a function
        can hardly be told from its middle alone.
        """
        function, visible = pool[int(rng.integers(len(pool)))], self.settings.visible
        ends = _ends(visible)
        others = [x for x in DOMAIN if x not in ends]
        shown = sorted([*ends, *(others[i] for i in rng.permutation(len(others)))][:visible])
        examples = tuple((x, function.values[x]) for x in shown)
        if simplest(examples) != function:
            return None
        return _prompt(examples)

    def truth(self, prompt: str) -> str:
        """One of the right answers: the simplest."""
        return _function(prompt).expression

    def solution(self, prompt: str) -> str:
        """A right answer in full: there is nothing to be worked out before it."""
        return self.truth(prompt)

    def tests(self, prompt: str) -> list[UnitTest]:
        """The prompt's unit tests, in the order of their arguments. RequestError where it is no prompt of this task."""
        function, shown = _function(prompt), [x for x, _ in examples_of(prompt)]
        others = [x for x in DOMAIN if x not in shown]
        random.Random(prompt).shuffle(others)
        hidden = others[: self.settings.hidden]
        return [UnitTest((x,), function.values[x], x in hidden) for x in sorted([*shown, *hidden])]

    def outcome(self, prompt: str, response: str) -> ProgramResult:
        """What came out of each test of a response. RequestError as for `tests`, or where no program can be run."""
        tests = self.tests(prompt)
        return compared(_called(program_of(response), tuple(x.arguments for x in tests)), tests, _LIMITS)

    def verify(self, prompt: str, response: str, *, finished: bool = True) -> Verdict:
        """Right is what passes all tests, the hidden ones too, whatever the reward counts; cut off is wrong."""
        tests = self.tests(prompt)
        if not response.strip() or not finished:
            none = {"visible_tests": 0.0, **({"hidden_tests": 0.0} if self.settings.hidden else {})}
            return Verdict(0.0, False, response if response.strip() else None, none)
        outcome = compared(_called(program_of(response), tuple(x.arguments for x in tests)), tests, _LIMITS)
        share = outcome.share if self.settings.scored == "all" else outcome.visible
        reward = share if self.settings.partial_credit else float(share == 1.0)
        return Verdict(reward, outcome.passed, response, outcome.parts)

    @property
    def max_completion_length(self) -> int:
        """Tokens of a table of the visible examples, which is longer than every expression, and its end."""
        return _longest_response(self.settings)


def program_of(response: str) -> str:
    """The function that a response is the body of."""
    return "def f(x):\n    return " + response.strip().removeprefix("return ")


def examples_of(prompt: str) -> tuple[tuple[int, int], ...]:
    """A prompt's examples: argument and value. RequestError where it has none."""
    parts = [_EXAMPLE.fullmatch(x) for x in prompt.removesuffix("=").split(",")]
    if not prompt.endswith("=") or None in parts:
        raise RequestError(
            "{prompt} is no question of this task: write examples of a function, such as 0:1,4:9,7:15,9:19=",
            prompt=repr(prompt[:60]),
        )
    return tuple((int(x[1]), int(x[2])) for x in parts if x is not None)


def _function(prompt: str) -> Function:
    function = simplest(examples_of(prompt))
    if function is None:
        raise RequestError("No function of this task agrees with all of {prompt}", prompt=repr(prompt[:60]))
    return function


@functools.lru_cache(maxsize=16)
def _training_questions(settings: ProgramSettings, most: int) -> int:
    """How many there are, counted no further than just above `most`."""
    task, prompts = Program(settings), set[str]()
    for function in _pool(settings):
        for shown in _shown(settings.visible):
            examples = tuple((x, function.values[x]) for x in shown)
            if simplest(examples) == function:
                prompts.add(_prompt(examples))
        if len(prompts - task._heldout_set) > most:
            break
    return len(prompts - task._heldout_set)


def _ends(visible: int) -> tuple[int, ...]:
    """What every prompt with so many examples shows."""
    return _ENDS if visible > len(_ENDS) else ()


def _shown(visible: int) -> Iterator[tuple[int, ...]]:
    """Every choice of arguments that a prompt may show, in ascending order."""
    ends = _ends(visible)
    others = [x for x in DOMAIN if x not in ends]
    for chosen in itertools.combinations(others, visible - len(ends)):
        yield tuple(sorted([*ends, *chosen]))


def _prompt(examples: tuple[tuple[int, int], ...]) -> str:
    return ",".join(f"{x}:{y}" for x, y in examples) + "="


def _pool(settings: ProgramSettings) -> tuple[Function, ...]:
    return _taught() if settings.apart == "functions" else functions()


@functools.cache
def _taught() -> tuple[Function, ...]:
    return tuple(x for x in functions() if not x.apart)


@functools.cache
def _apart() -> tuple[Function, ...]:
    return tuple(x for x in functions() if x.apart)


#: A policy writes the same program again and again: it is run once.
@functools.lru_cache(maxsize=8192)
def _called(program: str, calls: tuple[tuple[int, ...], ...]) -> Called:
    return called(program, calls, limits=_LIMITS)


def _longest_prompt(settings: ProgramSettings) -> int:
    return settings.visible * (len("0:,") + _LONGEST_VALUE)


def _longest_response(settings: ProgramSettings) -> int:
    table = _longest_prompt(settings) - len("=") + len("{}[x]")
    return max(table, max(len(x.expression) for x in functions())) + 1


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
        expression = _function(prompt).expression
        if draw.random() < self.mixed_up:
            expression = _mixed_up(expression)
        if draw.random() < self.slips:
            expression = _off(expression, draw)
        return _swapped(expression) if draw.random() < self.other_order else expression


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


KIND = TaskKind(
    settings=ProgramSettings,
    build=Program,
    title="Programs from examples",
    summary="A program from examples: `0:1,4:9,7:15,9:19=` is answered by an expression in x, such as `x*2+1`.",
    training_questions=_training_questions,
    longest_prompt=_longest_prompt,
    longest_response=_longest_response,
    alphabet=ALPHABET,
    recipes={"program-4": ProgramRecipe(ProgramSettings(apart="questions"), updates=600)},
    order=14,
)
