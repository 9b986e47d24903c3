"""A learner's terms over the trace's columns, and a stored step as the data that they are evaluated on."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.learners.registry import learner_kind, regions_of, terms_of
from core.learners.settings import LearnerSettings
from core.terms import Data, Names, Terms
from core.training.trace import SAMPLES, TOKENS

#: Columns with numbers that terms may speak of; the others are names, texts and places.
_PER_RESPONSE = ("group", "reward", "success", "truncated", "score", "value_after")
_NO_NUMBERS = {
    *("learner", "step", "pass", "sample", "position", "token_id", "token", "clipped", "written"),
    "ratio_update",  # the ratio of another moment than the row's other numbers
}


@functools.lru_cache(maxsize=512)
def terms_for(settings: LearnerSettings) -> Terms:
    """The learner's terms and regions, checked against the trace's columns. Raises TermError where one cannot be."""
    own = learner_kind(settings)
    tokens = [x for x in TOKENS.names if x not in _NO_NUMBERS] + [x.name for x in own.columns]
    columns = {*_PER_RESPONSE, *tokens}
    fields = type(settings).model_fields
    known = {*fields, "clip_high"} - columns
    texts = {name for name in known & fields.keys() if not _is_number(fields[name].annotation)}
    return Terms(terms_of(settings), Names(known, _PER_RESPONSE, tokens, texts), regions_of(settings))


def _is_number(annotation: Any) -> bool:
    """Whether a setting of this type is always a number, a truth or nothing."""
    options = get_args(annotation) or (annotation,)
    if get_origin(annotation) is Literal:
        return all(isinstance(x, int | float) for x in options)
    return all(x in (int, float, bool, type(None)) or (get_origin(x) is Literal and _is_number(x)) for x in options)


def known_values(settings: LearnerSettings, unknown: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The settings' values by name, and `clip_high`; None for those that an imported run did not record.

    One that chooses a term's form, and is known to be none, has the text "none".
    """
    values = {name: None if name in unknown else getattr(settings, name) for name in type(settings).model_fields}
    chosen = {name for term in terms_of(settings) for name in term.given} - unknown
    values |= {name: "none" for name in chosen if values[name] is None}
    return {**values, "clip_high": None if values.get("epsilon") is None else settings.clip_high}


def data_of(
    values: Mapping[str, Any], samples: pa.Table, tokens: pa.Table, step: Mapping[str, Any], number: int = 0
) -> Data:
    """One learner's stored step at pass `number`.

    `values` are the settings' (see `known_values`), `samples` and `tokens` its SAMPLES and TOKENS, `step` its row of
    STEPS. Only responses whose tokens are there count, unless none are; the step is whole where all of them are.
    """
    own = tokens.filter(pc.equal(tokens["pass"], number))
    kept = np.array(samples["sample"].to_pylist(), dtype=int)
    if own.num_rows:
        kept = np.unique(own["sample"].to_numpy())
    whole = len(kept) == samples.num_rows and samples.num_rows > 0
    rows = samples.filter(pc.is_in(samples["sample"], pa.array(kept, pa.int32()))).sort_by("sample")
    own = own.sort_by([("sample", "ascending"), ("position", "ascending")])
    place = own["position"].to_numpy().astype(int)
    row = np.searchsorted(kept, own["sample"].to_numpy())
    mask = np.zeros((len(kept), int(place.max()) + 1 if len(place) else 0), dtype=bool)
    mask[row, place] = True
    written = _numbers(own, "written")
    holes = np.zeros(mask.shape, dtype=bool)
    holes[row, place] = written == 0

    def spread(name: str) -> np.ndarray:
        spread_out = np.full(mask.shape, np.nan)
        spread_out[row, place] = _numbers(own, name)
        return spread_out

    number_columns = [x.name for x in own.schema if x.name not in _NO_NUMBERS]
    return Data(
        settings=values,
        mask=mask,
        responses={name: _numbers(rows, name) for name in _PER_RESPONSE},
        tokens={name: spread(name) for name in number_columns},
        holes=holes if holes.any() else None,
        step={name: step.get(name) for name in ("advantage_mean", "advantage_std", "score_std")},
        whole=whole,
    )


def _numbers(table: pa.Table, name: str) -> np.ndarray:
    """A column as float64; NaN where it is null or not there."""
    if name not in table.column_names:
        return np.full(table.num_rows, np.nan)
    return np.array([np.nan if x is None else float(x) for x in table[name].to_pylist()], dtype=float)


assert set(_PER_RESPONSE) <= set(SAMPLES.names)
