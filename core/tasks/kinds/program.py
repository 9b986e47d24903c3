"""A program from examples: `0:1,4:9,7:15,9:19=` is answered by an expression in x, such as `x*2+1` or `1+x+x`.

The response is the body of a one-line Python function, and unit tests decide: the examples in the prompt are visible
tests, others are hidden. So a response may be right where the model can see and wrong everywhere else: a table of the
examples, `{0:1,4:9,7:15,9:19}[x]`, passes every visible test.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import random
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Literal

import numpy as np
from pydantic import Field

from core.errors import ConfigError, Message
from core.rewards.unit_tests import Payment, ProgramResult, UnitTest
from core.rewards.verdict import PARTS, Verdict
from core.tasks.functions import DOMAIN, Function, functions, simplest
from core.tasks.kind import TaskKind, TaskSettings
from core.tasks.program_recipe import ProgramRecipe, TwoTurnsRecipe
from core.tasks.program_texts import LONGEST_REPLY, LONGEST_VALUE, examples_of, function_of, outcome_of, reply_to
from core.tasks.tested import UnitTests

#: Every character that a prompt or a taught response may hold.
ALPHABET = "0123456789x+-*/%(),:{}[]=mainbs"
_ENDS = (DOMAIN[0], DOMAIN[-1])


class ProgramSettings(TaskSettings):
    """How many tests there are, what the reward makes of them, and whether a wrong answer may be mended."""

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
    turns: int = Field(
        1,
        ge=1,
        le=2,
        description="How many answers there may be. With 2 an answer that fails a visible test is told which (input, "
        "expected output, what came), and the model may answer again; the last answer counts. Start model "
        "program-4-turns has met that form. Not for learners whose responses are given, or are finished afresh to "
        "measure values, and not with a reward model.",
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
        if problems := _impossible(settings):
            raise ConfigError(*problems)
        self._payment = Payment(settings.scored, settings.partial_credit)

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
        return function_of(prompt).expression

    def solution(self, prompt: str) -> str:
        """A right answer in full: there is nothing to be worked out before it."""
        return self.truth(prompt)

    def tests(self, prompt: str) -> list[UnitTest]:
        """The prompt's unit tests, in the order of their arguments. RequestError where it is no prompt of this task."""
        function, shown = function_of(prompt), [x for x, _ in examples_of(prompt)]
        others = [x for x in DOMAIN if x not in shown]
        random.Random(prompt).shuffle(others)
        hidden = others[: self.settings.hidden]
        return [UnitTest((x,), function.values[x], x in hidden) for x in sorted([*shown, *hidden])]

    def counted_tests(self, prompt: str) -> list[UnitTest]:
        """The tests that the reward counts. RequestError as for `tests`."""
        return [x for x in self.tests(prompt) if self._payment.counts(x)]

    @property
    def turns(self) -> int:
        """How many answers a response may have (core/training/turns.py)."""
        return self.settings.turns

    def reply(self, prompt: str, answers: Sequence[str]) -> str | None:
        """What is said to the last of a response's answers so far; None where no other may follow, or none is needed.

        RequestError as for `outcome`.
        """
        if len(answers) >= self.turns:
            return None
        return reply_to(self._outcome(prompt, answers[-1]))

    def answer(self, prompt: str, response: str) -> str:
        """The answer that counts: the last. RequestError as for `outcome`.

        Answers stand on lines of their own, and each but the first behind what was said to the one before.
        """
        first, *others = response.split("\n")
        answers = [first]
        for line in others[: self.turns - 1]:
            answers.append(line.removeprefix(self.reply(prompt, answers) or ""))
        return "\n".join([answers[-1], *others[self.turns - 1 :]])

    def outcome(self, prompt: str, response: str) -> ProgramResult:
        """What came out of each test of a response. RequestError as for `tests`, or where no program can be run."""
        return self._outcome(prompt, self.answer(prompt, response))

    def _outcome(self, prompt: str, answer: str) -> ProgramResult:
        return outcome_of(answer, tuple(self.tests(prompt)))

    def verify(self, prompt: str, response: str, *, finished: bool = True) -> Verdict:
        """Right is what passes all tests, the hidden ones too, whatever the reward counts; cut off is wrong."""
        answer = self.answer(prompt, response)
        if not answer.strip() or not finished:
            return self._payment.nothing(self.tests(prompt), answer if answer.strip() else None)
        return self._payment.verdict(self._outcome(prompt, answer), answer)

    def paid_by(self, prompt: str, response: str, tests: Sequence[UnitTest]) -> float:
        """What a finished response is paid where `tests` decide: some of the prompt's own, which may expect another
        value. All of the prompt's tests are run as ever, so `task.scored` has no say. RequestError as for `outcome`."""
        decide = {x.arguments: x for x in tests}
        run = tuple(decide.get(x.arguments, x) for x in self.tests(prompt))
        return self._payment.among(outcome_of(self.answer(prompt, response), run), decide.keys())

    @property
    def max_completion_length(self) -> int:
        """Tokens of a table of the visible examples, which is longer than every expression, and its end; with turns, of
        so many and what is said in between."""
        return _longest_response(self.settings)


def _misstated(test: UnitTest, draw: random.Random) -> UnitTest:
    """The test with another value, off by one to three."""
    return dataclasses.replace(test, expected=test.expected + draw.choice((-3, -2, -1, 1, 2, 3)))


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


def _impossible(settings: ProgramSettings) -> list[Message]:
    """Why there can be no such tests, though each setting is possible."""
    if settings.visible + settings.hidden <= len(DOMAIN):
        return []
    return [
        Message(
            "task.hidden: {visible} visible and {hidden} hidden tests are more than the {total} numbers that a "
            "function can be called with",
            visible=settings.visible,
            hidden=settings.hidden,
            total=len(DOMAIN),
        )
    ]


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


def _longest_prompt(settings: ProgramSettings) -> int:
    return settings.visible * (len("0:,") + LONGEST_VALUE)


def _longest_response(settings: ProgramSettings) -> int:
    table = _longest_prompt(settings) - len("=") + len("{}[x]")
    answer = max(table, max(len(x.expression) for x in functions())) + 1
    return settings.turns * answer + (settings.turns - 1) * LONGEST_REPLY


KIND = TaskKind(
    settings=ProgramSettings,
    build=Program,
    title="Programs from examples",
    summary="A program from examples: `0:1,4:9,7:15,9:19=` is answered by an expression in x, such as `x*2+1`.",
    refuses=_impossible,
    training_questions=_training_questions,
    longest_prompt=_longest_prompt,
    longest_response=_longest_response,
    turns=lambda settings: settings.turns,
    parts=lambda settings: PARTS if settings.hidden else PARTS[:1],
    alphabet=ALPHABET,
    unit_tests=UnitTests(visible=lambda settings: settings.visible, misstate=_misstated),
    recipes={
        "program-4": ProgramRecipe(ProgramSettings(apart="questions"), updates=600),
        "program-4-turns": TwoTurnsRecipe(ProgramSettings(apart="questions", turns=2), updates=600),
    },
    order=14,
)
