"""Where runs live: one RunStore per process, over SQLite by default and any database that SQLAlchemy speaks to.

Workers append, pages read, controls go through rows: nobody needs to reach another process.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from core.config import RunConfig
from core.presets import title_of
from core.rewards.preferences import Preference
from core.runs import controls, data_sets, labels, lifecycle
from core.runs.arrow import pack, schema_of
from core.runs.damage import LEARNER, bytes_of, damaged
from core.runs.database import Database
from core.runs.errors import RunNotFound, StoreError
from core.runs.migrations.traces import TRACE_VERSION
from core.runs.naming import checked_name, is_id, new_id
from core.runs.patience import again
from core.runs.reading import event_value, one_row, run_of, sound_event, step_tables, step_values, trace_table
from core.runs.records import Control, LearnerInfo, RunInfo, RunUnreadable, Status, UnreadableRun
from core.runs.tables import blobs, events, learners, runs, steps
from core.runs.writing import VERSIONS, older, write_event
from core.stored_config import dump_config
from core.training.trace import SAMPLES, STEPS, TOKENS, StepTrace

__all__ = ["Control", "LearnerInfo", "RunInfo", "RunNotFound", "RunStore", "RunUnreadable", "Status", "StoreError"]


class RunStore(Database):
    """Every method may raise StoreError; those that name a run raise RunNotFound where there is none.

    Those that need a run's config raise RunUnreadable, a StoreError, where another version made it or it is damaged.
    """

    # -- runs ------------------------------------------------------------------------------------------------------

    def create(
        self,
        config: RunConfig,
        name: str | None = None,
        *,
        run_id: str | None = None,
        preferences: Sequence[Preference] = (),
    ) -> str:
        """Writes down a run that waits to be started; returns its id, which nobody can guess.

        `preferences` are what its reward models learn from; PreferencesError where they are too many.
        """
        run_id, content = run_id or new_id(), labels.content_of(tuple(preferences)) if preferences else None
        now = time.time()
        title = checked_name(title_of(config) if name is None else name)
        with self.write() as c:
            stored = {"config": json.dumps(dump_config(config)), **VERSIONS}
            c.execute(runs.insert().values(id=run_id, name=title, created=now, **stored))
            for position, learner in enumerate(config.learners):
                row = {"run": run_id, "name": learner.name, "position": position, "algorithm": learner.kind}
                c.execute(learners.insert().values(**row, status="queued", step=-1, steps=config.steps, updated=now))
            if content is not None:
                labels.write(c, run_id, content)
        return run_id

    @again
    def get(self, run_id: str) -> RunInfo:
        """The run of this id. Raises RunNotFound, or RunUnreadable where this version cannot read what is stored."""
        # From an address it may be anything.
        matching = self._infos(_is_run(run_id)) if is_id(run_id) else []
        if not matching:
            raise RunNotFound("There is no run {given}; it may have been deleted.", given=repr(run_id))
        if isinstance(matching[0], UnreadableRun):
            raise RunUnreadable.of(matching[0])
        return matching[0]

    @again
    def runs(self) -> list[RunInfo | UnreadableRun]:
        """Every run, the newest first; also those that cannot be opened."""
        return self._infos(sa.true())

    def rename(self, run_id: str, name: str) -> None:
        with self.write() as c:
            done = c.execute(runs.update().where(_is_run(run_id)).values(name=checked_name(name)))
            _require(done.rowcount, run_id)

    @again
    def delete(self, run_id: str) -> None:
        """Removes a run with its trace, checkpoints and logs. Its workers, if any, notice and end."""
        with self.write() as c:
            _require(c.execute(runs.delete().where(_is_run(run_id))).rowcount, run_id)
        if bytes_of(run_id) is not None:
            return  # no process ever worked under such an id
        shutil.rmtree(self.home / "checkpoints" / run_id, ignore_errors=True)
        for log in (self.home / "logs").glob(f"{run_id}-*.log"):
            log.unlink(missing_ok=True)

    # -- the trace -------------------------------------------------------------------------------------------------

    @again
    def append(self, run_id: str, trace: StepTrace) -> None:
        """Adds one step in one transaction. A step that is made again takes the old one's place, under a new cursor."""
        named = {**{x: trace.scalars[x] for x in STEPS.names[2:]}, **trace.scalars}
        scalars, prompt_hash = json.dumps(named), trace.prompt_hash
        packed = {"samples": pack(trace.samples, SAMPLES), "tokens": pack(trace.tokens, TOKENS)}
        now = time.time()
        same = {"run": run_id, "learner": trace.learner, "step": trace.step}
        with self.write() as c:
            # One append at a time per run: cursors must become visible in the order in which they were given out.
            # (SQLite has one writer anyway and leaves FOR UPDATE away.)
            here = runs.c.id == run_id
            _require(c.execute(sa.select(runs.c.id).where(here).with_for_update()).first(), run_id)
            c.execute(runs.update().where(here, older(runs.c.trace_version)).values(trace_version=TRACE_VERSION))
            c.execute(steps.delete().filter_by(**same))
            c.execute(events.delete().filter_by(**same, traced=True))
            made = {"scalars": scalars, "prompt_hash": prompt_hash, "trace_version": TRACE_VERSION}
            row = steps.insert().values(**same, **made)
            c.execute(blobs.insert().values(step_id=c.execute(row).inserted_primary_key[0], **packed))
            if trace.collected is not None:
                data_sets.write(c, run_id, trace.learner, trace.collected)
            if trace.labels is not None:
                labels.write(c, run_id, trace.labels)
            for event in trace.events:
                write_event(c, same, event["kind"], event.get("value"), now, traced=True)
            lifecycle.made_step(c, run_id, trace.learner, trace.step, now)

    @again
    def rows_since(self, run_id: str, cursor: int) -> tuple[list[dict[str, Any]], int]:
        """(step rows newer than `cursor` in the order they were committed, the new cursor).

        A row has STEPS' columns and `prompt_hash`; what is not a finite number is None, as JSON has no word for it.
        """
        query = sa.select(steps.c.id, *_STEP).where(steps.c.run == run_id, steps.c.id > cursor).order_by(steps.c.id)
        with self.read() as c:
            stored = c.execute(query).all()
        rows = []
        for row in stored:
            values = step_values(row, constant=lambda _: None)
            rows.append({**{name: values[name] for name in STEPS.names}, "prompt_hash": row.prompt_hash})
        return rows, (stored[-1][0] if stored else cursor)

    def learner_steps(self, run_id: str, learner: str) -> Iterator[tuple[int, pa.Table, pa.Table, pa.Table]]:
        """Each step of a learner in order: (step, its STEPS row, its SAMPLES, its TOKENS), one read at a time.

        Columns that these tables have beyond the contract's come after those.
        """
        for number in self._numbers(run_id, learner):
            row = self._step(run_id, learner, number)
            yield number, one_row(step_values(row)), *step_tables(row)

    def layouts(self, run_id: str, learner: str) -> Iterator[tuple[pa.Schema, pa.Schema, pa.Schema]]:
        """The columns that each step's three tables have; their rows are left packed."""
        for number in self._numbers(run_id, learner):
            row = self._step(run_id, learner, number)
            yield one_row(step_values(row)).schema, schema_of(row.samples), schema_of(row.tokens)

    @again
    def _numbers(self, run_id: str, learner: str) -> Sequence[int]:
        query = sa.select(steps.c.step).where(steps.c.run == run_id, steps.c.learner == learner).order_by(steps.c.step)
        with self.read() as c:
            numbers: Sequence[int] = c.execute(query).scalars().all()
        return numbers

    def scalars(self, run_id: str, learner: str, step: int) -> dict[str, Any]:
        """The step's numbers by column; None where one is missing."""
        return step_values(self._step(run_id, learner, step), constant=lambda _: None)

    def samples(self, run_id: str, learner: str, step: int) -> pa.Table:
        return trace_table("samples", self._step(run_id, learner, step).samples)

    def tokens(self, run_id: str, learner: str, step: int) -> pa.Table:
        return step_tables(self._step(run_id, learner, step))[1]

    @again
    def collected(self, run_id: str, learner: str) -> pa.Table | None:
        """The data set that an offline learner learns from (COLLECTED); None where it has none, or made no step yet."""
        with self.read() as c:
            return data_sets.read(c, run_id, learner)

    @again
    def preferences(self, run_id: str) -> tuple[Preference, ...] | None:
        """The labelled pairs that the run's reward models learn from; None where it has none, or none yet."""
        with self.read() as c:
            return labels.read_from(c, run_id)

    @again
    def _step(self, run_id: str, learner: str, step: int) -> Any:
        query = sa.select(*_STEP, blobs.c.samples, blobs.c.tokens)
        query = query.join(blobs, blobs.c.step_id == steps.c.id).filter_by(run=run_id, learner=learner, step=step)
        with self.read() as c:
            row = c.execute(query).first()
        if row is None:
            raise RunNotFound(
                "The run {given} has no step {step} of a learner {learner}.",
                given=repr(run_id),
                step=step,
                learner=repr(learner),
            )
        return row

    # -- events and controls ---------------------------------------------------------------------------------------

    @again
    def events(self, run_id: str) -> list[dict[str, Any]]:
        """What happened, in order: {"learner", "step" (before which), "kind", "value", "time" (seconds since 1970)}."""
        with self.read() as c:
            stored = c.execute(sa.select(events).where(events.c.run == run_id).order_by(events.c.id)).mappings().all()
        names = ("learner", "step", "kind", "value", "time")
        return [{x: event_value(row) if x == "value" else row[x] for x in names} for row in map(sound_event, stored)]

    def add_event(self, run_id: str, learner: str, step: int, kind: str, value: Any = None) -> None:
        self._add_event({"run": run_id, "learner": learner, "step": step, "kind": kind, "time": time.time()}, value)

    @again
    def _add_event(self, event: dict[str, Any], value: Any) -> None:
        with self.write() as c:
            if c.execute(sa.select(events.c.id).filter_by(**event)).first():
                return  # the connection was lost when this had been committed
            where = {x: event[x] for x in ("run", "learner", "step")}
            write_event(c, where, event["kind"], value, event["time"], traced=False)

    def control(self, run_id: str, kind: str, value: Any = None, learner: str | None = None) -> None:
        """Asks the workers of a run (or of one learner) to pause, resume, make one step, stop or change settings.

        Learners that keep level do so after the same step (core/runs/level.py), unless only one of them is asked.
        A change's value is assignments as in core.given_config.change; raises ConfigError where they cannot be.
        """
        controls.ask(self, self.get(run_id), kind, value, learner)

    def take_controls(self, run_id: str, learner: str) -> list[Control]:
        """What was asked of a learner since the last call, in order; for its worker."""
        return controls.take(self, run_id, learner)

    def shall_stop(self, run_id: str, learner: str) -> bool:
        """Whether a learner was asked to stop, or its run is no longer there; what was asked stays to be taken."""
        return controls.shall_stop(self, run_id, learner)

    # -- inside ----------------------------------------------------------------------------------------------------

    def _infos(self, which: Any) -> list[RunInfo | UnreadableRun]:
        mine = sa.select(learners).join(runs, learners.c.run == runs.c.id).where(which).order_by(learners.c.position)
        with self.read() as c:
            heads = c.execute(sa.select(runs).where(which).order_by(runs.c.created.desc(), runs.c.id)).mappings().all()
            rows = c.execute(mine).mappings().all()
        damage = {row["run"]: column for row in rows if (column := damaged(row, LEARNER))}
        sound = [row for row in rows if not damaged(row, LEARNER)]
        dead = lifecycle.mark_dead(self, sound)
        grouped: dict[str, list[LearnerInfo]] = {head["id"]: [] for head in heads}
        for row in sound:
            now = {**row, **dead.get((row["run"], row["name"]), {})}
            try:
                grouped[row["run"]].append(lifecycle.learner_info(now))
            except RecursionError:  # JSON nested too deeply
                damage[row["run"]] = "preparing"
        return [run_of(head, grouped[head["id"]], damage.get(head["id"])) for head in heads]


_STEP = (steps.c.learner, steps.c.step, steps.c.scalars, steps.c.prompt_hash, steps.c.trace_version)


def _is_run(run_id: str) -> sa.ColumnElement[bool]:
    """Which row is the run's; also where what is stored as its id is no text."""
    data = bytes_of(run_id)
    return runs.c.id == run_id if data is None else sa.cast(runs.c.id, sa.LargeBinary) == data


def _require(row: Any, run_id: str) -> None:
    if not row:
        raise RunNotFound("There is no run {given}; it may have been deleted.", given=repr(run_id))
