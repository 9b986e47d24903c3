"""A judge that is a machine: it labels pairs of responses by a hidden taste, and errs as often as it is told to.

The taste is the gold reward of a study of over-optimisation: known to who measures, never to who learns.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

from core.errors import RequestError
from core.rewards.preferences import Preference

#: (prompt, response) → how much it is liked: a pure function of both texts.
TasteFunction = Callable[[str, str], float]


def judge(
    pairs: Iterable[tuple[str, str, str]],
    taste: TasteFunction,
    *,
    noise: float = 0.0,
    seed: int = 0,
    weight: int = 1,
    source: str = "judge",
) -> tuple[Preference, ...]:
    """Labels of (prompt, response, other response): the one that the taste likes better, with probability `noise` the
    other one. Pairs that it likes alike, or of equal texts, get no label. The same seed gives the same labels.

    Each pair draws its numbers whether or not it needs them, so a label does not depend on the pairs before it being
    decidable. Raises RequestError where `noise` is no probability.
    """
    if not 0 <= noise <= 1:
        raise RequestError("noise is a probability, from 0 to 1, not {given}", given=noise)
    chance, labels = random.Random(seed), list[Preference]()
    for prompt, a, b in pairs:
        errs = chance.random() < noise
        first, second = taste(prompt, a), taste(prompt, b)
        if a == b or first == second:
            continue
        better = (first > second) != errs
        preferred = "a" if better else "b"
        labels.append(Preference(prompt=prompt, a=a, b=b, preferred=preferred, weight=weight, source=source))
    return tuple(labels)
