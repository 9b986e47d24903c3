"""A run cut into what a web page of it holds: its rows, and of each step one question's tokens and every dot."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from core.runs.feed import Feed
from core.runs.records import RunInfo
from core.runs.store import RunStore
from core.runs.view_values import number
from core.text import visible

#: A page is made no larger than this by leaving out steps; one step alone may be larger.
MOST_BYTES = 5_000_000
#: More steps than these are not even tried: each takes a tenth of a second to be read.
MOST_STEPS = 600
#: Significant digits of a token's numbers, as the feed sends them: with fewer a number that is printed in the lab could
#: be printed otherwise here.
DIGITS = 7
_EVER = 1e9  # seconds: the run is read once


@dataclass(frozen=True)
class Pieces:
    """`live` is the answer of the feed with the rows of the steps that are kept; `steps` are packed, by step."""

    live: dict[str, Any]
    steps: dict[int, str]
    every: int  # one step in so many is kept, and the last
    made: int  # how many there were
    groups: int  # most groups of a step whose tokens the run has


def pieces(store: RunStore, run: RunInfo, room: int) -> Pieces:
    """Cuts a run so that its rows and steps take at most `room` bytes: where they take more, steps are left out evenly.

    Raises RunNotFound, RunUnreadable, DataUnreadable.
    """
    feed = Feed(store, refresh_s=_EVER)
    live = json.loads(feed.live(run.id).text())
    made = sorted({row["step"] for row in live["rows"]})
    opening = (
        live["run"].get("opening") or {}
    )  # where a board opens: that step stays, and that question's place is each step's
    always = {made[-1], opening.get("step")}
    every = max(1, -(-len(made) // MOST_STEPS))
    packed: dict[int, str] = {}
    groups = 0
    for step in _kept(made, every, always):
        piece, groups_here = _piece(feed, store, run, step, opening.get("group"))
        groups = max(groups, groups_here)
        packed[step] = pack(piece)
    rows = live["rows"]
    live["rows"] = [row for row in rows if row["step"] in packed]
    while every < len(made) and len(pack(live)) + sum(map(len, packed.values())) > room:
        every *= 2
        packed = {step: packed[step] for step in _kept(made, every, always)}
        live["rows"] = [row for row in rows if row["step"] in packed]
    return Pieces(live, packed, every, len(made), groups)


def pack(value: Any) -> str:
    """JSON, gzipped, as base64: letters, digits and `+/=` only, whatever the value holds."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8", "replace")
    return base64.b64encode(gzip.compress(text, 9, mtime=0)).decode("ascii")


def _kept(made: list[int], every: int, always: set[int | None]) -> list[int]:
    """One step in `every`, and those that always stay; those of half as many are among them."""
    return [step for i, step in enumerate(made) if i % every == 0 or step in always]


def _piece(feed: Feed, store: RunStore, run: RunInfo, step: int, asked: int | None) -> tuple[dict[str, Any], int]:
    """What lab and browser agree on for a step (frontend/loader/web_page.mjs), and how many groups it has.

    The tokens are those of the group `asked`, else of the one that the lab shows to who chose none.
    """
    view = json.loads(feed.step(run.id, step).text())
    shown = {x["group"] for x in view["groups"]}
    if asked in shown:
        view["telling"] = asked
    group = None
    if view["telling"] is not None:
        group = json.loads(feed.group(run.id, step, view["telling"]).text())
    others: dict[int, dict[str, Any]] = {}
    for name in view["learners"]:
        for row in _asked(store, run, name, step):
            if row["group"] in shown and row["group"] != view["telling"]:
                about = others.setdefault(row["group"], {}).setdefault(name, {"prompt": row["prompt"], "rewards": []})
                about["rewards"].append(row["reward"])
    return {"step": view, "group": group, "others": others}, len(shown)


def _asked(store: RunStore, run: RunInfo, learner: str, step: int) -> Iterator[dict[str, Any]]:
    for row in store.samples(run.id, learner, step).select(["group", "prompt", "reward"]).to_pylist():
        yield {**row, "prompt": visible(row["prompt"]), "reward": number(row["reward"])}
