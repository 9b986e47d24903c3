"""How much the store takes, and which runs have been kept long enough."""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from core.models import scratch
from core.places import critics_folder, reward_models_folder
from core.runs.errors import RunNotFound
from core.runs.recorded import SHIPPED
from core.runs.records import RunInfo
from core.runs.store import RunStore

log = logging.getLogger(__name__)

#: Folders of the data folder that grow with runs. (Models are kept for all runs, and only few.)
_FOLDERS = ("checkpoints", "logs")
#: Seconds in which whoever writes one of the files that runs leave has written something more of it.
WRITING_S = 600


def bytes_used(store: RunStore) -> int:
    """What runs take: their rows and traces in the database, checkpoints and logs, the critics that were fitted for
    them, and the reward models that they left.

    Pages of a SQLite file that deleted runs have left count as free: the next runs fill them.
    """
    with store.read() as c:
        if c.dialect.name == "sqlite":
            pages, free, size = (
                c.execute(sa.text(f"PRAGMA {x}")).scalar_one() for x in ("page_count", "freelist_count", "page_size")
            )
            database = (pages - free) * size
        else:
            database = int(c.execute(sa.text("SELECT pg_database_size(current_database())")).scalar_one())
    folders = [*(store.home / x for x in _FOLDERS), critics_folder(), reward_models_folder()]
    return database + sum(sum(_sizes(x)) for x in folders)


def _sizes(folder: Path) -> Iterator[int]:
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):  # gone meanwhile
                yield os.lstat(os.path.join(place, name)).st_size


def sweep(store: RunStore) -> list[Path]:
    """Removes what a process that was killed while it kept something has left half written: until then it counts on
    the disk. What was touched in the last WRITING_S seconds may still be written, by a worker or another server. What a
    living process writes stays however long that has been asleep with its machine (core/models/scratch.py), and so does
    a checkpoint of a run that is under way.

    Returns what was removed.
    """
    checkpoints = list((store.home / "checkpoints").glob("*/*/*.partial"))
    going = {x.id for x in store.runs() if x.under_way} if checkpoints else set()
    unfinished = [
        *(x for folder in (reward_models_folder(), critics_folder()) for x in folder.glob(f"{scratch.UNFINISHED}*")),
        *critics_folder().glob("*.partial"),  # as earlier versions wrote them
        *(x for x in checkpoints if x.parents[1].name not in going),
    ]
    old = [x for x in unfinished if _touched(x) < time.time() - WRITING_S and not scratch.is_being_written(x)]
    for place in old:
        if place.is_dir() and not place.is_symlink():
            scratch.remove(place)
        else:
            with contextlib.suppress(OSError):
                place.unlink()
    gone = [x for x in old if not x.exists()]
    for place in gone:
        log.info("%s was left half written, and is removed", place)
    return gone


def _touched(place: Path) -> float:
    """When anything in it was last written; now, where it has gone meanwhile."""
    try:
        return max(x.lstat().st_mtime for x in (place, *place.rglob("*")))
    except OSError:
        return time.time()


def delete_old(store: RunStore, keep: int | None, since: float | None) -> list[str]:
    """Deletes runs that are over beyond the `keep` newest, and those that ended before `since` (seconds since 1970).

    None: no such bound. Runs under way, those that this version cannot open, and the recorded ones that come with the
    app are never deleted, nor counted. Returns the ids of what was deleted.
    """
    over = [x for x in store.runs() if isinstance(x, RunInfo) and x.id not in SHIPPED and not _may_go_on(x)]
    over.sort(key=_ended, reverse=True)
    kept = over[:keep]
    if since is not None:
        kept = [x for x in kept if _ended(x) >= since]
    old = [x for x in over if x not in kept]
    for run in old:
        with contextlib.suppress(RunNotFound):  # somebody else was faster
            store.delete(run.id)
            log.info("the run %s (%s) was kept long enough and is deleted", run.id, run.name)
    return [x.id for x in old]


def _may_go_on(run: RunInfo) -> bool:
    """Whether a process has it, or is about to: what was created a moment ago waits without one."""
    return run.under_way or run.status in ("queued", "running", "paused")


def _ended(run: RunInfo) -> float:
    return max((x.updated for x in run.learners), default=run.created)
