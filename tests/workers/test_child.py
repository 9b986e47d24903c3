"""What is said of a worker that ended without a word: where Resume goes on depends on what had been written."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from core.presets import preset
from core.runs import lifecycle
from core.runs.store import RunStore
from core.training import checkpoints
from core.workers.child import STORE_LOST, ended_by
from core.workers.launcher import LocalLauncher


@pytest.mark.parametrize("code", [STORE_LOST, -signal.SIGKILL, -signal.SIGTERM, -100])
def test_resume_continues_only_from_what_was_written(code: int) -> None:
    continues, begins = ended_by(code, saved=True), ended_by(code, saved=False)
    assert str(continues).endswith("last checkpoint.")
    assert str(begins).endswith("Resume begins anew.")
    assert continues.key != begins.key, "translations are looked up by key"


@pytest.mark.parametrize(("file", "words"), [(None, "begins anew"), ("000000", "begins anew"), ("000010", "continues")])
def test_a_killed_workers_run_says_where_it_goes_on(tmp_path: Path, file: str | None, words: str) -> None:
    store = RunStore(f"sqlite:///{tmp_path / 'runs.sqlite'}", home=tmp_path)
    run_id = store.create(preset("chain-sum"))
    lifecycle.enqueue(store, run_id, ["ppo"])
    assert lifecycle.claim(store, run_id, "ppo")
    if file is not None:
        folder = checkpoints.folder(tmp_path, run_id, "ppo")
        folder.mkdir(parents=True)
        (folder / f"{file}.pt").touch()
    launcher = LocalLauncher(store, limit=1)
    launcher._write_end(run_id, "ppo", os.getpid(), -signal.SIGKILL)
    [ppo, _] = store.get(run_id).learners
    assert ppo.status == "failed"
    assert f"Resume {words}" in str(ppo.reason)
    launcher.close()
