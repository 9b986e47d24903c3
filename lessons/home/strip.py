"""The question of a run at whose first wrong token the critic's value falls furthest; beside it, one where it rises."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from core.learners.registry import needs_of
from core.learners.settings import LearnerSettings
from core.runs.records import RunInfo
from core.runs.store import RunStore
from core.terms import evaluate
from core.training.terms import data_of, known_values, terms_for
from lessons.kit.lesson.replies import first_unshared


@dataclass(frozen=True)
class Response:
    """One response and what each of its tokens was credited with. Lengths are equal."""

    tokens: tuple[str, ...]
    advantages: tuple[float, ...]
    success: bool
    values: tuple[float, ...] = ()  # the critic's, before each token; none without a critic
    raw: tuple[float, ...] = ()  # the advantages before whitening or division
    bare: tuple[float, ...] = ()  # and those without the KL penalty
    culprit: int | None = None  # the first token that no right response to the question shares

    @property
    def fall(self) -> float:
        """How far the critic's value falls at the culprit (below 0: it rises); NaN where that cannot be said."""
        if self.culprit is None or self.culprit + 1 >= len(self.values):
            return math.nan
        return self.values[self.culprit] - self.values[self.culprit + 1]


@dataclass(frozen=True)
class Contrast:
    """The same question at the same step, answered by several learners."""

    step: int
    prompt: str
    answer: str
    responses: dict[str, tuple[Response, ...]]  # learner → a wrong response, then a right one

    @property
    def fall(self) -> float:
        """Of the learner with a critic; NaN where none has one."""
        return next((x[0].fall for x in self.responses.values() if not math.isnan(x[0].fall)), math.nan)


@dataclass(frozen=True)
class Contrasts:
    """The question where the critic's value falls furthest at the culprit, and the one where it rises furthest."""

    seen: Contrast
    missed: Contrast | None  # None where it rises nowhere


def find_contrasts(store: RunStore, run: RunInfo) -> Contrasts | None:
    """Among questions that every learner answered both rightly and wrongly; some twelve steps are looked through.

    None if there is no such question. This picks the clearest cases, and a page that shows them has to say so.
    """
    all_: list[Contrast] = []
    steps = min((x.step for x in run.learners), default=-1) + 1
    for step in range(0, steps, max(1, steps // 12)):
        tables = {x.name: _responses(store, run, x.name, step) for x in run.learners}
        for group in sorted(set.intersection(*(set(groups) for groups in tables.values()))):
            prompt, answer, _all = next(iter(tables.values()))[group]
            for pick in (max, min):
                chosen = {name: _pick(groups[group][2], pick) for name, groups in tables.items()}
                if all(chosen.values()):
                    all_.append(Contrast(step, prompt, answer, chosen))
    known = [x for x in all_ if not math.isnan(x.fall)]
    if not known:
        return Contrasts(all_[0], None) if all_ else None
    lowest = min(known, key=lambda x: x.fall)
    return Contrasts(max(known, key=lambda x: x.fall), lowest if lowest.fall < 0 else None)


def _pick(responses: Sequence[Response], pick: Callable[..., Response] = max) -> tuple[Response, ...]:
    """The wrong response at whose culprit the critic's value falls furthest (`max`) or least (`min`), then a right one;
    empty if either is missing. Without a critic's values any wrong response serves.
    """
    right = [x for x in responses if x.success]
    wrong = [
        replace(x, culprit=first_unshared(x.tokens, (y.tokens for y in right))) for x in responses if not x.success
    ]
    if not right or not wrong:
        return ()
    known = [x for x in wrong if not math.isnan(x.fall)]
    return (pick(known, key=lambda x: x.fall) if known else wrong[0]), right[0]


def _responses(store: RunStore, run: RunInfo, learner: str, step: int) -> dict[int, tuple[str, str, list[Response]]]:
    """Group number → (prompt, answer, responses of the panel)."""
    tokens, samples = store.tokens(run.id, learner, step), store.samples(run.id, learner, step)
    first = tokens.filter(pc.equal(tokens["pass"], pc.min(tokens["pass"]))).sort_by(
        [("sample", "ascending"), ("position", "ascending")]
    )
    bare = _without_penalty(run.config.learner(learner), samples, tokens)
    pieces: dict[int, list[dict[str, Any]]] = {}
    for row in first.select(["sample", "token", "advantage", "value", "advantage_raw"]).to_pylist():
        pieces.setdefault(row["sample"], []).append(row)
    groups: dict[int, tuple[str, str, list[Response]]] = {}
    for row in samples.to_pylist():
        if own := pieces.get(row["sample"]):
            values = tuple(x["value"] for x in own)
            entry = groups.setdefault(row["group"], (row["prompt"], row["answer"], []))
            entry[2].append(
                Response(
                    tokens=tuple(x["token"] for x in own),
                    advantages=tuple(x["advantage"] for x in own),
                    success=bool(row["success"]),
                    values=() if None in values else values,
                    raw=tuple(x["advantage_raw"] for x in own),
                    bare=bare.get(row["sample"], ()),
                )
            )
    return groups


def _without_penalty(settings: LearnerSettings, samples: pa.Table, tokens: pa.Table) -> dict[int, tuple[float, ...]]:
    """Sample → its raw advantages without the KL penalty in the reward, by the learner's own terms; nothing for a
    learner without a critic.
    """
    if not needs_of(settings).critic:
        return {}
    bare = settings.model_copy(update={"kl_coef": 0.0})
    terms, data = terms_for(bare), data_of(known_values(bare), samples, tokens, {})
    numbers = evaluate(terms, data, recompute=True)["advantage_raw"]
    lengths = data.mask.sum(1).tolist()
    return {
        sample: tuple(float(numbers.at(row, t) or 0.0) for t in range(lengths[row]))
        for row, sample in enumerate(sorted(set(tokens["sample"].to_pylist())))
    }
