"""The step and prompt at which the board of a run that is over opens: one that shows what the run is about.

The last step of a run that learnt shows little: every answer is right, a group's credit is 0. Instructive is a prompt
that every learner answered both rightly and wrongly, at a step where the learners' credits can be told apart by sight.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from core.runs.records import RunInfo
    from core.runs.store import RunStore

#: How far apart, of the whole range of colours, credits have to be on average to differ by sight.
VISIBLE = 0.1
#: Steps whose tokens are read: those that by their success rates are the most mixed.
MOST_STEPS = 12
_QUANTILES = np.linspace(0, 1, 101)


#: Step → learner → the success rate of the step's responses; None where nobody judged them.
Rates = Mapping[int, Mapping[str, float | None]]
#: Advantages of the tokens of a learner's right, and of its wrong responses.
Credits = dict[bool, np.ndarray]


@dataclass(frozen=True, slots=True)
class Opening:
    """The step (counted from 0) and the prompt's number in it."""

    step: int
    group: int


@dataclass(frozen=True, slots=True)
class GroupShown:
    """What one learner's responses to one prompt show."""

    right: float  # share of right responses
    credits: Credits
    cut: bool  # whether a pass cut a gradient of one of these tokens
    different: int  # how many of the responses differ


def opening(store: RunStore, run: RunInfo, rates: Rates) -> Opening | None:
    """The step and prompt to open a run at; None where nothing tells its learners apart, or there is one learner alone.

    Of the prompts that each learner answered both rightly and wrongly, one where the credits differ most, a clip shows
    and few responses have to be read. Reads the tokens of at most MOST_STEPS steps.
    """
    names = [x.name for x in run.learners]
    if len(names) < 2:
        return None
    best: tuple[float, Opening] | None = None
    for step in most_mixed(rates, names):
        for group, shown in groups_of(store, run, step).items():
            if len(shown) == len(names) and (score := instructive(shown)) > (best[0] if best else 0):
                best = score, Opening(step, group)
    return best[1] if best else None


def most_mixed(rates: Rates, names: list[str]) -> list[int]:
    """The steps that all learners made, the MOST_STEPS with the most even success rates, the most even first."""
    even = {}
    for step, own in rates.items():
        known = [x for x in own.values() if x is not None and math.isfinite(x)]
        if set(own) == set(names) and len(known) == len(names):
            even[step] = min(map(_evenness, known))
    return sorted((step for step in even if even[step] > 0), key=lambda x: (-even[x], x))[:MOST_STEPS]


def groups_of(store: RunStore, run: RunInfo, step: int) -> dict[int, dict[str, GroupShown]]:
    """What each learner's kept responses to a prompt show, by prompt."""
    groups: dict[int, dict[str, GroupShown]] = {}
    for learner in run.learners:
        samples = {x["sample"]: x for x in store.samples(run.id, learner.name, step).to_pylist()}
        tokens = store.tokens(run.id, learner.name, step)
        for group, shown in _shown(samples, tokens):
            groups.setdefault(group, {})[learner.name] = shown
    return groups


def _shown(samples: Mapping[int, dict[str, Any]], tokens: pa.Table) -> Iterator[tuple[int, GroupShown]]:
    sample, number = tokens["sample"].to_numpy(), tokens["pass"].to_numpy()
    advantage = tokens["advantage"].to_numpy().astype(float)  # null becomes not a number
    cuts = np.nan_to_num(tokens["clipped"].to_numpy().astype(float)) != 0
    panel = set(np.unique(sample).tolist()) & set(samples)
    for group in sorted({samples[x]["group"] for x in panel}):
        verdicts = {x: samples[x]["success"] for x in panel if samples[x]["group"] == group}
        if None in verdicts.values():
            continue
        own = {v: np.isin(sample, [x for x, verdict in verdicts.items() if verdict is v]) for v in (True, False)}
        credits = {verdict: advantage[mine & (number == 0)] for verdict, mine in own.items()}
        if not all(np.isfinite(x).all() for x in credits.values()):
            continue
        cut = bool(cuts[own[True] | own[False]].any())
        different = len({samples[x]["response"] for x in verdicts})
        yield group, GroupShown(sum(verdicts.values()) / len(verdicts), credits, cut, different)


def instructive(shown: Mapping[str, GroupShown]) -> float:
    """How much a prompt shows; 0 where a learner answered all rightly or all wrongly, or no credits differ by sight.

    Evenness of the verdicts times the difference of the credits; less where no clip shows, and where many different
    responses have to be read.
    """
    evenness = min(_evenness(x.right) for x in shown.values())
    apart = max((difference(a.credits, b.credits) for a, b in itertools.combinations(shown.values(), 2)), default=0.0)
    if evenness == 0 or apart < VISIBLE:
        return 0.0
    clip = 1.0 if all(x.cut for x in shown.values()) else 0.8 if any(x.cut for x in shown.values()) else 0.6
    to_read = max(x.different for x in shown.values())
    return evenness * apart * clip * min(1.0, 3 / to_read)


def difference(one: Credits, other: Credits) -> float:
    """How far apart two learners' credits are, of 1: the mean distance of quantiles, on the scale that both share.

    Right responses are compared with right ones and wrong with wrong ones, so that it does not count who was right more
    often. The strips colour both learners by one scale as wide as the largest credit: by so much do the colours differ.
    """
    widest = max((float(np.abs(x).max()) for own in (one, other) for x in own.values() if x.size), default=0.0)
    both = [verdict for verdict in (True, False) if one[verdict].size and other[verdict].size]
    if widest == 0 or not both:
        return 0.0
    apart = [np.abs(np.quantile(one[x], _QUANTILES) - np.quantile(other[x], _QUANTILES)).mean() for x in both]
    return float(np.mean(apart)) / widest


def _evenness(rate: float) -> float:
    """1 at a rate of one half, 0 at none and at all."""
    return 4 * rate * (1 - rate)
