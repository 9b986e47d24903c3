"""What a person asks of a learner's worker: rows that it takes between two steps."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, get_args

import sqlalchemy as sa

from core.errors import Message
from core.given_config import assignments_for, change
from core.runs import level, lifecycle
from core.runs.damage import CONTROL, damaged
from core.runs.patience import again
from core.runs.records import Control, ControlKind, RunInfo
from core.runs.tables import controls, learners

KINDS: tuple[ControlKind, ...] = get_args(ControlKind)
DAMAGED = Message("What was asked of this learner is damaged in the store, and was left aside. Ask for it once more.")


def ask(store: level.Readable, run: RunInfo, kind: str, value: Any = None, learner: str | None = None) -> None:
    """As RunStore.control. Raises ValueError where there is no control of this kind."""
    if kind not in KINDS:
        raise ValueError(f"there is no control {kind!r}; there are {', '.join(KINDS)}")
    if learner is not None:
        run.config.learner(learner)
    if kind == "change":
        change(run.config, value)
    asked = [x.name for x in run.learners if learner in (None, x.name)]
    together = run.config.keep_level and learner is None and kind in level.AT_A_STEP
    with store.write() as c:
        names = lifecycle.listening(c, run.id, asked, stop=kind == "stop")
        after = level.after_steps(c, run.id, names, kind) if together else {}
        for name in names:
            mine = assignments_for(run.config, name, value) if kind == "change" else after.get(name)
            if kind != "change" or mine:
                row = {"run": run.id, "learner": name, "kind": kind, "value": json.dumps(mine)}
                c.execute(controls.insert().values(**row))


def take(store: level.Readable, run_id: str, learner: str) -> list[Control]:
    """As RunStore.take_controls.

    A row that holds nothing that can be asked is left aside; the learner's warning says so, and training goes on.
    """
    asked = _asked(store, run_id, learner)
    if not asked:  # nearly always: then no write lock is taken
        return []
    _forget(store, [row["id"] for row in asked])
    read = [_control(row) for row in asked]
    if None in read:
        lifecycle.warn(store, run_id, learner, DAMAGED)
    return [x for x in read if x is not None]


@again
def _asked(store: level.Readable, run_id: str, learner: str) -> Sequence[Any]:
    query = sa.select(controls).filter_by(run=run_id, learner=learner).order_by(controls.c.id)
    with store.read() as c:
        return c.execute(query).mappings().all()


@again
def _forget(store: level.Readable, ids: list[int]) -> None:
    with store.write() as c:
        c.execute(controls.delete().where(controls.c.id.in_(ids)))


def shall_stop(store: level.Readable, run_id: str, learner: str) -> bool:
    """As RunStore.shall_stop."""
    here = sa.select(learners.c.name).filter_by(run=run_id, name=learner)
    asked = sa.select(controls.c.id).filter_by(run=run_id, learner=learner, kind="stop")
    with store.read() as c:
        return c.execute(here).first() is None or c.execute(asked).first() is not None


def _control(row: Any) -> Control | None:
    """What the row asks for; None where that is nothing that `ask` writes."""
    if damaged(row, CONTROL):
        return None
    try:
        value = json.loads(row["value"])
    except (ValueError, RecursionError):
        return None
    if row["kind"] == "change":
        return Control("change", value) if isinstance(value, dict) else None
    known = value is None or (isinstance(value, int) and not isinstance(value, bool))
    return Control(row["kind"], at=value) if known else None
