"""A step's stored tables as groups of replies, as lessons show them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from core.text import visible
from lessons.kit.lesson.replies import Group, Reply

_KEPT = ("learner", "step", "pass", "sample", "position", "token")


def groups_of(samples: pa.Table, tokens: pa.Table) -> tuple[Group, ...]:
    """The groups whose tokens were kept, in order."""
    ordered = tokens.sort_by([("sample", "ascending"), ("pass", "ascending"), ("position", "ascending")])
    names = [x for x in ordered.schema.names if x not in _KEPT]
    replies: dict[int, list[Reply]] = {}
    heads: dict[int, tuple[str, str]] = {}
    kept = set(pc.unique(ordered["sample"]).to_pylist())
    for row in samples.to_pylist():
        if row["sample"] in kept:
            own = ordered.filter(pc.equal(ordered["sample"], row["sample"]))
            replies.setdefault(row["group"], []).append(_reply(row, own, names))
            heads[row["group"]] = (visible(row["prompt"]), visible(row["answer"] or ""))
    return tuple(Group(n, *heads[n], tuple(replies[n])) for n in sorted(replies))


def _reply(row: dict[str, Any], own: pa.Table, names: Sequence[str]) -> Reply:
    numbers = sorted(set(own["pass"].to_pylist()))
    passes = [own.filter(pc.equal(own["pass"], number)) for number in numbers]
    return Reply(
        sample=row["sample"],
        group=row["group"],
        text=visible(row["response"]),
        tokens=tuple(visible(x) for x in passes[0]["token"].to_pylist()),
        reward=row["reward"],
        success=row["success"],
        truncated=row["truncated"],
        passes=tuple({name: tuple(x[name].to_pylist()) for name in names} for x in passes),
    )
