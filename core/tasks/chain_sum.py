"""Sums worked out step by step: `8+1+7=` → `8+1=9;9+7=16`.

A wrong intermediate sum is what ruins a response, so credit has a true place: the token where the first sum goes wrong.
"""

from __future__ import annotations

import hashlib
import itertools
from functools import cached_property

import numpy as np

from core.errors import ConfigError
from core.tasks.base import Verdict
from core.tasks.settings import ChainSumSettings

#: Every character that a prompt or a right answer may hold.
ALPHABET = "0123456789+=;"


class ChainSum:
    """The task: prompts by seed and step, a held-out set disjoint from them, and the verifiable reward."""

    def __init__(self, settings: ChainSumSettings) -> None:
        self.settings = settings
        total = (10**settings.digits) ** settings.terms
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
        found: list[str] = []
        while len(found) < count:
            question = self._question(rng.integers(0, 10**self.settings.digits, self.settings.terms))
            if question not in self._heldout_set:
                found.append(question)
        return found

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
        """The numbers of a prompt; ValueError with a sentence if it is not one of this task's prompts."""
        parts = prompt[:-1].split("+") if prompt.endswith("=") else []
        if len(parts) < 2 or not all(p.isascii() and p.isdigit() for p in parts):
            raise ValueError(f"{prompt!r} is not a sum: write numbers joined by + and end with =, such as 8+1+7=")
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
