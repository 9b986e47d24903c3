"""A stored step as the browser's evaluator of terms takes it: what was measured, from which all credit follows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow.compute as pc

from core.learners.settings import LearnerSettings
from core.runs.view_values import number
from core.terms import Term, Terms
from core.training.terms import data_of, known_values, terms_for
from lessons.kit.lesson import Frozen

#: What models measured of each token when it was written, and what a response came to.
TOKENS = ("logprob_old", "logprob_ref", "value")
RESPONSES = ("group", "reward", "truncated", "value_after")
DIGITS = 9  # a float32 has no more


def terms_with(settings: LearnerSettings, more: Sequence[Term] = ()) -> Terms:
    """The learner's terms, and before them `more`, which sentences need."""
    own = terms_for(settings)
    return Terms((*more, *own.terms), own.names, [x.region for x in own.regions])


def stored(batch: Frozen) -> dict[str, Any]:
    """Every stored response of the step, in the order of their numbers: terms.js' Data, complete in itself."""
    data = data_of(known_values(batch.settings), batch.samples, batch.tokens, {})
    lengths = data.mask.sum(1).tolist()
    return {
        "settings": dict(data.settings),
        "step": {},
        "whole": True,
        "lengths": lengths,
        "responses": {x: [_cell(y) for y in data.responses[x]] for x in RESPONSES},
        "tokens": {x: _rows(data.tokens[x], lengths) for x in TOKENS if not np.isnan(data.tokens[x]).all()},
        "holes": None if data.holes is None else [x[:n].tolist() for x, n in zip(data.holes, lengths, strict=True)],
    }


def rows_of(batch: Frozen) -> list[int]:
    """The responses' numbers in the order in which `stored` has them."""
    return sorted(pc.unique(batch.tokens["sample"]).to_pylist())


def taken(batch: Frozen) -> list[list[Any]] | None:
    """Each stored token's ratio where the step's last pass took its gradient; None in a step that took none.

    Runs of the trace's version 1 have the ratio of the state before that pass, which with one mini-batch is the same.
    """
    if not batch.gradients:
        return None
    at = batch.gradients[-1]
    replies = {x.sample: x for group in batch.groups for x in group.replies}
    name = "ratio_update" if "ratio_update" in batch.tokens.column_names else "ratio"
    pairs = ((replies[x].column(name, at), replies[x].column("ratio", at)) for x in rows_of(batch))
    return [[_cell(b if a is None else a) for a, b in zip(own, state, strict=True)] for own, state in pairs]


def _rows(values: Any, lengths: Sequence[int]) -> list[list[Any]]:
    return [[_cell(x) for x in row[:n]] for row, n in zip(values, lengths, strict=True)]


def _cell(x: Any) -> Any:
    return None if x is None or x != x else number(float(x), DIGITS)
