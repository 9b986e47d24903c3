"""What a process that was killed while it kept something leaves behind: counted until it is removed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.models import reward
from core.places import critics_folder
from core.runs.keeping import WRITING_S, bytes_used, sweep
from core.runs.store import RunStore
from core.workers.limits import RunLimits

#: Keeps a reward model, and is killed by the system while its weights are written.
KILLED = """
import os, signal
import safetensors.torch, torch
from core.models import reward
from core.models.start import load
from core.models.value import ValueModel

def killed(_weights, path):
    path.write_bytes(b"x" * 100_000)
    os.kill(os.getpid(), signal.SIGKILL)

safetensors.torch.save_file = killed
known = dict(model="reply", start_sha256="", task={}, shift=0.0, scale=1.0, preferences=2)
known |= dict(heldout_accuracy=None, settings={})
reward.save(ValueModel(load("reply", torch.device("cpu")).model), known, "mine")
"""


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunStore:
    monkeypatch.setenv("CREDIT_LAB_HOME", str(tmp_path))
    return RunStore()


def aged(place: Path) -> None:
    before = time.time() - WRITING_S - 5
    for each in (*place.rglob("*"), place):
        os.utime(each, (before, before))


def test_a_kill_while_a_reward_model_is_kept_leaves_nothing_for_ever(store: RunStore) -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", KILLED], cwd=root, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert done.returncode == -9
    [left] = reward.folder().iterdir()
    assert reward.names() == [], "it is none that a run could take"
    assert bytes_used(store) > 100_000, "until it is removed it counts on the disk"
    RunLimits().tidy(store)
    assert left.exists(), "it may still be written"
    aged(left)
    before = bytes_used(store)
    RunLimits().tidy(store)
    assert list(reward.folder().iterdir()) == []
    assert bytes_used(store) <= before - 100_000


def test_half_written_critics_and_checkpoints_go_and_whole_ones_stay(store: RunStore) -> None:
    folder = store.home / "checkpoints" / "run" / "ppo"
    partial = [critics_folder() / "x.partial", folder / "000002.pt.partial"]
    whole = [critics_folder() / "x.pt", folder / "000002.pt", reward.folder() / "mine-00000000"]
    for place in (*partial, *whole):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(b"x")
        aged(place)
    fresh = folder / "000004.pt.partial"
    fresh.write_bytes(b"x")
    assert sorted(sweep(store)) == sorted(partial)
    assert all(x.exists() for x in (*whole, fresh))
    assert not any(x.exists() for x in partial)
