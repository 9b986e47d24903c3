"""Where a watched TRL run is kept: among the app's runs, or in a store of its own until its files are written."""

from __future__ import annotations

import contextlib
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from core.errors import Message
from core.learners.registry import AnyLearner
from core.runs import lifecycle
from core.runs.export import export
from core.runs.foreign import ForeignLearner, foreign_config
from core.runs.records import Status
from core.runs.store import RunStore
from core.training.trace import StepTrace
from core.versions import versions

_PAUSE_S = 0.2


class StoredRun:
    """A run that TRL trains: its row and its trace. It reads as running, on this process, until it is closed."""

    def __init__(self, known: dict[str, Any], learner: ForeignLearner, name: str, *, keep: bool) -> None:
        """`known` are the run's settings as far as TRL tells them; `keep` puts the run among the app's."""
        self._folder = contextlib.ExitStack()
        if keep:
            self._store = RunStore()
        else:
            temporary = tempfile.TemporaryDirectory(prefix="credit-lab-", ignore_cleanup_errors=True)
            where = self._folder.enter_context(temporary)
            self._store = RunStore(f"sqlite:///{where}/runs.sqlite", home=Path(where))
        self._learner = learner
        self._versions = {**versions(), "trl": version("trl")}
        config = foreign_config(f"TRL {version('trl')}", known, [learner])
        self.settings: AnyLearner = config.learners[0]
        self.run_id = self._store.create(config, name)
        lifecycle.enqueue(self._store, self.run_id, [self.settings.name])
        lifecycle.claim(self._store, self.run_id, self.settings.name)

    def append(self, trace: StepTrace) -> None:
        self._store.append(self.run_id, trace)

    def stop_requested(self) -> bool:
        """Waits while the lab asks for a pause; True where it asks to stop."""
        name, paused, stop = self.settings.name, False, False
        while True:
            asked = [x.kind for x in self._store.take_controls(self.run_id, name)]
            for kind in asked:
                paused = kind == "pause" if kind in ("pause", "resume", "stop") else paused
                stop = stop or kind == "stop"
            if asked:
                lifecycle.mark(self._store, self.run_id, name, "paused" if paused else "running")
            if not paused:
                return stop
            time.sleep(_PAUSE_S)

    def close(self, status: Status, reason: Message | None, out: Path | None) -> None:
        """The run is over: it cannot be trained on here. Writes the four files where `out` is given."""
        info = self._store.get(self.run_id)
        learner = info.learners[0]
        head = {
            "name": learner.name,
            "status": status,
            "reason_message": reason and reason.to_dict(),
            "step": learner.step,
            "steps": learner.step + 1 if status == "finished" else learner.steps,
            "start_hash": None,
            "device": self._learner.device,
            "warning_message": self._learner.warning and self._learner.warning.to_dict(),
        }
        about = {"created": info.created, "versions": self._versions, "learners": [head], "events": []}
        lifecycle.record(self._store, self.run_id, about)
        try:
            if out is not None:
                export(self._store, self.run_id, out)
        finally:
            self._store.close()
            self._folder.close()
