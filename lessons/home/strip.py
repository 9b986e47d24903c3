"""The question of a run in which a learner's credit singles out the first wrong token most clearly."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pyarrow.compute as pc

from core.runs.records import RunInfo
from core.runs.store import RunStore


@dataclass(frozen=True)
class Response:
    """One response and what each of its tokens was credited with. Lengths are equal."""

    tokens: tuple[str, ...]
    advantages: tuple[float, ...]
    success: bool
    culprit: int | None = None  # the first token that no right response to the question shares

    @property
    def sharpness(self) -> float:
        """How much worse the culprit's credit is than the mean after it; −∞ where that cannot be said."""
        if self.culprit is None or self.culprit >= len(self.tokens) - 1:
            return -math.inf
        return statistics.fmean(self.advantages[self.culprit + 1 :]) - self.advantages[self.culprit]


@dataclass(frozen=True)
class Contrast:
    """The same question at the same step, answered by several learners."""

    step: int
    prompt: str
    answer: str
    responses: dict[str, tuple[Response, ...]]  # learner → a wrong response, then a right one


def find_contrast(store: RunStore, run: RunInfo) -> Contrast | None:
    """The question of the run in which a learner's credit singles out the first wrong token most clearly.

    Only questions count that every learner answered both rightly and wrongly; some twelve steps of the run are looked
    through. None if there is no such question. This picks the clearest case, and a page that shows it has to say so.
    """
    best: tuple[float, Contrast] | None = None
    steps = min((x.step for x in run.learners), default=-1) + 1
    for step in range(0, steps, max(1, steps // 12)):
        tables = {x.name: _responses(store, run.id, x.name, step) for x in run.learners}
        shared = set.intersection(*(set(groups) for groups in tables.values()))
        for group in sorted(shared):
            chosen = {name: _pick(groups[group][2]) for name, groups in tables.items()}
            if all(chosen.values()):
                sharpness = max(x[0].sharpness for x in chosen.values())
                if best is None or sharpness > best[0]:
                    prompt, answer, _all = next(iter(tables.values()))[group]
                    best = sharpness, Contrast(step, prompt, answer, chosen)
    return best[1] if best else None


def _pick(responses: Sequence[Response]) -> tuple[Response, ...]:
    """The wrong response whose credit is sharpest, then a right one; empty if either is missing."""
    right = [x for x in responses if x.success]
    wrong = [replace(x, culprit=_culprit(x, right)) for x in responses if not x.success]
    return (max(wrong, key=lambda x: x.sharpness), right[0]) if wrong and right else ()


def _culprit(response: Response, right: Sequence[Response]) -> int | None:
    for position in range(len(response.tokens)):
        if all(x.tokens[: position + 1] != response.tokens[: position + 1] for x in right):
            return position
    return None


def _responses(store: RunStore, run_id: str, learner: str, step: int) -> dict[int, tuple[str, str, list[Response]]]:
    """Group number → (prompt, answer, responses of the panel)."""
    tokens = store.tokens(run_id, learner, step)
    first = tokens.filter(pc.equal(tokens["pass"], pc.min(tokens["pass"]))).sort_by(
        [("sample", "ascending"), ("position", "ascending")]
    )
    pieces: dict[int, list[tuple[str, float]]] = {}
    for row in first.select(["sample", "token", "advantage"]).to_pylist():
        pieces.setdefault(row["sample"], []).append((row["token"], row["advantage"]))
    groups: dict[int, tuple[str, str, list[Response]]] = {}
    for row in store.samples(run_id, learner, step).to_pylist():
        if own := pieces.get(row["sample"]):
            texts, advantages = zip(*own, strict=True)
            entry = groups.setdefault(row["group"], (row["prompt"], row["answer"], []))
            entry[2].append(Response(texts, advantages, bool(row["success"])))
    return groups
