"""How a learner's row goes from queued to running to finished, stopped or failed, and who may move it.

queued ──▶ running ◀──▶ paused            `pid` says who looks after the row: the app while it waits in the
  │           │            │              queue, its worker from then on. When that process is gone, whoever
  ▼           ▼            ▼              reads the row next marks it dead (`mark_dead`).
stopped    finished · stopped · failed ──▶ queued again (resume)
"""

from __future__ import annotations

import json
import logging
import os
import socket
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import sqlalchemy as sa

from core.errors import Message, verbatim
from core.runs.errors import StoreError
from core.runs.patience import again
from core.runs.processes import is_alive, start_time
from core.runs.records import ACTIVE, LearnerInfo, Preparing, Status
from core.runs.tables import blobs, controls, events, learners, runs, steps
from core.stored_config import CONFIG_VERSION

log = logging.getLogger(__name__)

#: A worker gives a sign of life every second; only after this long without one is its process looked for.
SILENCE_S = 3.0
#: On another machine the process cannot be looked for; then this long a silence counts as its end. A worker whose store
#: is locked is silent, too, for as long as it waits for it (patience.py).
SILENCE_ELSEWHERE_S = 90.0
LIVE = ("queued", *ACTIVE)


class Writable(Protocol):
    """Where the rows are: a store."""

    @property
    def patience_s(self) -> float: ...

    def write(self) -> AbstractContextManager[sa.Connection]: ...


def _row(run_id: str, learner: str) -> Any:
    return sa.and_(learners.c.run == run_id, learners.c.name == learner)


def _me() -> dict[str, Any]:
    return {"host": socket.gethostname(), "pid": os.getpid(), "pid_started": start_time(os.getpid())}


@again
def enqueue(store: Writable, run_id: str, names: Iterable[str], reason: Message | None = None) -> None:
    """Puts learners in this process's queue and forgets what was asked of their earlier workers."""
    with store.write() as c:
        for name in names:
            c.execute(controls.delete().where(controls.c.run == run_id, controls.c.learner == name))
            c.execute(
                learners.update()
                .where(_row(run_id, name))
                .values(status="queued", reason=reason and reason.to_json(), updated=time.time(), **_me())
            )


@again
def claim(store: Writable, run_id: str, learner: str) -> bool:
    """A worker takes its learner over; False where it no longer waits (stopped meanwhile, deleted, taken)."""
    me = _me()
    with store.write() as c:
        # Where the connection is lost at the commit, this is done twice: then it is running already, and ours.
        mine = sa.and_(learners.c.status == "running", *(learners.c[x] == me[x] for x in me))
        waiting = sa.and_(_row(run_id, learner), sa.or_(learners.c.status == "queued", mine))
        values = {"status": "running", "reason": None, "preparing": None, "updated": time.time(), **me}
        return bool(c.execute(learners.update().where(waiting).values(**values)).rowcount)


@again
def preparing(store: Writable, run_id: str, learner: str, message: Message, share: float | None) -> None:
    """What the worker does before its next step; `share` of it is done (0 to 1, None: not known).

    Removed with the next step and with every change of status.
    """
    with store.write() as c:
        values = {"preparing": json.dumps({"text": message.to_dict(), "share": share}), "updated": time.time()}
        c.execute(learners.update().where(_row(run_id, learner)).values(**values))


@again
def prepared(store: Writable, run_id: str, learner: str) -> None:
    """The worker is ready to make its next step."""
    with store.write() as c:
        c.execute(learners.update().where(_row(run_id, learner)).values(preparing=None))


@again
def describe(
    store: Writable,
    run_id: str,
    learner: str,
    *,
    step: int,
    steps: int,
    start_hash: str,
    device: str,
    versions: dict[str, str],
) -> None:
    """What a worker knows once its trainer is made: `step` is the last one made (−1: none), `steps` the target."""
    with store.write() as c:
        values = {"step": step, "steps": steps, "start_hash": start_hash, "device": device}
        c.execute(learners.update().where(_row(run_id, learner)).values(**values))
        c.execute(runs.update().where(runs.c.id == run_id).values(versions=json.dumps(versions)))


def made_step(c: sa.Connection, run_id: str, learner: str, step: int, now: float) -> None:
    c.execute(learners.update().where(_row(run_id, learner)).values(step=step, preparing=None, updated=now))


@again
def set_steps(store: Writable, run_id: str, learner: str, steps: int) -> None:
    """The learner shall now make `steps` steps."""
    with store.write() as c:
        c.execute(learners.update().where(_row(run_id, learner)).values(steps=steps))


@again
def warn(store: Writable, run_id: str, learner: str, warning: Message) -> None:
    """Something that does not stop the learner but that a person should know."""
    with store.write() as c:
        c.execute(learners.update().where(_row(run_id, learner)).values(warning=warning.to_json()))


@again
def mark(store: Writable, run_id: str, learner: str, status: Status, reason: Message | None = None) -> None:
    with store.write() as c:
        values = {"status": status, "reason": reason and reason.to_json(), "preparing": None, "updated": time.time()}
        c.execute(learners.update().where(_row(run_id, learner)).values(**values))


@again
def beat(store: Writable, run_id: str, learner: str) -> None:
    with store.write() as c:
        c.execute(learners.update().where(_row(run_id, learner)).values(updated=time.time()))


@again
def end(store: Writable, run_id: str, learner: str, pids: Sequence[int], status: Status, reason: Message) -> bool:
    """Records how a learner's process ended, where it did not do so itself.

    `pids` are the process's own and that of the process that holds its queue. Returns False where the row has moved on:
    the process recorded its end, or another one has taken over. What `mark_dead` wrote about the same process is
    replaced, as this reason is more exact.
    """
    presumed_dead = sa.and_(learners.c.status == "failed", learners.c.reason == GONE.to_json())
    not_recorded = sa.or_(learners.c.status.in_(LIVE), presumed_dead)
    silent = sa.and_(_row(run_id, learner), learners.c.pid.in_(pids), not_recorded)
    with store.write() as c:
        return bool(c.execute(learners.update().where(silent).values(status=status, reason=reason.to_json())).rowcount)


def record(store: Writable, run_id: str, head: dict[str, Any]) -> None:
    """Makes a run, whose trace is in the store already, the one that a `run.json` describes; it is over for good."""
    with store.write() as c:
        about = {"created": head["created"], "versions": json.dumps(head["versions"]), "recorded": True}
        c.execute(runs.update().where(runs.c.id == run_id).values(**about))
        for learner in head["learners"]:
            status = learner["status"] if learner["status"] not in LIVE else "stopped"
            values = {x: learner[x] for x in ("step", "steps", "start_hash", "device")}
            values |= {x: _stored(learner, x) for x in ("reason", "warning")}
            if "Resume " in (values["reason"] or ""):
                values["reason"] = ELSEWHERE.to_json()  # here it cannot be resumed
            values |= {"status": status, "pid": None}
            c.execute(learners.update().where(_row(run_id, learner["name"])).values(**values))
        for event in head["events"]:
            named = {name: event[name] for name in ("learner", "step", "kind", "time")}
            row = {"run": run_id, "value": json.dumps(event["value"]), "config_version": CONFIG_VERSION, **named}
            c.execute(events.insert().values(**row, traced=False))


def _stored(learner: dict[str, Any], name: str) -> str | None:
    """A learner's reason or warning from a `run.json` as the store keeps it: the message, else the English text."""
    message = Message.from_dict(learner.get(f"{name}_message"))
    text: str | None = learner.get(name)
    return text if message is None else message.to_json()


def learner_info(row: Mapping[str, Any]) -> LearnerInfo:
    """A learner's row as it is handed out. Texts that older versions stored are shown as they are."""
    values = {name: row[name] for name in LearnerInfo.__dataclass_fields__}
    messages = {x: row[x] and Message.from_json(row[x]) for x in ("reason", "warning")}
    return LearnerInfo(**{**values, **messages, "preparing": _preparing(row["preparing"])})


def _preparing(column: str | None) -> Preparing | None:
    try:
        stored = json.loads(column or "null")
        text, share = stored["text"], stored["share"]
        message = verbatim(text) if isinstance(text, str) else Message.from_dict(text)
    except (ValueError, TypeError, KeyError):
        return None
    known = isinstance(share, int | float) and not isinstance(share, bool)
    return None if message is None else Preparing(message, share if known else None)


def listening(c: sa.Connection, run_id: str, names: Sequence[str], *, stop: bool) -> list[str]:
    """Which of these learners can still be asked something. One that waits in the queue is stopped on the spot."""
    here = sa.and_(learners.c.run == run_id, learners.c.name.in_(names))
    if stop:
        c.execute(learners.update().where(here, learners.c.status == "queued").values(status="stopped", reason=None))
    rows = c.execute(sa.select(learners.c.name).where(here, learners.c.status.in_(LIVE)).order_by(learners.c.position))
    return list(rows.scalars())


@again
def forget_future(store: Writable, run_id: str, learner: str, step: int, *, changes: bool) -> None:
    """Removes what an earlier life of the learner left at `step` and later: from here on it goes on in another way.

    With `changes` also the changes of settings that it went through there.
    """
    with store.write() as c:
        later = sa.and_(steps.c.run == run_id, steps.c.learner == learner, steps.c.step >= step)
        c.execute(blobs.delete().where(blobs.c.step_id.in_(sa.select(steps.c.id).where(later))))
        c.execute(steps.delete().where(later))
        planned = sa.and_(events.c.run == run_id, events.c.learner == learner, events.c.step >= step)
        c.execute(events.delete().where(planned, events.c.kind.in_(("change", "final") if changes else ("final",))))
        after = events.c.value.startswith('{"when": "after"')  # the answers before training stay what they were
        c.execute(events.delete().where(planned, events.c.kind == "evaluation", after))


GONE = Message("Its worker process is gone (was the machine or the app restarted?). Resume continues it.")
CLOSED = Message("The app was closed. Resume continues it.")
STARTER_GONE = Message("The process that starts workers was ended. Resume continues the run.")
LEFT_QUEUE = Message("The app was closed while it waited for its turn. Resume starts it.")
ELSEWHERE = Message("It was cut off where it was made.")


def mark_dead(store: Writable, rows: Iterable[Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """Marks what a dead process has left behind: its learners failed, or stopped if they only waited.

    `rows` are learners' rows as just read; nothing is written (and no process looked for) unless one has been silent.
    Returns what now holds, by (run, learner), also where it could not be written down (a full disk).
    """
    now, here = time.time(), socket.gethostname()
    dead = {}
    for row in rows:
        silent = now - row["updated"]
        if row["status"] not in LIVE or row["pid"] is None or silent < SILENCE_S:
            continue
        waited = row["status"] == "queued"
        if is_alive(row["pid"], row["pid_started"]) if row["host"] == here else waited or silent < SILENCE_ELSEWHERE_S:
            continue
        reason = LEFT_QUEUE if waited else GONE
        values = {"status": "stopped" if waited else "failed", "reason": reason.to_json()}
        same = sa.and_(_row(row["run"], row["name"]), learners.c.pid == row["pid"], learners.c.status == row["status"])
        try:
            with store.write() as c:
                if not c.execute(learners.update().where(same).values(**values)).rowcount:
                    continue  # it has moved on meanwhile
        except StoreError as error:
            log.warning("a dead worker could not be written down: %s", error)
        dead[row["run"], row["name"]] = values
    return dead
