"""Sums worked out step by step: `8+1+7=` → `8+1=9;9+7=16`.

A wrong intermediate sum is what ruins a response, so credit has a true place: the token where the first sum goes wrong.
"""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import random
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from pydantic import Field

from core.errors import ConfigError, RequestError
from core.rewards.verdict import Verdict
from core.tasks.kind import Recipe, TaskKind, TaskSettings

#: Every character that a prompt or a right answer may hold.
ALPHABET = "0123456789+=;"


class ChainSumSettings(TaskSettings):
    """How many numbers of how many digits are added."""

    kind: Literal["chain-sum"] = "chain-sum"
    terms: int = Field(3, ge=2, le=6, description="How many numbers are added.")
    digits: int = Field(1, ge=1, le=3, description="How many digits each number may have.")
    heldout: int = Field(256, ge=16, le=2048, description="How many questions are kept apart and never trained on.")


class ChainSum:
    """The task: prompts by seed and step, a held-out set disjoint from them, and the verifiable reward.

    A held-out sum may be trained on with its terms in another order: that has another scratchpad, so another answer.
    """

    def __init__(self, settings: ChainSumSettings) -> None:
        self.settings = settings
        total = _sums(settings)
        if settings.heldout * 2 > total:
            raise ConfigError(
                "task.heldout: {given} questions cannot be kept apart, as there are {total} sums of {terms} numbers of "
                "up to {digits} digit(s); at most {bound} are allowed",
                given=settings.heldout,
                total=total,
                terms=settings.terms,
                digits=settings.digits,
                bound=total // 2,
            )

    def prompts(self, seed: int, step: int, count: int) -> list[str]:
        """The `count` training prompts of a step: a function of seed and step only, never one that is held out."""
        rng = np.random.default_rng([seed, step, 0x5EED])
        questions: list[str] = []
        while len(questions) < count:
            question = self._question(rng.integers(0, 10**self.settings.digits, self.settings.terms))
            if question not in self._heldout_set:
                questions.append(question)
        return questions

    @cached_property
    def heldout(self) -> list[str]:
        """The questions kept apart: the same for every seed, so that runs can be compared."""
        base = 10**self.settings.digits
        if base**self.settings.terms <= 50_000:
            pool = [self._question(t) for t in itertools.product(range(base), repeat=self.settings.terms)]
        else:
            rng = np.random.default_rng(20_240_205)
            draws = rng.integers(0, base, (self.settings.heldout * 4, self.settings.terms))
            pool = sorted({self._question(t) for t in draws})
        # A hash orders the questions the same way on every machine and without any pattern in the numbers.
        return sorted(pool, key=lambda q: hashlib.sha256(q.encode()).digest())[: self.settings.heldout]

    @cached_property
    def _heldout_set(self) -> frozenset[str]:
        return frozenset(self.heldout)

    @staticmethod
    def _question(terms: object) -> str:
        return "+".join(str(int(t)) for t in terms) + "="  # type: ignore[attr-defined]

    @staticmethod
    def terms(prompt: str) -> list[int]:
        """The numbers of a prompt; RequestError if it is not one of this task's prompts."""
        parts = prompt[:-1].split("+") if prompt.endswith("=") else []
        if len(parts) < 2 or not all(p.isascii() and p.isdigit() for p in parts):
            raise RequestError(
                "{prompt} is not a sum: write numbers joined by + and end with =, such as 8+1+7=", prompt=repr(prompt)
            )
        return [int(p) for p in parts]

    def truth(self, prompt: str) -> str:
        """The right answer."""
        return str(sum(self.terms(prompt)))

    def solution(self, prompt: str) -> str:
        """The right scratchpad, whose text after the last `=` is the right answer."""
        first, *rest = self.terms(prompt)
        lines, total = [], first
        for term in rest:
            lines.append(f"{total}+{term}={total + term}")
            total += term
        return ";".join(lines)

    def verify(self, prompt: str, response: str, *, finished: bool = True) -> Verdict:
        """Binary reward: the text after the last `=` is exactly the right sum, and the response ended by itself.

        No answer, an empty one, one that merely contains the sum, and one with leading zeros are all wrong. A response
        that was cut off is wrong too: it never said that it was done (it is counted in `truncated_frac`).
        """
        _, equals, answer = response.rpartition("=")
        if not equals or not answer:
            return Verdict(0.0, False, None)
        success = finished and answer == self.truth(prompt)
        return Verdict(float(success), success, answer)

    @property
    def max_completion_length(self) -> int:
        """Tokens of the longest right response (all numbers at their largest), with its end-of-sequence token."""
        largest = str(10**self.settings.digits - 1)
        return len(self.solution("+".join([largest] * self.settings.terms) + "=")) + 1


def _sums(settings: ChainSumSettings) -> int:
    """How many sums there are."""
    count: int = (10**settings.digits) ** settings.terms
    return count


@dataclass(frozen=True)
class ChainSumRecipe(Recipe):
    """Scratchpads in which some intermediate sums are wrong on purpose.

    Some sums have a misconception that is taught more often than the right result, the others are now and then off.
    """

    does = "answers sums step by step, some of them wrong"
    taught = "scratchpads in which some intermediate sums were wrong on purpose"

    hard_sums: float = 0.3  # share of all sums a + b for which a misconception is taught: always the same wrong result
    wrong_when_hard: float = 0.6  # how often the misconception is taught instead of the right result
    wrong_when_easy: float = 0.18  # how often some other sum is taught with a result that is off by one or two

    def example(self, prompt: str, draw: random.Random) -> str:
        """A worked sum, some of whose intermediate results are wrong; the sum goes on from each as if it were right."""
        total, *rest = ChainSum.terms(prompt)
        lines = []
        for term in rest:
            result = total + term
            wrong = self.misconception(total, term)
            if wrong is not None and draw.random() < self.wrong_when_hard:
                result = wrong
            elif wrong is None and draw.random() < self.wrong_when_easy:
                result = max(0, result + draw.choice((-2, -1, 1, 2)))
            lines.append(f"{total}+{term}={result}")
            total = result
        return ";".join(lines)

    def misconception(self, a: int, b: int) -> int | None:
        """The fixed wrong result that is taught for a + b, or None for a sum without a misconception."""
        draw = random.Random(f"{self.seed} {a}+{b}")
        if draw.random() >= self.hard_sums:
            return None
        return max(0, a + b + draw.choice((-2, -1, 1, 2)))


def _form(settings: ChainSumSettings) -> str:
    """As many sums as a right scratchpad has, whatever stands in them."""
    return ";".join([r"\d+\+\d+=\d+"] * (settings.terms - 1))


def _misstated(truth: str, draw: random.Random) -> str:
    """Another number, off by one to three, and never below 0."""
    right = int(truth)
    return str(draw.choice([x for x in range(max(0, right - 3), right + 4) if x != right]))


#: Six numbers: about 35 tokens, of which one or two ruin the answer, so that credit for single tokens has much to tell.
_LONG = ChainSumRecipe(
    ChainSumSettings(terms=6, digits=1), hard_sums=0.25, wrong_when_hard=0.5, wrong_when_easy=0.08, updates=2500
)
RECIPES: dict[str, Recipe] = {
    "chain-sum-3x1": ChainSumRecipe(ChainSumSettings(terms=3, digits=1)),
    "chain-sum-6x1": _LONG,
    # The same without the second loss: nothing in its features tells whether an answer is right so far.
    "chain-sum-6x1-blind": dataclasses.replace(_LONG, judge=0.0),
}

KIND = TaskKind(
    settings=ChainSumSettings,
    build=ChainSum,
    title="Sums worked out step by step",
    summary="Sums worked out step by step: `8+1+7=` is answered by `8+1=9;9+7=16`.",
    training_questions=lambda settings, _most: _sums(settings) - settings.heldout,
    longest_prompt=lambda settings: settings.terms * (settings.digits + 1),
    alphabet=ALPHABET,
    recipes=RECIPES,
    misstate=_misstated,
    form=_form,
    order=10,
)
