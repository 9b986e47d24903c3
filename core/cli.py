"""What the command line does (its options are in core/__main__.py)."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from core.config import RunConfig, change, parse_config, takes_none
from core.errors import Refusal
from core.learners import registry
from core.learners.registry import LEARNER_KINDS, AnyLearner
from core.learners.variants import VARIANTS
from core.presets import about, preset
from core.refusals import either
from core.runs.errors import RunNotFound
from core.runs.export import export
from core.runs.records import RunInfo, readable
from core.runs.save import save_model
from core.runs.store import RunStore
from core.settings_list import list_settings
from core.workers.launcher import LocalLauncher
from core.workers.limits import RunLimits

POLL_S = 0.1
#: Set where a page runs a command: what is refused is then said as JSON, for the viewer's language.
AS_JSON = "CREDIT_LAB_REFUSALS_AS_JSON"
FILES = {"run.json", *(f"{x}.{y}" for x in ("steps", "samples", "tokens") for y in ("parquet", "csv"))}


class UsageError(Refusal, ValueError):
    """A request on the command line that cannot be met."""


def run(options: argparse.Namespace) -> int:
    """Does what the parsed options say; returns the exit code."""
    commands = {"train": _train, "export": _export, "save": _save, "import": _import, "runs": _runs, "delete": _delete}
    try:
        return {**commands, "settings": _settings}[options.command](options)
    except Refusal as error:
        print(error.message.to_json() if os.environ.get(AS_JSON) else error, file=sys.stderr)
        return 2
    except BrokenPipeError:  # `… | head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0


# -- train -------------------------------------------------------------------------------------------------------------


def _train(options: argparse.Namespace) -> int:
    config = _config(options)
    _check_folder(options.out)
    with contextlib.ExitStack() as stack:
        store = stack.enter_context(_store(keep=options.keep))
        launcher = LocalLauncher(store, limit=1, limits=RunLimits.of_server() if options.keep else None)
        stack.callback(launcher.close)
        launcher.limits.check(config, store)  # before a run is written down
        run_id = store.create(config)
        launcher.start(run_id)
        try:
            _follow(store, run_id, config)
        except KeyboardInterrupt:
            print("\nStopping; what was made so far is written.", file=sys.stderr)
            launcher.close()  # the workers finish their step, save and end
        paths = export(store, run_id, options.out)
        return _report(store.get(run_id), store.events(run_id), paths)


def _config(options: argparse.Namespace) -> RunConfig:
    config = preset(options.preset)
    if options.learner:
        chosen = [_learner(config, name) for name in dict.fromkeys(options.learner)]
        config = parse_config({**config.model_dump(), "learners": [x.model_dump() for x in chosen]})
    assignments = dict(_assignment(text) for text in options.assignments)
    # As the settings' list and the lab's form write it; JSON's null is none, too.
    assignments = {x: None if value == "none" and takes_none(config, x) else value for x, value in assignments.items()}
    assignments |= {x: getattr(options, x) for x in ("steps", "seed", "trace") if getattr(options, x) is not None}
    return change(config, assignments) if assignments else config


def _learner(config: RunConfig, name: str) -> AnyLearner:
    """The preset's learner of that name, else the named algorithm, else a learner of the named kind."""
    for own in config.learners:
        if own.name == name:
            return own
    if name in VARIANTS:
        return VARIANTS[name].settings
    if name in LEARNER_KINDS:
        return registry.learner(name)
    known = dict.fromkeys([*(x.name for x in config.learners), *VARIANTS, *LEARNER_KINDS])
    raise UsageError("there is no learner called {given}; there are {names}", given=repr(name), names=list(known))


def _assignment(text: str) -> tuple[str, Any]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise UsageError("--set takes NAME=VALUE, for example epsilon=0.1, but got {given}.", given=repr(text))
    try:
        return name.strip(), json.loads(value)
    except (ValueError, RecursionError):  # no JSON, or numbers and levels beyond what is read: taken as text
        return name.strip(), value


def _check_folder(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise UsageError("--out must be a folder, but {place} is a file.", place=folder)
    strangers = sorted(x.name for x in folder.iterdir() if x.name not in FILES) if folder.is_dir() else []
    if strangers:
        raise UsageError(
            "{place} holds other files ({names}); give --out a new or empty folder.", place=folder, names=strangers[:3]
        )


@contextlib.contextmanager
def _store(*, keep: bool) -> Iterator[RunStore]:
    """The app's store, or a temporary one, of which only the logs stay that a failed learner's reason names."""
    if keep:
        yield RunStore()
        return
    folder, failed = Path(tempfile.mkdtemp(prefix="credit-lab-")), False
    store = RunStore(f"sqlite:///{folder}/runs.sqlite", home=folder)
    try:
        yield store
        failed = any(x.status == "failed" for x in readable(store.runs()))
    finally:
        store.close()
        for path in folder.iterdir():
            if path.is_file():
                path.unlink()
            elif path.name != "logs" or not failed:
                shutil.rmtree(path, ignore_errors=True)
        with contextlib.suppress(OSError):  # it still holds the logs
            folder.rmdir()


def _follow(store: RunStore, run_id: str, config: RunConfig) -> None:
    """A progress bar until no learner has a worker any more."""
    from tqdm import tqdm

    total = config.steps * len(config.learners)
    success: dict[str, float | None] = {}
    cursor = 0
    with tqdm(total=total, unit="step", desc=about(config)) as bar:
        while True:
            info = store.get(run_id)
            over = info.status not in ("queued", "running", "paused") and not info.active
            rows, cursor = store.rows_since(run_id, cursor)
            for row in rows:
                success[row["learner"]] = row["success_rate"]
            if rows:
                known = {name: f"{value:.2f}" for name, value in sorted(success.items()) if value is not None}
                bar.set_postfix(known, refresh=False)
                bar.update(len(rows))
            if over:
                return
            time.sleep(POLL_S)


def _report(info: RunInfo, events: list[dict[str, Any]], paths: list[Path]) -> int:
    final = {x["learner"]: x["value"] for x in events if x["kind"] == "final"}
    for learner in info.learners:
        line = f"{learner.name}: {learner.status} after {learner.step + 1} of {learner.steps} steps"
        if learner.name in final:
            line += f"; held-out success {_measured(final[learner.name])}"
        print(line)
    print("wrote", " ".join(str(path) for path in paths))
    for learner in info.learners:
        if learner.status == "failed":
            print(f"{learner.name}: {learner.reason}", file=sys.stderr)
    return {"finished": 0, "stopped": 130}.get(info.status, 1)


def _measured(value: Any) -> str:
    """A final event's shares; none where one was not measured, or what is stored is no share."""
    shares = [(kind, value.get(kind) if isinstance(value, dict) else None) for kind in ("sampled", "greedy")]
    known = [f"{share:.3f} {kind}" for kind, share in shares if _is_share(share)]
    return ", ".join(known) or "not recorded"


def _is_share(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


# -- export, runs, settings --------------------------------------------------------------------------------------------


def _export(options: argparse.Namespace) -> int:
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


def _save(options: argparse.Namespace) -> int:
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


def _import(options: argparse.Namespace) -> int:
    from core.runs.importing import import_bounded

    store = RunStore()
    info = store.get(import_bounded(store, options.path, options.name))
    made = ", ".join(f"{x.name} {x.step + 1} steps" for x in info.learners)
    print(f"{info.id}  {made}  {info.name}")
    for learner in info.learners:
        if learner.warning:
            print(f"    {learner.warning}")
    return 0


def _runs(_: argparse.Namespace) -> int:
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


def _delete(options: argparse.Namespace) -> int:
    """All of the named runs or none: whatever is refused is refused before anything is gone."""
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


def _settings(_: argparse.Namespace) -> int:
    list_settings()
    return 0
