"""Files of runs, changed at random: bytes, JSON, tables, archives. The same seed always changes them alike."""

from __future__ import annotations

import copy
import io
import json
import random
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

Files = dict[str, bytes]

_DEEP: Any = "x"
for _ in range(300):
    _DEEP = [_DEEP]
#: What has no business where it is put.
ODD: tuple[Callable[[], Any], ...] = (
    lambda: None,
    lambda: True,
    lambda: -1,
    lambda: 0,
    lambda: 2**31 - 1,
    lambda: 2**31,
    lambda: 2**63,
    lambda: -(2**63),
    lambda: 10**4000,
    lambda: 1e30,
    lambda: 1e308,
    lambda: float("nan"),
    lambda: float("inf"),
    lambda: -0.5,
    lambda: "",
    lambda: "boom",
    lambda: "x" * 250_000,
    lambda: "\ud800",
    lambda: "\x00\u202e<img src=x onerror=alert(1)>",
    lambda: [],
    lambda: {},
    lambda: [[1]],
    lambda: {"sampled": "boom"},
    lambda: {"greedy": [[1]], "when": "after"},
    lambda: {"key": "k", "template": "{a:.2g}" * 9, "values": {"a": {"key": 1}}},
    lambda: copy.deepcopy(_DEEP),
)


# -- bytes -------------------------------------------------------------------------------------------------------------


def of_bytes(data: bytes, rng: random.Random) -> bytes:
    """Some bytes turned, cut out, doubled or cut off."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8, 64))):
        if not changed:
            break
        at = rng.randrange(len(changed))
        match rng.randrange(5):
            case 0:
                changed[at] ^= 1 << rng.randrange(8)
            case 1:
                changed[at] = rng.randrange(256)
            case 2:
                del changed[at : at + rng.randrange(1, 64)]
            case 3:
                changed[at:at] = changed[at : at + rng.randrange(1, 4096)]
            case 4:
                del changed[at:]
    return bytes(changed)


# -- JSON --------------------------------------------------------------------------------------------------------------


def of_json(text: bytes, rng: random.Random, *, lined: bool = False) -> bytes:
    """Some values of a JSON text (or of its lines) replaced, removed, doubled or put in each other's place."""
    lines = text.splitlines() if lined else [text]
    at = rng.randrange(len(lines))
    value = json.loads(lines[at])
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        _change_json(value, rng)
    lines[at] = json.dumps(value).encode()
    if len(lines) > 1 and rng.random() < 0.1:
        rng.shuffle(lines)
    return b"\n".join(lines)


def _change_json(value: Any, rng: random.Random) -> None:
    places = list(_places(value))
    if not places:
        return
    holder, key = rng.choice(places)
    match rng.randrange(6):
        case 0 | 1 | 2:
            holder[key] = rng.choice(ODD)()
        case 3:
            del holder[key]
        case 4:
            other, other_key = rng.choice(places)
            holder[key] = copy.deepcopy(other[other_key])
        case 5:
            if isinstance(holder, list):
                holder += [copy.deepcopy(holder[key])] * rng.choice((1, 3, 50))
            else:
                holder[rng.choice(("value", "step", "kind", "tokens", "learner", "x" * 300))] = rng.choice(ODD)()


def _places(value: Any) -> Any:
    """Every place in nested lists and objects, as (holder, key); the outer ones as often as all the inner together."""
    waiting, inner = [value], []
    while waiting:
        here = waiting.pop()
        for key in here if isinstance(here, dict) else range(len(here)) if isinstance(here, list) else ():
            inner.append((here, key))
            waiting.append(here[key])
    outer = [x for x in inner if x[0] is value] or inner
    return inner + outer * (len(inner) // max(1, len(outer)) // 2)


# -- tables ------------------------------------------------------------------------------------------------------------


def of_parquet(data: bytes, rng: random.Random) -> bytes:
    """A column or some rows of a Parquet file changed."""
    table = pq.read_table(pa.BufferReader(data))
    for _ in range(rng.choice((1, 1, 2))):
        table = _change_table(table, rng)
    sink = io.BytesIO()
    try:
        pq.write_table(table, sink, compression=rng.choice(("zstd", "snappy", "none")))
    except (pa.ArrowException, ValueError):  # such a table cannot be a file
        return of_bytes(data, rng)
    return sink.getvalue()


def _change_table(table: pa.Table, rng: random.Random) -> pa.Table:
    names, rows = table.schema.names, table.num_rows
    if not names or not rows:
        return table
    at = rng.randrange(len(names))
    column, name = table.column(at), names[at]
    match rng.randrange(13):
        case 0:
            return table.set_column(at, name, pa.nulls(rows, column.type))
        case 1:
            return table.set_column(at, name, _one_changed(column, rng))
        case 2:
            return table.set_column(at, name, _other_type(column, rng))
        case 3:
            return table.remove_column(at)
        case 4:
            return table.append_column(rng.choice((name, "extra", "<b>", "x" * 500, "pass")), column)
        case 5:
            return table.take(pa.array(rng.sample(range(rows), rows)))
        case 6:
            return table.slice(rng.randrange(rows), rng.randrange(1, rows + 1))
        case 7:
            return pa.concat_tables([table, table.slice(rng.randrange(rows), rng.choice((1, 7, rows)))])
        case 8:
            return table.slice(0, 0)
        case 9:
            return table.rename_columns([rng.choice(names) if i == at else x for i, x in enumerate(names)])
        case 10:
            return table.set_column(at, name, column.take(pa.array(rng.choices(range(rows), k=rows))))
        case 11:
            return table.replace_schema_metadata({b"trace_version": rng.choice((b"0", b"2", b"99", b"x", b"-1"))})
        case _:
            return table.set_column(at, name, table.column(rng.randrange(len(names))))


def _one_changed(column: pa.ChunkedArray, rng: random.Random) -> pa.Array:
    values = column.to_pylist()
    for _ in range(rng.choice((1, 3, len(values)))):
        where = rng.randrange(len(values))
        for _ in range(20):
            odd = rng.choice(ODD)()
            try:
                values[where] = pa.array([odd], column.type)[0].as_py()
                break
            except (pa.ArrowException, OverflowError, TypeError, ValueError):
                continue
    return pa.array(values, column.type)


def _other_type(column: pa.ChunkedArray, rng: random.Random) -> pa.Array:
    rows = len(column)
    kinds: list[Callable[[], Any]] = [
        lambda: pa.array([str(x) for x in column.to_pylist()]),
        lambda: pa.array([[x] for x in column.to_pylist()]),
        lambda: pa.array([{"a": x} for x in column.to_pylist()]),
        lambda: pa.array(np.full(rows, np.nan)),
        lambda: pa.array(np.full(rows, 2**62)),
        lambda: pa.array([b"\xff\xfe"] * rows, pa.binary()),
        lambda: pa.array([True] * rows),
        lambda: column.combine_chunks().dictionary_encode(),
        lambda: pa.array(range(rows), pa.timestamp("us")),
        lambda: pa.nulls(rows),
    ]
    try:
        return rng.choice(kinds)()
    except (pa.ArrowException, NotImplementedError, UnicodeEncodeError):
        return pa.nulls(rows)


# -- a whole run -------------------------------------------------------------------------------------------------------


def of_files(files: Files, rng: random.Random) -> bytes:
    """One of a run's files changed by what it holds, sometimes by its bytes. Several files are zipped."""
    changed = dict(files)
    name = rng.choice(list(changed))
    if rng.random() < 0.15:
        changed[name] = of_bytes(changed[name], rng)
    elif name.endswith(".parquet"):
        changed[name] = of_parquet(changed[name], rng)
    else:
        changed[name] = of_json(changed[name], rng, lined=name.endswith(".jsonl"))
    if len(changed) == 1 and rng.random() < 0.9:
        return changed[name]
    if rng.random() < 0.05:
        changed[rng.choice(("../up.json", "a/" + name, "x.parquet"))] = changed[name]
    if rng.random() < 0.05:
        del changed[rng.choice(list(changed))]
    data = zipped(changed)
    return of_bytes(data, rng) if rng.random() < 0.05 else data


def zipped(files: Files) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return sink.getvalue()
