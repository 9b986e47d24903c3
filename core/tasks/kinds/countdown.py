"""Numbers and a target: `2 3 5 = 16?` is answered by an expression that is worth it, such as `(3+5)*2`.

Many answers are right, and the verifier knows each when it sees it: it works the expression out exactly.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Literal

import numpy as np
from pydantic import Field

from core.errors import ConfigError, Message, RequestError
from core.rewards.verdict import Verdict
from core.tasks.arithmetic import Expression, calculated, reaching, read
from core.tasks.kind import Recipe, TaskKind, TaskSettings

#: Every character that a prompt or a right answer may hold.
ALPHABET = "0123456789+-*/() =?"
_PROMPT = re.compile(r"((?:[0-9]{1,2} ){2,4})= ([0-9]{1,4})\?", re.ASCII)
#: Draws in search of the questions that are kept apart, for each of them.
_DRAWS = 8


class CountdownSettings(TaskSettings):
    """How many numbers there are, how large they and the target may be."""

    kind: Literal["countdown"] = "countdown"
    numbers: int = Field(3, ge=2, le=4, description="How many numbers there are; each may be used once.")
    largest: int = Field(12, ge=4, le=99, description="The largest number there may be.")
    target: int = Field(99, ge=50, le=9999, description="The largest target there may be.")
    heldout: int = Field(256, ge=16, le=2048, description="How many questions are kept apart and never trained on.")


class Countdown:
    """The task: prompts by seed and step, and an exact verifier.

    Every target can be reached with all the numbers, by whole numbers above 0 at each step, and is none of them. What
    is held out is numbers and target together: the same numbers with another target may be trained on.
    """

    def __init__(self, settings: CountdownSettings) -> None:
        self.settings = settings
        if problems := _impossible(settings):
            raise ConfigError(*problems)

    def prompts(self, seed: int, step: int, count: int) -> list[str]:
        """The `count` training prompts of a step: a function of seed and step only, never one that is held out."""
        drawn = _drawn(self.settings, np.random.default_rng([seed, step, 0xC0DE]))
        prompts: list[str] = []
        while len(prompts) < count:
            prompt = next(drawn)
            if prompt not in self._heldout_set:
                prompts.append(prompt)
        return prompts

    @cached_property
    def heldout(self) -> list[str]:
        """The questions kept apart: the same for every seed."""
        return list(_pool(self.settings)[: self.settings.heldout])

    @cached_property
    def _heldout_set(self) -> frozenset[str]:
        return frozenset(self.heldout)

    def truth(self, prompt: str) -> str:
        """What a right expression is worth; which expression, is left to the responder."""
        return str(question(prompt)[1])

    def solution(self, prompt: str) -> str:
        """One of the right expressions: the shortest. "" where there is none, which is no question that was drawn."""
        return next(iter(reaching(*question(prompt))), "")

    def verify(self, prompt: str, response: str, *, finished: bool = True) -> Verdict:
        """Binary reward: the response is one expression of the numbers, each at most once, worth exactly the target.

        Its `answer` is what the expression is worth, as `truth` is. A response that was cut off is wrong, whatever
        stands in it.
        """
        numbers, target = question(prompt)
        expression = read(response)
        if expression is None:
            return Verdict(0.0, False, None)
        success = finished and expression.value == target and not _too_often(expression, numbers)
        return Verdict(float(success), success, "1/0" if expression.value is None else str(expression.value))

    def fault(self, prompt: str, response: str) -> Message | None:
        """Why a response that ended by itself is wrong, in a sentence; None where it is right."""
        numbers, target = question(prompt)
        expression = read(response)
        if expression is None:
            return Message("This is no expression of whole numbers, + − * / and brackets.")
        if extra := _too_often(expression, numbers):
            return Message("It uses {number} more often than it is given.", number=extra[0])
        if expression.value is None:
            return Message("It divides by zero.")
        if expression.value != target:
            return Message("It is worth {value}, not {target}.", value=str(expression.value), target=target)
        return None

    @property
    def max_completion_length(self) -> int:
        """Tokens of the longest right answer without needless brackets, with its end-of-sequence token."""
        return _longest(self.settings)


def question(prompt: str) -> tuple[tuple[int, ...], int]:
    """A prompt's numbers and its target; RequestError if it is not one of this task's prompts."""
    match = _PROMPT.fullmatch(prompt)
    if match is None:
        raise RequestError(
            "{prompt} is no question of this task: write two to four numbers and a target, such as 2 3 5 = 16?",
            prompt=repr(prompt[:60]),
        )
    return tuple(sorted(int(x) for x in match[1].split())), int(match[2])


def _too_often(expression: Expression, numbers: tuple[int, ...]) -> list[int]:
    """The numbers that stand in the expression more often than they are given."""
    return sorted((Counter(expression.numbers) - Counter(numbers)).keys())


def _drawn(settings: CountdownSettings, rng: np.random.Generator) -> Iterator[str]:
    """Questions without end. Numbers stand in ascending order: which come first says nothing."""
    while True:
        numbers = sorted(int(x) for x in rng.integers(1, settings.largest + 1, settings.numbers))
        target = _combined(numbers, rng)
        if target is not None and target <= settings.target and target not in numbers:
            yield f"{' '.join(map(str, numbers))} = {target}?"


def _combined(numbers: list[int], rng: np.random.Generator) -> int | None:
    """What all the numbers give in a random order with random signs; None where a step gives no whole number > 0."""
    parts = list(numbers)
    while len(parts) > 1:
        i, j = rng.permutation(len(parts))[:2]
        value = calculated(Fraction(parts[i]), "+-*/"[rng.integers(4)], Fraction(parts[j]))
        if value is None or value <= 0 or value.denominator != 1:
            return None
        parts = [x for place, x in enumerate(parts) if place not in (i, j)] + [int(value)]
    return parts[0]


@functools.lru_cache(maxsize=16)
def _training_questions(settings: CountdownSettings, most: int) -> int:
    """How many there are, counted no further than just above `most`."""
    count = -settings.heldout
    for numbers in itertools.combinations_with_replacement(range(1, settings.largest + 1), settings.numbers):
        count += sum(x <= settings.target and x not in numbers for x in _worth(numbers))
        if count > most:
            break
    return count


@functools.lru_cache(maxsize=50_000)
def _worth(numbers: tuple[int, ...]) -> frozenset[int]:
    """All that can be made of all the numbers, in ascending order, by whole numbers above 0 at each step."""
    if len(numbers) == 1:
        return frozenset(numbers)
    made = set[int]()
    for i, j in itertools.permutations(range(len(numbers)), 2):
        rest = [x for place, x in enumerate(numbers) if place not in (i, j)]
        for sign in "+-*/":
            value = calculated(Fraction(numbers[i]), sign, Fraction(numbers[j]))
            if value is not None and value > 0 and value.denominator == 1:
                made |= _worth(tuple(sorted([*rest, int(value)])))
    return frozenset(made)


@functools.lru_cache(maxsize=16)
def _pool(settings: CountdownSettings) -> tuple[str, ...]:
    """Distinct questions, the same everywhere, ordered by a hash: without any pattern in the numbers."""
    drawn = _drawn(settings, np.random.default_rng(20_240_205))
    pool = {next(drawn) for _ in range(settings.heldout * _DRAWS)}
    return tuple(sorted(pool, key=lambda x: hashlib.sha256(x.encode()).digest()))


def _impossible(settings: CountdownSettings) -> list[Message]:
    """Why so many questions cannot be held out, though each setting is possible."""
    known = _known(settings)
    if known >= 2 * settings.heldout:
        return []
    return [
        Message(
            "task.heldout: {given} questions cannot be kept apart with these numbers; at most {bound} are allowed",
            given=settings.heldout,
            bound=known // 2,
        )
    ]


@functools.lru_cache(maxsize=16)
def _known(settings: CountdownSettings) -> int:
    """How many questions `_pool` has, counted no further than needed: a config is checked before anything is drawn."""
    drawn, pool = _drawn(settings, np.random.default_rng(20_240_205)), set[str]()
    for _ in range(settings.heldout * _DRAWS):
        pool.add(next(drawn))
        if len(pool) >= 2 * settings.heldout:
            break
    return len(pool)


def _longest(settings: CountdownSettings) -> int:
    count = settings.numbers
    return count * len(str(settings.largest)) + (count - 1) + 2 * max(0, count - 2) + 1


@dataclass(frozen=True)
class CountdownRecipe(Recipe):
    """Right expressions, and others in which one sign is not the right one, or a number stands too often."""

    does = "writes expressions that are to be worth a target, some of them wrong"
    taught = "expressions in some of which one sign was wrong on purpose, or a number stood too often"

    slipped: float = 0.3  # how often a sign is replaced by one that misses the target
    reused: float = 0.0  # how often a number is replaced by one that then stands more often than it is given

    def example(self, prompt: str, draw: random.Random) -> str:
        """One of the right expressions, or one of them with another sign or another number."""
        numbers, target = question(prompt)
        right = draw.choice(reaching(numbers, target))
        which = draw.random()
        if which < self.reused:
            return draw.choice(_with_one_too_often(right, numbers) or [right])
        if which >= self.reused + self.slipped:
            return right
        places = [i for i, sign in enumerate(right) if sign in "+-*/"]
        slips = [right[:i] + sign + right[i + 1 :] for i in places for sign in "+-*/" if sign != right[i]]
        wrong = [x for x in slips if (expression := read(x)) is not None and expression.value != target]
        return draw.choice(wrong)

    def right_so_far(self, prompt: str, answer: str) -> list[bool]:
        """Whether some right expression begins like this: many are right."""
        right = reaching(*question(prompt))
        begun = [any(x.startswith(answer[: i + 1]) for x in right) for i in range(len(answer))]
        return [*begun, answer in right]


def _with_one_too_often(right: str, numbers: tuple[int, ...]) -> list[str]:
    """The expression with one of its numbers replaced by another that then stands more often than it is given."""
    changed = [
        f"{right[: place.start()]}{number}{right[place.end() :]}"
        for place in re.finditer(r"\d+", right)
        for number in sorted(set(numbers))
        if str(number) != place[0]
    ]
    return [x for x in changed if (expression := read(x)) is not None and _too_often(expression, numbers)]


KIND = TaskKind(
    settings=CountdownSettings,
    build=Countdown,
    title="Numbers and a target",
    summary="An expression of given numbers that is worth a target: `2 3 5 = 16?` is answered by `(3+5)*2`.",
    refuses=_impossible,
    training_questions=_training_questions,
    longest_prompt=lambda settings: settings.numbers * (len(str(settings.largest)) + 1) + len(str(settings.target)) + 3,
    longest_response=_longest,
    alphabet=ALPHABET,
    recipes={
        "countdown-3x12": CountdownRecipe(CountdownSettings(), slipped=0.15, reused=0.25, updates=2500),
        # Of numbers up to 9 there are so few questions that a run learns them by heart.
        "countdown-3": CountdownRecipe(CountdownSettings(largest=9), updates=3000),
    },
    form=lambda settings: rf"[(]*\d+([-+*/][(]*\d+[)]*){{1,{settings.numbers - 1}}}",
    order=12,
)
