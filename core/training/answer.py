"""An answer to a held-out question, and how a run's event "evaluation" holds it. Needs nothing that is slow to load."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from core.rewards.verdict import PARTS


@dataclass(frozen=True)
class Answer:
    """One response to one question."""

    text: str
    answer: str | None  # what was read out of it
    success: bool
    length: int  # tokens, with the end-of-sequence token
    finished: bool
    parts: Mapping[str, float] = field(default_factory=dict)  # what its verdict was made of; no event keeps them

    @property
    def readable(self) -> bool:
        """Whether there is an answer to judge: one was found, and the response ended by itself.

        A response that was cut off counts as wrong, whatever stands in it, so it fails by its form and not its maths.
        """
        return self.finished and self.answer is not None

    @property
    def row(self) -> list[Any]:
        """The answer as an event holds it."""
        return [self.text, self.answer, self.success, self.length, self.finished]

    @classmethod
    def of(cls, row: Sequence[Any]) -> Answer:
        """From an event's row; TypeError or ValueError where it is none."""
        text, answer, success, length, finished = row
        return cls(str(text), None if answer is None else str(answer), bool(success), int(length), bool(finished))


def share(answers: Sequence[Sequence[Answer]]) -> float:
    """Share of right ones among all answers, a list of them per question."""
    return sum(x.success for each in answers for x in each) / sum(len(each) for each in answers)


def mean_parts(parts: Iterable[Mapping[str, float]], prefix: str = "") -> dict[str, float | None]:
    """The mean of each of PARTS over verdicts, by `prefix` and its name; None where not all of them have it."""
    each = list(parts)
    there = [name for name in PARTS if each and all(name in x for x in each)]
    return {f"{prefix}{name}": fmean(x[name] for x in each) if name in there else None for name in PARTS}


def rates(value: dict[str, Any]) -> dict[str, float]:
    """{"sampled", "greedy"}: the shares of right answers in an event "evaluation"."""
    sampled = [[Answer.of(row) for row in rows] for rows in value["sampled"]]
    return {"sampled": share(sampled), "greedy": share([[Answer.of(row)] for row in value["greedy"]])}
