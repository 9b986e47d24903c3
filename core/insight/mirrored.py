"""Held-out additions whose mirror image was trained on: 3 + 5 is kept apart, 5 + 3 is not.

No question that was trained on is asked again, but whoever learnt that 5 + 3 is 8 has little left to learn for 3 + 5.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.config import RunConfig
from core.curation import task_of
from core.errors import ConfigError

#: Two whole numbers with a plus between them, and no other term beside them.
_ADDITION = re.compile(r"(?<![\d+\-*/.] )(?<![\d+\-*/.])(\d+) ?\+ ?(\d+)(?!\d|\.\d| ?[+\-*/])")
#: More training questions are not drawn again for a page.
MOST = 20_000


@dataclass(frozen=True)
class Mirrored:
    """Places of the held-out questions that are additions of two terms, and of those trained on the other way round."""

    additions: tuple[int, ...]
    mirrored: tuple[int, ...]


def mirrored(heldout: Sequence[str], trained: Iterable[str]) -> Mirrored:
    """a + b among the held-out ones where b + a, a different question, was trained on."""
    seen = {x for x in map(_terms, trained) if x is not None}
    additions = [(i, x) for i, x in enumerate(map(_terms, heldout)) if x is not None]
    return Mirrored(
        tuple(i for i, _pair in additions),
        tuple(i for i, (a, b) in additions if a != b and (b, a) in seen),
    )


def trained_on(config: RunConfig, learner: str, steps: int) -> list[str] | None:
    """The questions of a learner's first steps, drawn again: a function of seed and step. None where they are too many,
    or the task cannot be made here."""
    count = config.prompts_of(config.learner(learner))
    if steps * count > MOST:
        return None
    try:
        task = task_of(config)
        return [x for step in range(steps) for x in task.prompts(config.seed, step, count)]
    except (ConfigError, ValueError):
        return None


def _terms(question: str) -> tuple[int, int] | None:
    sums = _ADDITION.findall(question)
    return (int(sums[0][0]), int(sums[0][1])) if len(sums) == 1 else None
