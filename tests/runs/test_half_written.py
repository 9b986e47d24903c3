"""What a process that was killed while it kept something leaves behind: counted until it is removed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core.config import RunConfig
from core.models import reward, scratch
from core.places import critics_folder, reward_models_folder
from core.runs import lifecycle
from core.runs.keeping import WRITING_S, bytes_used, sweep
from core.runs.store import RunStore
from core.workers.limits import RunLimits

#: Keeps a reward model, and is killed by the system while its weights are written.
KILLED = """
import os, signal
import safetensors.torch, torch
from core.config import RunConfig
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


#: Keeps a critic or a reward model, and is asleep in the midst of it.
ASLEEP = """
import sys, time
from pathlib import Path
from core.models import scratch

def write(folder):
    (folder / "weights").write_bytes(b"x")
    print(flush=True)
    sys.stdin.read()
    (folder / "weights").rename(folder.parent / "whole")

scratch.written(Path(sys.argv[1]), write)
"""


def aged(place: Path) -> None:
    before = time.time() - WRITING_S - 5
    for each in (*place.rglob("*"), place):
        os.utime(each, (before, before), follow_symlinks=False)


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


@pytest.mark.parametrize("folder", [critics_folder, reward_models_folder])
def test_who_lives_is_never_swept_however_long_it_slept(store: RunStore, folder: Callable[[], Path]) -> None:
    """A laptop's lid was closed for hours while it wrote; and who was killed meanwhile, is."""
    command, pipe = [sys.executable, "-c", ASLEEP, str(folder())], subprocess.PIPE
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, stdin=pipe, stdout=pipe) as living, subprocess.Popen(
        command, cwd=root, stdin=pipe, stdout=pipe
    ) as killed:  # fmt: skip
        for process in (living, killed):
            assert process.stdout is not None
            process.stdout.readline()
        both = set(folder().iterdir())
        assert len(both) == 2
        for place in both:
            aged(place)
        assert sweep(store) == []
        killed.kill()
        killed.wait()
        [gone] = sweep(store)
        assert gone in both
        assert set(folder().iterdir()) == both - {gone}
        living.communicate(b"")
        assert living.returncode == 0
    assert [x.name for x in folder().iterdir()] == ["whole"]


def test_who_finds_what_it_wrote_removed_writes_it_again(tmp_path: Path) -> None:
    """On a folder that machines share, whose file system forgot the lock while the writer's machine slept."""
    wrote = list[Path]()

    def write(folder: Path) -> str:
        (folder / "weights").write_bytes(b"x")
        wrote.append(folder)
        if len(wrote) == 1:
            scratch.remove(folder)
        os.replace(folder / "weights", tmp_path / "whole")
        return "done"

    assert scratch.written(tmp_path, write) == "done"
    assert len(wrote) == 2
    assert [x.name for x in tmp_path.iterdir()] == ["whole"]


def test_what_cannot_be_written_is_not_tried_again(tmp_path: Path) -> None:
    tried = list[Path]()

    def write(folder: Path) -> None:
        tried.append(folder)
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        scratch.written(tmp_path, write)
    assert len(tried) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "made", ["a long name", "one that was being removed", "a pipe", "a folder", "a link", "nothing"]
)
def test_whatever_was_put_there_by_hand_goes_and_takes_nothing_else_along(store: RunStore, made: str) -> None:
    place = reward_models_folder() / f"{scratch.UNFINISHED}{'x' * 248 if made == 'a long name' else 'x'}"
    place.mkdir(parents=True)
    (place / "weights").write_bytes(b"x")
    theirs, lock = store.home / "thesis.txt", place / scratch.LOCK
    theirs.write_text("mine")
    if made == "a pipe":
        os.mkfifo(lock)
    elif made == "a folder":
        lock.mkdir()
    elif made == "a link":
        lock.symlink_to(theirs)
    elif made == "one that was being removed":
        other = place.with_name(f"{place.name}-gone")
        (other / "weights").mkdir(parents=True)
    aged(place)
    assert sweep(store) == [place]
    assert not place.exists()
    assert theirs.read_text() == "mine"


def test_what_is_another_users_is_left_to_them(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder that users share, whoever may write beside it can move it; its lock tells them nothing."""
    place = critics_folder() / f"{scratch.UNFINISHED}x"
    place.mkdir(parents=True)
    lock, opened = place / scratch.LOCK, Path.open
    lock.touch()
    aged(place)

    def refused(path: Path, *given: object) -> object:
        if path == lock:
            raise PermissionError(13, "not yours", str(path))
        return opened(path, *given)  # type: ignore[call-overload]

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", refused)
        assert sweep(store) == []
    assert sweep(store) == [place]


@pytest.mark.parametrize("system_has_some", [True, False])
def test_without_locks_the_age_alone_tells(
    store: RunStore, monkeypatch: pytest.MonkeyPatch, system_has_some: bool
) -> None:
    def refused(*_given: object) -> None:
        raise OSError("not on this file system")

    if system_has_some:
        monkeypatch.setattr("fcntl.flock", refused)
    else:
        monkeypatch.setitem(sys.modules, "fcntl", None)
    seen = list[bool]()

    def write(folder: Path) -> None:
        seen.append(sweep(store) == [])
        aged(folder)
        if len(seen) == 1:
            assert sweep(store) == [folder]
            (folder / "weights").write_bytes(b"x")

    scratch.written(critics_folder(), write)
    assert seen == [True, True]


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


def test_a_checkpoint_of_a_run_under_way_stays_however_long_its_worker_slept(store: RunStore) -> None:
    """A laptop's lid was closed while it was written: it looks old, and its worker goes on with it."""
    run = store.create(RunConfig(steps=3))
    names = [x.name for x in store.get(run).config.learners]
    lifecycle.enqueue(store, run, names)
    assert lifecycle.claim(store, run, names[0])
    partial = store.home / "checkpoints" / run / names[0] / "000002.pt.partial"
    partial.parent.mkdir(parents=True)
    partial.write_bytes(b"x")
    aged(partial)
    assert sweep(store) == []
    assert partial.exists()
    for name in names:
        lifecycle.mark(store, run, name, "stopped")
    assert sweep(store) == [partial]
    assert not partial.exists()


def test_what_cannot_be_removed_is_not_said_to_be(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    left = critics_folder() / "x.partial"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"x")
    aged(left)

    def refused(_self: Path) -> None:
        raise PermissionError

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refused)
        assert sweep(store) == []
    assert sweep(store) == [left]


def test_a_link_is_removed_and_not_what_it_leads_to(store: RunStore, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "thesis.txt").write_text("mine")
    reward.folder().mkdir(parents=True)
    link = reward.folder() / f"{scratch.UNFINISHED}x"
    link.symlink_to(theirs, target_is_directory=True)
    before = time.time() - WRITING_S - 5
    os.utime(link, (before, before), follow_symlinks=False)
    aged(theirs)
    assert sweep(store) == [link]
    assert (theirs / "thesis.txt").read_text() == "mine"
