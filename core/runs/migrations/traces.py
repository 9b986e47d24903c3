"""Tables of a trace from any version of the app, as this one has them: missing columns are null, further ones are kept.

Columns are only ever added to the contract (core/training/trace.py), and a column that was not recorded reads as null:
that takes no step here. A step is for what changes its meaning, its unit or its place.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from core.errors import Refusal
from core.training.trace import COLLECTED, SAMPLES, STEPS, TOKENS

CONTRACT: dict[str, pa.Schema] = {"steps": STEPS, "samples": SAMPLES, "tokens": TOKENS, "collected": COLLECTED}

TraceMigration = Callable[[str, pa.Table], pa.Table]


def _to_2(_name: str, table: pa.Table) -> pa.Table:
    """What is called cut, and how far a step moved the policy, are measured elsewhere. Old numbers stay as they are.

    In version 1 `clipped` was of each pass's state. With one mini-batch a gradient was taken at just these states but
    the last: rows of the passes 0 … μ − 1 are comparable with version 2's, and those of pass μ say where a further pass
    would have been cut, which version 2 leaves null. With several mini-batches no row is comparable. `approx_kl` was
    the mean over the states where gradients were taken (0 at μ = 1), which now is `approx_kl_update`; the two are not
    comparable. The columns that came with version 2 tell the two meanings apart, also in a file that was exported
    again: see `cuts_of_states` and `kl_of_updates`.
    """
    return table


#: MIGRATIONS[n − 1] leads from version n to version n + 1: a pure function of (steps | samples | tokens, the table),
#: whose docstring says what changed and whether numbers of both versions are comparable.
MIGRATIONS: tuple[TraceMigration, ...] = (_to_2,)
TRACE_VERSION = 1 + len(MIGRATIONS)
#: Those that change no number, only what it means: a reader need not make tables of a step's numbers for them.
OF_MEANING = frozenset({_to_2})

#: The columns of version 1; of a data set, which came later, its first ones. Files without any of these are no trace;
#: what came later may be missing.
FIRST: dict[str, tuple[str, ...]] = {
    "steps": (
        *("learner", "step", "samples_seen", "wall_time_s", "reward", "reward_std", "success_rate"),
        *("heldout_success", "frac_reward_zero_std", "kl", "entropy", "ratio_mean", "clip_ratio_low"),
        *("clip_ratio_high", "approx_kl", "policy_loss", "value_loss", "vf_explained_var", "completion_length"),
        *("truncated_frac", "grad_norm", "tokens_per_second", "step_time_s", "rollout_time_s", "update_time_s"),
    ),
    "samples": (
        *("learner", "step", "sample", "group", "prompt", "response", "answer", "reward", "success", "truncated"),
        "length",
    ),
    "tokens": (
        *("learner", "step", "pass", "sample", "position", "token_id", "token", "logprob_old", "logprob"),
        *("logprob_ref", "ratio", "clipped", "kl_k1", "kl_k2", "kl_k3", "kl_exact", "entropy", "token_reward"),
        *("value", "delta", "advantage_raw", "advantage", "return", "objective"),
    ),
    "collected": (
        *("learner", "sample", "group", "prompt", "response", "answer", "reward", "success", "truncated", "length"),
        *("logprob", "flipped", "random"),
    ),
}

#: A file that brings more columns than this beyond the contract's is no trace of any version.
MOST_FURTHER, _LONGEST_NAME = 64, 60

_KEY = b"trace_version"


class NewerTrace(Refusal, ValueError):
    """A table of a version that this code does not know. The message is a clause that follows a colon."""


class TableError(Refusal, ValueError):
    """A table from elsewhere that is not a trace."""


def stamped(schema: pa.Schema) -> pa.Schema:
    """The schema with this version written into it, as Parquet and Arrow files keep it."""
    return schema.with_metadata({_KEY: str(TRACE_VERSION).encode()})


def version_of(schema: pa.Schema) -> int:
    """The version that a table names; 1 where it names none."""
    version = (schema.metadata or {}).get(_KEY, b"1")
    return int(version) if version.isdigit() and len(version) < 9 else 1


def check_version(version: int) -> None:
    """Raises NewerTrace where a trace of this version cannot be read here."""
    if version > TRACE_VERSION:
        raise NewerTrace(
            "its steps are of version {version}, and this version of the app reads them up to version {known}",
            version=version,
            known=TRACE_VERSION,
        )


def changes_since(version: int) -> list[TraceMigration]:
    """The steps that change numbers of a trace of this version."""
    return [x for x in MIGRATIONS[version - 1 :] if x not in OF_MEANING]


def read_table(name: str, table: pa.Table, version: int | None = None) -> pa.Table:
    """A table of `name` (a key of CONTRACT) as this version has it. `version` None: as the table names it.

    Raises NewerTrace, and ValueError where its columns cannot be those of the contract.
    """
    own = version_of(table.schema) if version is None else version
    check_version(own)
    for step in MIGRATIONS[own - 1 :]:
        table = step(name, table)
    return conform(table, CONTRACT[name])


def conform(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The columns of `schema` in its order and types, null where the table lacks one; its further ones after them.

    Raises ValueError where a column comes twice, or cannot have the schema's type.
    """
    names = table.schema.names
    if len(set(names)) < len(names):
        raise TableError("it has two columns called {name}", name=next(x for x in names if names.count(x) > 1))
    if names[: len(schema)] == schema.names and table.schema.types[: len(schema)] == schema.types:
        return table.replace_schema_metadata(None)
    columns = {
        field.name: table[field.name].cast(field.type) if field.name in names else pa.nulls(table.num_rows, field.type)
        for field in schema
    }
    return pa.table(columns | {x: table[x] for x in names if x not in columns})


def take_over(table: pa.Table, name: str) -> pa.Table:
    """`conform` for somebody else's file, of which only plain further columns (numbers, flags, text) are kept.

    Of tokens, which pages compute with, only numbers and flags.

    Raises ValueError where it lacks a column of version 1 or brings more than MOST_FURTHER.
    """
    missing = [x for x in FIRST[name] if x not in table.schema.names]
    if missing:
        raise TableError("{name} lacks the columns {missing}", name=name, missing=missing)
    table = read_table(name, table)
    further = [x for x in table.schema if x.name not in CONTRACT[name].names]
    if len(further) > MOST_FURTHER:
        raise TableError(
            "{name} has {given} columns that no trace has; at most {bound} are allowed",
            name=name,
            given=len(further),
            bound=MOST_FURTHER,
        )
    keeps = is_number if name == "tokens" else _is_plain
    return table.drop_columns([x.name for x in further if not keeps(x.type) or len(x.name) > _LONGEST_NAME])


def widest(schema: pa.Schema, others: Iterable[pa.Schema]) -> pa.Schema:
    """`schema` and every further column of `others`, for a file that is to hold all of them."""
    types: dict[str, set[pa.DataType]] = {}
    for other in others:
        for field in other:
            if field.name not in schema.names:
                types.setdefault(field.name, set()).add(field.type)
    return pa.schema([*schema, *(pa.field(name, _common(kinds)) for name, kinds in types.items())])


def _common(kinds: set[pa.DataType]) -> pa.DataType:
    known = [x for x in kinds if not pa.types.is_null(x)]
    if len(known) == 1:
        return known[0]
    numbers = all(pa.types.is_integer(x) or pa.types.is_floating(x) for x in known)
    return pa.float64() if numbers else pa.string()


def _is_plain(kind: pa.DataType) -> bool:
    return is_number(kind) or bool(pa.types.is_string(kind))


def is_number(kind: pa.DataType) -> bool:
    """Whether a column of this type holds numbers or flags, or nothing at all."""
    numeric = (pa.types.is_boolean, pa.types.is_integer, pa.types.is_floating, pa.types.is_null)
    return any(is_one(kind) for is_one in numeric)


# -- a step's numbers in the store -------------------------------------------------------------------------------------


def scalars_of(values: Sequence[Any] | dict[str, Any]) -> dict[str, Any]:
    """A step's numbers by the names of their columns.

    Before the store had a version it kept them as a list, in the order of version 1's columns. The numbers are equal.
    """
    return values if isinstance(values, dict) else dict(zip(FIRST["steps"][2:], values, strict=False))


# -- which meaning a number has ----------------------------------------------------------------------------------------


def cuts_of_states(tokens: pa.Table) -> bool:
    """Whether `clipped` of these TOKENS says what was beyond the range at each pass, not what a gradient met there."""
    if "ratio_update" not in tokens.column_names:
        return tokens["clipped"].null_count < tokens.num_rows
    bare = pc.and_(pc.is_valid(tokens["clipped"]), pc.is_null(tokens["ratio_update"]))
    return bool(pc.any(bare).as_py())


# -- what version 1 did not record -------------------------------------------------------------------------------------


def whitening_of(tokens: pa.Table) -> tuple[float, float] | None:
    """(mean, standard deviation) that a step's advantages were whitened with, from its panel's TOKENS of version 1.

    Whitening, Â = (A − mean) / std, is one straight line for all tokens of a step, so the two that lie farthest apart
    settle it; mean and std are those of the whole step's A, also where the panel is a part of it. Only meaningful for a
    learner that whitens. None where no two tokens differ, or where they do not lie on one line: then something else was
    done between `advantage_raw` and `advantage` (a division by each group's spread).
    """
    if not tokens.num_rows:
        return None
    first = tokens.filter(pc.equal(tokens["pass"], pc.min(tokens["pass"])))
    pairs = zip(first["advantage_raw"].to_pylist(), first["advantage"].to_pylist(), strict=True)
    known = [(x, y) for x, y in pairs if x is not None and y is not None and math.isfinite(x) and math.isfinite(y)]
    if not known:
        return None
    (x0, y0), (x1, y1) = min(known), max(known)
    if y1 - y0 < 1e-6:
        return None
    std = (x1 - x0) / (y1 - y0)
    mean = x0 - std * y0
    if any(abs(mean + std * y - x) > 1e-4 * (x1 - x0) for x, y in known):
        return None
    return mean, std
