"""The data set that an offline learner learns from, as the store keeps it: one table a learner, written once."""

from __future__ import annotations

import pyarrow as pa
import sqlalchemy as sa

from core.runs.arrow import pack
from core.runs.errors import DataUnreadable
from core.runs.reading import trace_table
from core.runs.table_checks import RowsError, check_collected
from core.runs.tables import collected
from core.training.trace import COLLECTED


def write(c: sa.Connection, run_id: str, learner: str, table: pa.Table) -> None:
    """Keeps the set, in the place of one that is there."""
    same = {"run": run_id, "learner": learner}
    c.execute(collected.delete().filter_by(**same))
    c.execute(collected.insert().values(**same, responses=pack(table, COLLECTED)))


def read(c: sa.Connection, run_id: str, learner: str) -> pa.Table | None:
    """The set as COLLECTED; None where the learner has none. Raises DataUnreadable where it is damaged."""
    row = c.execute(sa.select(collected.c.responses).filter_by(run=run_id, learner=learner)).first()
    if row is None:
        return None
    table = trace_table("collected", row.responses)
    try:
        check_collected(table)
    except RowsError as error:
        raise DataUnreadable("The data set of this run is damaged in the store: {cause}.", cause=error) from error
    return table
