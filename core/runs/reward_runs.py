"""What a run that trains a reward model has shown so far, read from the store: for pages, also while it goes on.

Nothing heavy is imported up here: torch comes in with `calibration` alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from core.learners.registry import trains_policy
from core.runs.event_values import LEFT
from core.runs.records import RunInfo

if TYPE_CHECKING:
    from core.algorithms.preferences import Bin
    from core.runs.store import RunStore


@dataclass(frozen=True)
class RewardPoint:
    """One update. What was not measured is None."""

    step: int  # counts from 0: all its numbers are from before the update
    pairs_seen: int  # with this step's own; each as often as it was learnt from
    loss: float | None  # of the step's own pairs
    accuracy: float | None
    heldout_loss: float | None
    heldout_accuracy: float | None


@dataclass(frozen=True)
class ShownResponse:
    """A labelled response of a shown pair, token by token, with the score of each of its prefixes."""

    pair: int
    prompt: str
    response: str
    tokens: tuple[str, ...]  # with the end-of-sequence token
    rewards: tuple[float, ...]  # after the prompt, and after each token: one more; the last is the response's
    preferred: bool
    heldout: bool


@dataclass(frozen=True)
class LeftModel:
    """A reward model that a run has left for other runs: their learners name it as `reward_model`."""

    name: str
    preferences: int
    heldout_accuracy: float | None  # None where no label was held out
    heldout_loss: float | None


def learner_of(run: RunInfo) -> str | None:
    """The first learner of a run that trains a reward model; None where none does."""
    return next((x.name for x in run.config.learners if not trains_policy(x)), None)


def curve(store: RunStore, run_id: str, learner: str | None = None) -> tuple[RewardPoint, ...]:
    """Its steps so far, in order. Raises RunNotFound, RunUnreadable."""
    name = learner or learner_of(store.get(run_id))
    rows = [x for x in store.rows_since(run_id, 0)[0] if x["learner"] == name]
    return tuple(
        RewardPoint(
            row["step"],
            int(row["samples_seen"] or 0) // 2,
            row["pair_loss"],
            row["pair_accuracy"],
            row["heldout_pair_loss"],
            row["heldout_pair_accuracy"],
        )
        for row in sorted(rows, key=lambda x: x["step"])
    )


def calibration(store: RunStore, run_id: str, step: int | None = None, learner: str | None = None) -> tuple[Bin, ...]:
    """How sure the model is of held-out labels against how often it is right, at an evaluation (None: the newest).

    () before the first, or where nothing is held out.
    """
    name = learner or learner_of(store.get(run_id))
    measured = [x.step for x in curve(store, run_id, name) if x.heldout_loss is not None]
    at = step if step is not None else max(measured, default=None)
    if name is None or at not in measured:
        return ()
    import torch

    from core.algorithms.preferences import calibration as bins

    pairs = _pairs(store.samples(run_id, name, at))
    held = [x for x in pairs if x["heldout"]]
    chosen, rejected, weight = (
        torch.tensor([x[y] for x in held], dtype=torch.float64) for y in ("chosen", "rejected", "weight")
    )
    return bins(chosen, rejected, weight)


def prefixes(
    store: RunStore, run_id: str, step: int | None = None, learner: str | None = None
) -> tuple[ShownResponse, ...]:
    """The shown responses with the score of each prefix at a step (None: the newest); () before the first.

    Of an imported run, those alone whose scores are all there.
    """
    info = store.get(run_id)
    name = learner or learner_of(info)
    made = next((x.step for x in info.learners if x.name == name), -1)
    at = made if step is None else step
    if name is None or at < 0:
        return ()
    tokens = store.tokens(run_id, name, at).sort_by([("sample", "ascending"), ("position", "ascending")])
    if not {"score_before", "score_after"} <= set(tokens.column_names):
        return ()
    rows = {x["sample"]: x for x in store.samples(run_id, name, at).to_pylist()}
    shown = []
    for sample in sorted(set(tokens["sample"].to_pylist())):
        own, row = tokens.filter(pc.equal(tokens["sample"], sample)), rows[sample]
        scores = (*own["score_before"].to_pylist()[:1], *own["score_after"].to_pylist())
        if not all(map(_is_finite, scores)):
            continue
        words = tuple(own["token"].to_pylist())
        about = row["group"], row["prompt"], row["response"]
        shown.append(ShownResponse(*about, words, scores, row["reward"] == 1, bool(row.get("heldout"))))
    return tuple(shown)


def kept(store: RunStore, run_id: str) -> LeftModel | None:
    """The newest reward model that the run has left; None where it has left none."""
    values = [x["value"] for x in store.events(run_id) if x["kind"] == LEFT]
    if not values:
        return None
    return LeftModel(*(values[-1].get(x) for x in ("name", "preferences", "heldout_accuracy", "heldout_loss")))


def _pairs(samples: pa.Table) -> list[dict[str, Any]]:
    """A step's labelled pairs: {"chosen", "rejected" (scores), "weight", "heldout"}.

    Of an imported run, those alone of which all of that is known.
    """
    pairs: dict[int, dict[str, Any]] = {}
    if not {"weight", "heldout"} <= set(samples.column_names):
        return []
    for row in samples.select(["group", "reward", "score", "weight", "heldout"]).to_pylist():
        own = pairs.setdefault(row["group"], {"weight": row["weight"], "heldout": row["heldout"]})
        own["chosen" if row["reward"] == 1 else "rejected"] = row["score"]
    numbers = ("chosen", "rejected", "weight")
    return [
        x
        for x in pairs.values()
        if x["heldout"] is not None and all(_is_finite(x.get(y)) for y in numbers) and x["weight"] > 0
    ]


def _is_finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)
