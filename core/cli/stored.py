"""What is done with runs that are stored: export, save, import, runs, delete."""

from __future__ import annotations

import argparse
import contextlib
import sys
from datetime import datetime

from core.cli.usage import UsageError
from core.refusals import either
from core.runs.errors import RunNotFound
from core.runs.export import export
from core.runs.records import RunInfo
from core.runs.save import save_model
from core.runs.store import RunStore


def export_run(options: argparse.Namespace) -> int:
    """Writes a run as the files of its trace."""
    store = RunStore()
    for path in export(store, _named(store, options.run), options.out, options.format):
        print(path)
    return 0


def _named(store: RunStore, run: str) -> str:
    """The id of the one run whose id is, or begins with, `run`."""
    known = [x.id for x in store.runs()]
    matching = [run] if run in known else [x for x in known if x.startswith(run)]
    if not matching:
        raise UsageError(
            "There is no run whose id begins with {given}; `python -m core runs` lists them.", given=repr(run)
        )
    if len(matching) > 1:
        raise UsageError(
            "{count} runs' ids begin with {given}; `python -m core runs` lists them.",
            count=len(matching),
            given=repr(run),
        )
    return matching[0]


def save_policy(options: argparse.Namespace) -> int:
    """Writes a learner's policy as transformers saves models. Raises UsageError where it is not said whose."""
    store = RunStore()
    info = store.get(_named(store, options.run))
    names = [x.name for x in info.learners]
    if options.learner is None and len(names) > 1:
        raise UsageError(
            "This run has several learners; say whose policy, by {names}.",
            names=either([f"--learner {x}" for x in names]),
        )
    print(save_model(store, info.id, options.learner or names[0], options.out))
    return 0


def import_run(options: argparse.Namespace) -> int:
    """Takes in files of a run, made here or elsewhere."""
    from core.runs.importing import import_bounded

    store = RunStore()
    info = store.get(import_bounded(store, options.path, options.name))
    made = ", ".join(f"{x.name} {x.step + 1} steps" for x in info.learners)
    print(f"{info.id}  {made}  {info.name}")
    for learner in info.learners:
        if learner.warning:
            print(f"    {learner.warning}")
    return 0


def list_runs(_: argparse.Namespace) -> int:
    """Prints all runs, what cannot be opened with its reason."""
    runs = RunStore().runs()
    if not runs:
        print("There are no runs yet; start one in the app, or with `python -m core train --keep`.")
    for info in runs:
        made = ", ".join(f"{x.name} {x.step + 1}/{x.steps}" for x in info.learners)
        when = datetime.fromtimestamp(info.created).strftime("%Y-%m-%d %H:%M")
        status = info.status if isinstance(info, RunInfo) else "damaged" if info.damaged else "unread"
        print(f"{info.id}  {when}  {status:8}  {made}  {info.name}")
        note = info.reason if isinstance(info, RunInfo) else str(info.why)
        if note:
            print(f"    {note}")
    return 0


def delete_runs(options: argparse.Namespace) -> int:
    """Deletes all of the named runs or none: raises UsageError before anything is gone where one of them cannot be."""
    from core.runs.recorded import SHIPPED

    store = RunStore()
    names = {x.id: x for x in store.runs()}
    chosen = [names[x] for x in dict.fromkeys(_named(store, run) for run in options.runs)]
    for run in chosen:
        if run.id in SHIPPED:
            raise UsageError("The run {given} is part of the app and cannot be deleted.", given=repr(run.name))
        # What cannot be opened cannot be stopped either; its workers end when they find it gone.
        if run.under_way and isinstance(run, RunInfo):
            raise UsageError(
                "The run {given} is under way: stop it first (in the lab, or where it was started).",
                given=repr(run.name),
            )
    if not options.yes and not _confirmed([f"{run.id}  {run.name}" for run in chosen]):
        print("Nothing was deleted.")
        return 1
    for run in chosen:
        with contextlib.suppress(RunNotFound):  # someone else was faster; it is gone, as was asked
            store.delete(run.id)
        print(f"deleted {run.id}  {run.name}")
    return 0


def _confirmed(lines: list[str]) -> bool:
    """Whether the person at the terminal wants these runs gone."""
    if not sys.stdin.isatty():
        raise UsageError("Deleting cannot be undone; give --yes where nobody can be asked.")
    print(*lines, sep="\n")
    try:
        answer = input("Delete with traces and checkpoints? This cannot be undone. [y/N] ")
    except (EOFError, KeyboardInterrupt):
        print()
        return False
    return answer.strip().lower() in ("y", "yes")
