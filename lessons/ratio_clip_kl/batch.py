"""The tokens of a frozen batch as the lesson on ratio and clip looks at them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from core.runs.store import RunStore
from lessons import shared
from lessons.kit.lesson import Frozen, Reply, at_step, engine

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


def passes(batch: Frozen) -> int:
    """How often the step went over its rollout."""
    return len(batch.groups[0].replies[0].passes) - 1


def outcome(batch: Frozen, number: int, limits: Limits) -> Outcome:
    """Every token of the panel after `number` passes, judged under these limits."""
    engine()
    from core.insight.clip_cases import evaluate_pass

    return evaluate_pass(batch.tokens, number, limits)


def replies(batch: Frozen) -> list[Reply]:
    """The panel's responses in the order of an Outcome."""
    return sorted((reply for group in batch.groups for reply in group.replies), key=lambda x: x.sample)


def spots(batch: Frozen) -> Iterator[Spot]:
    """The tokens in the order of an Outcome."""
    index = 0
    for reply in replies(batch):
        for at in range(len(reply.tokens)):
            yield Spot(reply, at, index)
            index += 1


def find(batch: Frozen, at_pass: Outcome, case: Case) -> Spot | None:
    """The token of this case whose ratio lies furthest out; None where the batch has none."""
    from core.insight.clip_cases import CASES

    number = CASES.index(case)
    mine = [i for i, x in enumerate(at_pass.case.tolist()) if x == number]
    if not mine:
        return None
    ratio = at_pass.ratio.tolist()
    furthest = max(mine, key=lambda i: abs(ratio[i] - 1))
    return next(x for x in spots(batch) if x.index == furthest)


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
    best: list[tuple[int, int, int]] = []
    for step in range(min(last, LOOKED_AT) + 1):
        tokens = _runs.tokens(run_id, learner, step)
        if not tokens.num_rows:
            continue
        after = evaluate_pass(tokens, max(tokens["pass"].to_pylist()), limits)
        counts = [after.count(case) for case in CASES]
        best.append((sum(x > 0 for x in counts), sum(counts), -step))
    return -max(best)[2] if best else 0
