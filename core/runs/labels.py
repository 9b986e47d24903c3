"""The labelled pairs that a run's reward models learn from, as the store keeps them: one file's content a run."""

from __future__ import annotations

import sqlalchemy as sa

from core.rewards.preferences import Preference, PreferencesError, read, to_json
from core.runs.errors import DataUnreadable
from core.runs.tables import preferences


def write(c: sa.Connection, run_id: str, content: str) -> None:
    """Keeps them, in the place of those that are there."""
    c.execute(preferences.delete().filter_by(run=run_id))
    c.execute(preferences.insert().values(run=run_id, content=content))


def content_of(labels: tuple[Preference, ...]) -> str:
    """What `write` is given. Raises PreferencesError where these are more than a run may have."""
    content = to_json(labels)
    read(content)
    return content


def read_from(c: sa.Connection, run_id: str) -> tuple[Preference, ...] | None:
    """The run's labels; None where it has none. Raises DataUnreadable where they are damaged."""
    row = c.execute(sa.select(preferences.c.content).filter_by(run=run_id)).first()
    if row is None:
        return None
    try:
        return read(row.content)
    except PreferencesError as error:
        raise DataUnreadable("The labels of this run are damaged in the store: {cause}.", cause=error) from error
