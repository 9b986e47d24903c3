"""The tokens of a frozen batch as the lesson on ratio and clip looks at them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from core.runs.store import RunStore
from lessons import shared
from lessons.kit.lesson import Frozen, Reply, at_step, engine
from lessons.kit.ties import highest

if TYPE_CHECKING:
    from core.insight.clip_cases import Case, Limits, Outcome

#: Among how many of a run's first steps the default one is looked for.
LOOKED_AT = 24


@dataclass(frozen=True)
class Spot:
    """One real token: of which response, at which place, and where it stands in an Outcome."""

    reply: Reply
    at: int
    index: int


def trained_limits(batch: Frozen) -> Limits:
    """The limits that the run itself had at this step."""
    engine()
    from core.insight.clip_cases import Limits

    return Limits(batch.settings.epsilon, batch.settings.clip_high, batch.settings.dual_clip)


def looked_at(batch: Frozen) -> int:
    """The pass whose tokens the four cases are shown on: the last one at which a gradient was taken.

    Where every gradient was taken at ratio 1 (one pass in one mini-batch), there are no cases to see; then it is the
    state after the last pass, which a further pass would have found.
    """
    return batch.passes if never_left_1(batch) else batch.gradients[-1]


def never_left_1(batch: Frozen) -> bool:
    """Whether every gradient of the step was taken at ratio 1, or none at all: the clip had nothing to do."""
    return len(batch.gradients) == 0 or (len(batch.gradients) == 1 and batch.settings.num_mini_batches == 1)


def outcome(batch: Frozen, number: int, limits: Limits, *, taken: bool = True) -> Outcome:
    """Every token of the panel after `number` passes, judged under these limits.

    With `taken`, at the ratios at which the next pass took its gradients, where one followed.
    """
    engine()
    from core.insight.clip_cases import evaluate_pass

    return evaluate_pass(batch.tokens, number, limits, taken=taken)


def spots(batch: Frozen) -> Iterator[Spot]:
    """The tokens in the order of an Outcome."""
    index = 0
    for reply in batch.replies:
        for at in range(len(reply.tokens)):
            yield Spot(reply, at, index)
            index += 1


def find(batch: Frozen, at_pass: Outcome, case: Case) -> Spot | None:
    """The token of this case whose ratio lies furthest out; None where the batch has none."""
    out = furthest(at_pass, case)
    return next(x for x in spots(batch) if x.index == out[0]) if out else None


def furthest(at_pass: Outcome, case: Case) -> list[int]:
    """Which tokens of this case have the ratio furthest out, as numbered in the outcome; several where they tie."""
    from core.insight.clip_cases import CASES

    number = CASES.index(case)
    mine = [i for i, x in enumerate(at_pass.case.tolist()) if x == number]
    ratio = at_pass.ratio.tolist()
    return [mine[place] for place in highest([abs(ratio[i] - 1) for i in mine])]


def most_cases(batch: Frozen) -> Frozen:
    """The batch itself if the link names its step; else the early step with most of the four cases in it."""
    if st.query_params.get("step"):
        return batch
    learner = next(x for x in batch.run.learners if x.name == batch.learner)
    return at_step(batch, _step(batch.run.id, batch.learner, learner.step, learner.updated, shared.store()))


@st.cache_data(show_spinner=False, max_entries=64)
def _step(run_id: str, learner: str, last: int, made: float, _runs: RunStore) -> int:
    engine()
    from core.insight.clip_cases import CASES, Limits, evaluate_pass

    settings = _runs.get(run_id).config.learner(learner)
    limits = Limits(settings.epsilon, settings.clip_high, settings.dual_clip)
    moved = settings.num_iterations > 1 or settings.num_mini_batches > 1  # a gradient is taken at other ratios than 1
    best: list[tuple[int, int, int]] = []
    for step in range(min(last, LOOKED_AT) + 1):
        tokens = _runs.tokens(run_id, learner, step)
        if not tokens.num_rows:
            continue
        after = evaluate_pass(tokens, max(tokens["pass"].to_pylist()) - moved, limits)
        counts = [after.count(case) for case in CASES]
        best.append((sum(x > 0 for x in counts), sum(counts), -step))
    return -max(best)[2] if best else 0
