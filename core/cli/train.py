"""`train`: one run from its options to the four files of its trace."""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from core.cli.usage import UsageError
from core.config import RunConfig
from core.given_config import change, parse_config, takes_none
from core.learners import registry
from core.learners.registry import LEARNER_KINDS, AnyLearner
from core.learners.variants import VARIANTS
from core.presets import about, preset
from core.rewards.preferences import Preference
from core.runs.event_values import LEFT
from core.runs.export import COLLECTED_FILE, LABELS_FILE, export
from core.runs.records import RunInfo, readable
from core.runs.store import RunStore
from core.tasks.registry import unmet_turns
from core.workers.launcher import LocalLauncher
from core.workers.limits import RunLimits

POLL_S = 0.1
FILES = {
    *("run.json", LABELS_FILE),
    *(f"{x}.{y}" for x in ("steps", "samples", "tokens", COLLECTED_FILE) for y in ("parquet", "csv")),
}


def train_run(options: argparse.Namespace) -> int:
    """Trains what the options say, writes the files, and says how each learner ended; 1 where one failed."""
    return make_run(config_of(options), options.out, keep=options.keep)


def make_run(config: RunConfig, out: Path, *, keep: bool, labels: Sequence[Preference] = ()) -> int:
    """One run in workers, written into the folder `out`; `labels` for one that trains a reward model. Returns the exit
    code; raises what is refused."""
    _check_folder(out)
    with contextlib.ExitStack() as stack:
        store = stack.enter_context(_store(keep=keep))
        launcher = LocalLauncher(store, limit=1, limits=RunLimits.of_server() if keep else None)
        stack.callback(launcher.close)
        launcher.limits.check(config, store)  # before a run is written down
        run_id = store.create(config, preferences=labels)
        launcher.start(run_id)
        try:
            _follow(store, run_id, config)
        except KeyboardInterrupt:
            print("\nStopping; what was made so far is written.", file=sys.stderr)
            launcher.close()  # the workers finish their step, save and end
        paths = export(store, run_id, out)
        return _report(store.get(run_id), store.events(run_id), paths)


def config_of(options: argparse.Namespace) -> RunConfig:
    """The run that the options describe. Raises what is refused of them."""
    config = preset(options.preset)
    if options.learner:
        chosen = [_learner(config, name) for name in dict.fromkeys(options.learner)]
        config = parse_config({**config.model_dump(), "learners": [x.model_dump() for x in chosen]})
    assignments = dict(_assignment(text) for text in options.assignments)
    # As the settings' list and the lab's form write it; JSON's null is none, too.
    assignments = {x: None if value == "none" and takes_none(config, x) else value for x, value in assignments.items()}
    assignments |= {x: getattr(options, x) for x in ("steps", "seed", "trace") if getattr(options, x, None) is not None}
    config = change(config, assignments) if assignments else config
    if note := unmet_turns(config.task, config.model):
        print(note, file=sys.stderr)
    return config


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
    left = {x["learner"]: x["value"] for x in events if x["kind"] == LEFT}
    for learner in info.learners:
        line = f"{learner.name}: {learner.status} after {learner.step + 1} of {learner.steps} steps"
        if learner.name in final:
            line += f"; held-out success {_measured(final[learner.name])}"
        if learner.name in left:
            name = left[learner.name]["name"]
            line += f"; kept as {name}: --set reward=reward-model reward_model={name}"
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
