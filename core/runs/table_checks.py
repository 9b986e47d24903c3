"""What the tables of a step must be, beyond their columns' types: what is imported, and what the store hands out.

Pages rely on it: a token has its response, a response's tokens are numbered from 0 without a gap, a share is a share.
Numbers that are not finite may stand in a trace (a run that diverged has some); pages write them as words.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import Refusal
from core.rewards.verdict import PARTS
from core.runs.migrations.traces import is_number
from core.training.trace import HELDOUT_PARTS, STEPS, TOKENS

#: No run has as many; a page that counts up to them stays usable.
MOST_STEPS, MOST_RESPONSES, MOST_PASSES, MOST_POSITIONS = 100_000, 500_000, 1_000, 1_000_000
#: A longer text is broken or hostile; pages could not show it.
MOST_CHARACTERS = 200_000

_SHARES = (
    *("success_rate", "heldout_success", "frac_reward_zero_std", "clip_ratio_low", "clip_ratio_high"),
    *("truncated_frac", "pair_accuracy", "heldout_pair_accuracy"),
    *(*PARTS, *HELDOUT_PARTS),
)
#: Columns of TOKENS that every run made here has, but for a learner that says it is without.
_OF_ANY_RUN = ("token_id", "logprob_old", "logprob", "ratio", "advantage")
_NOT_BELOW_0 = (
    *("samples_seen", "responses_trained", "wall_time_s", "completion_length", "step_time_s", "rollout_time_s"),
    *("update_time_s", "value_check_scored", "policy_distance", "value_distance"),
)


class RowsError(Refusal, ValueError):
    """Rows that no run has. The message is a clause."""


def check_step(samples: pa.Table, tokens: pa.Table) -> None:
    """SAMPLES and TOKENS of one learner's step. Raises RowsError."""
    numbers = _whole("samples", samples, "sample", MOST_RESPONSES)
    if len(np.unique(numbers)) < len(numbers):
        raise RowsError("samples has two rows of one response in a step")
    _whole("samples", samples, "group", MOST_RESPONSES)
    for name in ("prompt", "response"):
        _no_gaps("samples", samples, name)
    _at_least_0("samples", samples, "length")
    if tokens.num_rows:
        _check_tokens(numbers, tokens)


def check_collected(collected: pa.Table) -> None:
    """COLLECTED of one learner. Raises RowsError."""
    numbers = _whole("collected", collected, "sample", MOST_RESPONSES)
    if len(np.unique(numbers)) < len(numbers):
        raise RowsError("collected has two rows of one response")
    _whole("collected", collected, "group", MOST_RESPONSES)
    for name in ("prompt", "response", "reward", "success", "truncated", "flipped", "random"):
        _no_gaps("collected", collected, name)
    _at_least_0("collected", collected, "length")


def check_texts(table: pa.Table, name: str) -> None:
    """No text of a table from elsewhere is longer than MOST_CHARACTERS. Raises RowsError."""
    for field in table.schema:
        if pa.types.is_string(field.type):
            longest = pc.max(pc.utf8_length(table[field.name])).as_py() or 0
            if longest > MOST_CHARACTERS:
                raise RowsError(
                    "{table} has a text of {given} characters in {column}; at most {bound} are allowed",
                    table=name,
                    given=longest,
                    column=field.name[:40],
                    bound=MOST_CHARACTERS,
                )


def check_steps(steps: pa.Table) -> None:
    """STEPS of a whole run: each learner's steps are 0, 1, 2, …, and shares are shares. Raises RowsError."""
    _whole("steps", steps, "step", MOST_STEPS)
    rows = pa.table({"learner": steps["learner"], "step": steps["step"]}).group_by("learner")
    for row in rows.aggregate([("step", "max"), ("step", "count"), ("step", "count_distinct")]).to_pylist():
        if not row["step_count"] == row["step_count_distinct"] == row["step_max"] + 1:
            raise RowsError(
                "steps has {rows} rows of {learner} up to step {last}; each step from 0 on must be there once",
                rows=row["step_count"],
                learner=row["learner"],
                last=row["step_max"],
            )
    for name in _SHARES:
        if _outside(steps[name], 0, 1):
            raise RowsError("steps has a {column} that is no share between 0 and 1", column=name)
    for name in _NOT_BELOW_0:
        _at_least_0("steps", steps, name)


def check_scalars(values: Mapping[str, Any]) -> None:
    """A stored step's numbers: those of STEPS are numbers or null. Raises RowsError."""
    for name in STEPS.names[2:]:
        value = values.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise RowsError("{column} is no number", column=name)


def incomplete(samples: pa.Table, tokens: pa.Table, without: Collection[str], *, finite: bool) -> str | None:
    """The first column that is not known of all responses, or of all tokens of the policy's, but would be of a run.

    None where there is none. `without` are the columns that the learner does not have; `finite`: what is NaN or
    infinite is not known either.
    """
    for name in ("reward", "success", "truncated", "length"):
        if name not in without and _has_gaps(samples[name], finite):
            return name
    written = tokens.filter(pc.fill_null(tokens["written"], True))
    return next((x for x in _OF_ANY_RUN if x not in without and _has_gaps(written[x], finite)), None)


def _check_tokens(samples: np.ndarray, tokens: pa.Table) -> None:
    own = _whole("tokens", tokens, "sample", MOST_RESPONSES)
    passes = _whole("tokens", tokens, "pass", MOST_PASSES)
    places = _whole("tokens", tokens, "position", MOST_POSITIONS)
    if not np.isin(own, samples).all():
        raise RowsError("tokens speaks of a response that samples does not have")
    order = np.lexsort((places, own, passes))
    own, passes, places = own[order], passes[order], places[order]
    begins = np.append(True, (np.diff(own) != 0) | (np.diff(passes) != 0))
    expected = np.arange(len(own)) - np.maximum.accumulate(np.where(begins, np.arange(len(own)), 0))
    if (places != expected).any():
        raise RowsError("tokens leaves out a position of a response, or has it twice")
    _no_gaps("tokens", tokens, "token")
    _at_least_0("tokens", tokens, "token_id")
    if _outside(tokens["clipped"], -1, 1):
        raise RowsError("in tokens, clipped must be -1, 0 or 1")
    for field in tokens.schema:
        if field.name not in TOKENS.names and not is_number(field.type):
            raise RowsError("tokens has a further column that holds no numbers ({column})", column=field.name[:40])


def _whole(table: str, rows: pa.Table, name: str, most: int) -> np.ndarray:
    """A column of whole numbers from 0 up to below `most`, none missing."""
    _no_gaps(table, rows, name)
    if _outside(rows[name], 0, most - 1):
        raise RowsError(
            "{table} has a {column} that is not between 0 and {bound}", table=table, column=name, bound=most - 1
        )
    return np.asarray(rows[name].to_numpy())


def _no_gaps(table: str, rows: pa.Table, name: str) -> None:
    if rows[name].null_count:
        raise RowsError("{table} has rows without {names}", table=table, names=(name,))


def _at_least_0(table: str, rows: pa.Table, name: str) -> None:
    if _outside(rows[name], 0, None):
        raise RowsError("{table} has a {column} below 0", table=table, column=name)


def _outside(column: pa.ChunkedArray, low: float, high: float | None) -> bool:
    """Whether a number is below `low` or above `high`; what is null or no number counts as inside."""
    ends = pc.min_max(column)
    least, most = ends["min"].as_py(), ends["max"].as_py()
    return (least is not None and least < low) or (high is not None and most is not None and most > high)


def _has_gaps(column: pa.ChunkedArray, finite: bool) -> bool:
    if column.null_count:
        return True
    return finite and bool(pa.types.is_floating(column.type)) and pc.all(pc.is_finite(column)).as_py() is False
