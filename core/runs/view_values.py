"""What every view is made of: numbers as JSON carries them, a step's tokens in order, where their cuts were taken."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from core.learners.registry import without
from core.runs.migrations.traces import cuts_of_states
from core.tasks.kinds.imported import ImportedSettings

if TYPE_CHECKING:
    from core.runs.store import RunInfo


def number(value: Any, digits: int = 6) -> Any:
    """Rounded to significant digits. None stays None; NaN and infinities become words, which JSON can carry."""
    if not isinstance(value, float):
        return value
    if math.isfinite(value):
        return float(f"{value:.{digits}g}")
    return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"


def numbers(column: pa.ChunkedArray, digits: int) -> list[Any]:
    """A column's values; `digits` as in `number`."""
    return [number(value, digits) for value in column.to_pylist()]


def in_order(tokens: pa.Table) -> pa.Table:
    """Pass by pass, response by response, position by position."""
    return tokens.sort_by([("pass", "ascending"), ("sample", "ascending"), ("position", "ascending")])


def passes_of(tokens: pa.Table) -> list[pa.Table]:
    """A table a pass; of no tokens one table without rows."""
    passes = sorted(set(tokens["pass"].to_pylist()))
    return [tokens.filter(pc.equal(tokens["pass"], each)) for each in passes] or [tokens]


def cut_at(run: RunInfo, learner: str, tokens: pa.Table) -> Literal["update", "state", "never"] | None:
    """Where `clipped` of a step's tokens was measured.

    "update": where gradients were taken. "state": at each pass, also where none was taken; so did an older version of
    the app. "never": the policy took no gradient in this step (its critic warms up). None: it was not recorded.
    """
    if cuts_of_states(tokens):
        return "state"
    if tokens["clipped"].null_count < tokens.num_rows:
        return "update"
    elsewhere = isinstance(run.config.task, ImportedSettings) or "clipped" in without(run.config.learner(learner))
    return None if elsewhere or not tokens.num_rows else "never"
