"""Workers: what they are asked they do, what they make again is the same, and their death is noticed.

Most tests run a worker in this process, where it can be interrupted at an exact step; the last ones fork real ones.
"""

from __future__ import annotations

import functools
import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from core.config import RunConfig
from core.runs import lifecycle
from core.runs.errors import StoreError
from core.runs.export import export
from core.runs.records import RunInfo
from core.runs.store import RunStore
from core.training import checkpoints
from core.training.trace import StepTrace
from core.workers import worker as worker_module
from core.workers.controls import Controls
from core.workers.launcher import LauncherError, LocalLauncher
from core.workers.process import supervise
from core.workers.worker import Worker
from tests import warm
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("warm_python")

SMALL = RunConfig.model_validate(
    {"steps": 6, "prompts_per_step": 4, "num_generations": 4, "eval_every": 0, "checkpoint_every": 2}
    | {"device": "cpu", "task": {"kind": "chain-sum", "heldout": 16}}
)
ENDLESS = SMALL.model_copy(update={"steps": 10_000})


class Crash(RuntimeError):
    pass


class Interrupted(RunStore):
    """A store that calls `after(step)` when a step is committed."""

    after: Callable[[int], Any] | None = None

    def append(self, run_id: str, trace: StepTrace) -> None:
        super().append(run_id, trace)
        if self.after is not None:
            self.after(trace.step)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def store(tmp_path: Path) -> Interrupted:
    return Interrupted(f"sqlite:///{tmp_path / 'home' / 'runs.sqlite'}", home=tmp_path / "home")


def live(store: RunStore, run_id: str, learner: str = "ppo") -> int:
    """One life of a worker; returns its exit code."""
    lifecycle.enqueue(store, run_id, [learner])
    assert lifecycle.claim(store, run_id, learner)
    return supervise(Worker(store, run_id, learner))


def crash_at(step: int) -> Callable[[int], None]:
    def after(made: int) -> None:
        if made == step:
            raise Crash("the machine is on fire")

    return after


def tokens_file(store: RunStore, run_id: str, folder: Path) -> bytes:
    paths = export(store, run_id, folder)
    return next(x for x in paths if x.name == "tokens.parquet").read_bytes()


@functools.cache
def straight(config: RunConfig, *learners: str) -> bytes:
    """tokens.parquet of a run that nothing interrupts."""
    with tempfile.TemporaryDirectory() as folder:
        store = RunStore(f"sqlite:///{folder}/runs.sqlite", home=Path(folder))
        run_id = store.create(config)
        for learner in learners:
            assert live(store, run_id, learner) == 0
        return tokens_file(store, run_id, Path(folder) / "export")


def kinds(store: RunStore, run_id: str, learner: str = "ppo") -> list[tuple[str, int]]:
    return [(x["kind"], x["step"]) for x in store.events(run_id) if x["learner"] == learner]


# -- the same again ----------------------------------------------------------------------------------------------------


def test_the_same_seed_twice_gives_the_same_tokens_and_another_seed_others() -> None:
    again = straight.__wrapped__
    assert straight(SMALL, "ppo") == again(SMALL, "ppo")
    assert straight(SMALL, "grpo") == again(SMALL, "grpo")
    assert straight(SMALL, "grpo") != again(SMALL.model_copy(update={"seed": 1}), "grpo")


@pytest.mark.parametrize("learner", ["ppo", "grpo"])
def test_stopped_halfway_and_resumed_is_the_same_as_straight(store: Interrupted, tmp_path: Path, learner: str) -> None:
    run_id = store.create(SMALL)
    store.after = lambda step: store.control(run_id, "stop") if step == 2 else None
    assert live(store, run_id, learner) == 0
    info = next(x for x in store.get(run_id).learners if x.name == learner)
    assert (info.status, info.step) == ("stopped", 2)
    store.after = None
    assert live(store, run_id, learner) == 0
    info = next(x for x in store.get(run_id).learners if x.name == learner)
    assert (info.status, info.step, info.reason) == ("finished", 5, None)
    assert kinds(store, run_id, learner) == [("start", 0), ("stop", 3), ("continue", 3), ("final", 5)]
    assert tokens_file(store, run_id, tmp_path / "a") == straight(SMALL, learner)


def test_a_crash_loses_nothing_and_what_is_made_again_is_the_same(store: Interrupted, tmp_path: Path) -> None:
    run_id = store.create(SMALL)
    store.after = crash_at(2)  # the last checkpoint is before step 2
    assert live(store, run_id) == 1
    info = store.get(run_id)
    assert info.status == "failed"
    assert "Crash: the machine is on fire" in str(info.reason)
    rows, cursor = store.rows_since(run_id, 0)
    assert [x["step"] for x in rows] == [0, 1, 2]
    store.after = None
    assert live(store, run_id) == 0
    assert [x["step"] for x in store.rows_since(run_id, cursor)[0]] == [2, 3, 4, 5]
    assert tokens_file(store, run_id, tmp_path / "a") == straight(SMALL, "ppo")


def test_a_crash_before_any_checkpoint_begins_anew(store: Interrupted, tmp_path: Path) -> None:
    run_id = store.create(SMALL)
    store.after = crash_at(0)
    assert live(store, run_id) == 1
    store.after = None
    assert live(store, run_id) == 0
    assert tokens_file(store, run_id, tmp_path / "a") == straight(SMALL, "ppo")


def test_an_unreadable_checkpoint_gives_way_to_the_one_before(store: Interrupted, tmp_path: Path) -> None:
    run_id = store.create(SMALL)
    store.after = crash_at(4)
    live(store, run_id)
    saved = checkpoints.saved(checkpoints.folder(store.home, run_id, "ppo"))
    assert [x.stem for x in saved] == ["000004", "000002"]
    saved[0].write_bytes(saved[0].read_bytes()[:1000])
    store.after = None
    assert live(store, run_id) == 0
    assert ("continue", 2) in kinds(store, run_id)
    assert tokens_file(store, run_id, tmp_path / "a") == straight(SMALL, "ppo")


def test_a_finished_run_goes_on_for_more_steps(store: Interrupted, tmp_path: Path) -> None:
    # With a constant learning rate; a falling one falls over the run's steps, so a longer run is another one.
    config = SMALL.model_copy(
        update={"learners": tuple(x.model_copy(update={"lr_schedule": "constant"}) for x in SMALL.learners)}
    )
    run_id = store.create(config.model_copy(update={"steps": 3}))
    assert live(store, run_id) == 0
    lifecycle.enqueue(store, run_id, ["ppo"])
    store.control(run_id, "change", {"steps": 6}, "ppo")
    assert lifecycle.claim(store, run_id, "ppo")
    assert supervise(Worker(store, run_id, "ppo")) == 0
    learner = store.get(run_id).learners[0]
    assert (learner.status, learner.step, learner.steps) == ("finished", 5, 6)
    assert tokens_file(store, run_id, tmp_path / "a") == straight(config, "ppo")


# -- changes while it runs ---------------------------------------------------------------------------------------------


def changing(store: Interrupted, run_id: str, step: int, crash: int | None = None) -> Callable[[int], None]:
    def after(made: int) -> None:
        if made == step:
            store.control(run_id, "change", {"ppo.lam": 0.5, "learning_rate": 0.01})
        if made == crash:
            raise Crash

    return after


def test_a_change_is_an_event_and_takes_effect_from_the_next_step(store: Interrupted, tmp_path: Path) -> None:
    unchanged, changed = store.create(SMALL), store.create(SMALL)
    assert live(store, unchanged) == 0
    store.after = changing(store, changed, 2)
    assert live(store, changed) == 0
    event = next(x for x in store.events(changed) if x["kind"] == "change")
    assert (event["step"], event["value"]) == (3, {"ppo.lam": 0.5, "learning_rate": 0.01})
    same = [store.tokens(unchanged, "ppo", x).equals(store.tokens(changed, "ppo", x)) for x in range(6)]
    assert same == [True, True, True, False, False, False]
    assert [x for x, _ in kinds(store, changed)] == ["start", "change", "final"]


def test_a_change_after_the_last_checkpoint_happens_again_on_resume(store: Interrupted, tmp_path: Path) -> None:
    run_id, crashed = store.create(SMALL), store.create(SMALL)
    store.after = changing(store, run_id, 2)
    assert live(store, run_id) == 0
    store.after = changing(store, crashed, 2, crash=3)  # checkpoint before step 2, change before step 3
    assert live(store, crashed) == 1
    store.after = None
    assert live(store, crashed) == 0
    assert tokens_file(store, run_id, tmp_path / "a") == tokens_file(store, crashed, tmp_path / "b")
    assert [x for x in kinds(store, crashed) if x[0] == "change"] == [("change", 3)]


def test_another_change_after_a_crash_drops_what_the_earlier_life_made_from_there(store: Interrupted) -> None:
    run_id = store.create(SMALL)
    store.after = changing(store, run_id, 4, crash=5)  # made 0 … 5, change before step 5, checkpoint before step 4
    assert live(store, run_id) == 1
    store.after = None
    lifecycle.enqueue(store, run_id, ["ppo"])
    store.control(run_id, "change", {"epsilon": 0.1}, "ppo")
    store.control(run_id, "stop", None, "grpo")
    assert lifecycle.claim(store, run_id, "ppo")
    store.after = lambda step: store.control(run_id, "stop") if step == 4 else None
    assert supervise(Worker(store, run_id, "ppo")) == 0
    assert [x["step"] for x in store.rows_since(run_id, 0)[0]] == [0, 1, 2, 3, 4]
    changes = [(x["step"], x["value"]) for x in store.events(run_id) if x["kind"] == "change"]
    assert changes == [(4, {"epsilon": 0.1})]


def test_a_change_that_cannot_be_while_it_runs_is_an_event_too_and_the_run_goes_on(store: Interrupted) -> None:
    run_id = store.create(SMALL)
    store.after = lambda step: store.control(run_id, "change", {"seed": 5}) if step == 1 else None
    assert live(store, run_id) == 0
    event = next(x for x in store.events(run_id) if x["kind"] == "rejected-change")
    assert event["value"]["assignments"] == {"seed": 5}
    assert "cannot change while a run goes on" in event["value"]["reason"]
    assert store.get(run_id).learners[0].status == "finished"


def test_paused_it_waits_makes_one_step_when_asked_and_goes_on(
    store: Interrupted, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = store.create(SMALL)
    states: list[tuple[int, str]] = []
    asked = iter(["step", "step", "resume"])

    class Watched(Controls):
        def before_step(self, raise_if_left: Callable[[], None]) -> None:
            if self.paused:  # what the page would show, and what a person presses then
                info = store.get(run_id).learners[0]
                states.append((info.step, info.status))
                store.control(run_id, next(asked), None, "ppo")
            super().before_step(raise_if_left)

    lifecycle.enqueue(store, run_id, ["ppo"])
    store.control(run_id, "step", None, "ppo")  # asked before the first step: exactly one is made
    assert lifecycle.claim(store, run_id, "ppo")
    monkeypatch.setattr(worker_module, "Controls", Watched)
    assert supervise(Worker(store, run_id, "ppo")) == 0
    assert states == [(0, "paused"), (1, "paused"), (2, "paused")]
    assert kinds(store, run_id) == [("start", 0), ("step", 0), ("step", 1), ("step", 2), ("resume", 3), ("final", 5)]


def test_a_full_disk_fails_the_learner_with_its_sentence(store: Interrupted) -> None:
    run_id = store.create(SMALL)

    def full(step: int) -> None:
        if step == 2:
            raise StoreError("The disk is full: nothing more can be written.")

    store.after = full
    assert live(store, run_id) == 1
    assert str(store.get(run_id).reason) == "The disk is full: nothing more can be written."


def test_a_checkpoint_that_cannot_be_written_fails_the_learner_with_a_sentence(store: Interrupted) -> None:
    run_id = store.create(SMALL)
    (store.home / "checkpoints").write_text("a file where a folder should be")
    assert live(store, run_id) == 1
    assert str(store.get(run_id).reason).startswith("A checkpoint could not be written to ")


def test_a_run_that_is_deleted_while_it_trains_ends_quietly(store: Interrupted) -> None:
    run_id = store.create(SMALL)
    store.after = lambda step: store.delete(run_id) if step == 1 else None
    assert live(store, run_id) == 0
    assert store.runs() == []


# -- real processes ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def launched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalLauncher]:
    home = tmp_path_factory.mktemp("launched")
    launcher = LocalLauncher(RunStore(f"sqlite:///{home / 'runs.sqlite'}", home=home), limit=1)
    with warm.used():
        launcher.warm()
    yield launcher
    launcher.close()


def steps_made(info: RunInfo) -> list[int]:
    return [x.step for x in info.learners]


def test_a_killed_worker_is_noticed_and_resume_continues_it(launched: LocalLauncher, tmp_path: Path) -> None:
    store, config = launched.store, SMALL.model_copy(update={"steps": 8})
    run_id = store.create(config)
    launched.start(run_id)
    until(lambda: store.get(run_id).learners[0].step >= 0)
    store.control(run_id, "pause", None, "ppo")  # so that it cannot finish before it is killed
    until(lambda: store.get(run_id).learners[0].status == "paused")
    pid = store.get(run_id).learners[0].pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    until(lambda: store.get(run_id).status == "failed")
    info = store.get(run_id)
    assert "signal 9 (SIGKILL)" in str(info.reason)
    assert len(store.rows_since(run_id, 0)[0]) == sum(steps_made(info)) + 2
    until(lambda: not store.get(run_id).active)
    assert store.get(run_id).learners[1].status in ("stopped", "finished")
    until(lambda: _resumed(launched, run_id))
    until(lambda: store.get(run_id).status == "finished")
    assert tokens_file(store, run_id, tmp_path / "a") == straight(config, "ppo", "grpo")
    with pytest.raises(LauncherError, match="made all its 8 steps"):
        launched.resume(run_id)
    with pytest.raises(LauncherError, match="ask for more"):
        launched.resume(run_id, steps=5)
    with pytest.raises(LauncherError, match="resume it instead"):
        launched.start(run_id)


def _resumed(launched: LocalLauncher, run_id: str) -> bool:
    try:
        launched.resume(run_id)
    except LauncherError as error:  # its last worker is just ending
        if "wait a moment" not in str(error):
            raise
        return False
    return True


def continues_after(store: RunStore, run_id: str, name: str) -> int | None:
    """After which step the checkpoint is with which a learner says it continues; None where no step was lost.

    Where a step takes longer than a second, as on a busy machine, it is ended inside it.
    """
    (end,) = (x for x in store.events(run_id) if x["kind"] == "stop" and x["learner"] == name)
    values = (end["value"] or {}).get("values", {})
    return int(values["saved"]) if "saved" in values else None


def test_a_run_beyond_the_limit_waits_for_its_turn_and_a_closed_app_leaves_resumable_runs(
    launched: LocalLauncher,
) -> None:
    store = launched.store
    first, second, third = (store.create(ENDLESS) for _ in range(3))
    for run_id in (first, second, third):
        launched.start(run_id)
    until(lambda: min(steps_made(store.get(first))) >= 0)
    assert store.get(second).status == "queued"
    assert "waits for its turn" in str(store.get(second).reason)
    assert steps_made(store.get(second)) == [-1, -1]
    store.control(second, "stop")
    assert store.get(second).status == "stopped"
    store.control(first, "stop")
    until(lambda: min(steps_made(store.get(third))) >= 2)  # the second gave up its turn; a checkpoint is after step 2
    assert store.get(first).status == "stopped"
    assert steps_made(store.get(second)) == [-1, -1]

    waiting = store.create(ENDLESS)
    launched.start(waiting)
    pids = [x.pid for x in store.get(third).learners]
    launched.close()
    info = store.get(third)
    assert (info.status, info.active) == ("stopped", False)
    assert "app was closed" in str(info.reason)
    for learner in info.learners:
        newest = checkpoints.saved(checkpoints.folder(store.home, third, learner.name))[0]
        lost = continues_after(store, third, learner.name)
        assert int(newest.stem) == (learner.step + 1 if lost is None else lost)
    assert store.get(waiting).status == "stopped"
    assert not [pid for pid in pids if pid is not None and Path(f"/proc/{pid}").exists()]


def test_where_training_is_off_nothing_starts(store: Interrupted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDIT_LAB_TRAINING", "off")
    launcher = LocalLauncher(store)
    launcher.warm()
    run_id = store.create(SMALL)
    for ask in (launcher.start, launcher.resume):
        with pytest.raises(LauncherError, match="switched off"):
            ask(run_id)
    assert not (store.home / "logs").exists()
    monkeypatch.delenv("CREDIT_LAB_TRAINING")
    monkeypatch.setenv("CREDIT_LAB_MAX_RUNS", "many")
    with pytest.raises(LauncherError, match="CREDIT_LAB_MAX_RUNS: input should be a valid integer"):
        LocalLauncher(store).start(run_id)  # made all the same: the server starts, and says so


def test_a_fork_server_that_cannot_live_fails_the_run_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", "/bin/false")
    store = RunStore(f"sqlite:///{tmp_path / 'runs.sqlite'}", home=tmp_path)
    launcher, run_id = LocalLauncher(store, limit=1), store.create(SMALL)
    launcher.start(run_id)
    until(lambda: store.get(run_id).status == "failed")
    sentences = ("The process that starts workers ended", "No worker process could be started")  # who notices first
    assert str(store.get(run_id).reason).startswith(sentences)
    monkeypatch.setattr("sys.executable", str(tmp_path / "no such program"))
    launcher.resume(run_id)
    assert store.get(run_id).status == "failed"
    assert "No worker process could be started" in str(store.get(run_id).reason)
    launcher.close()


def test_a_worker_whose_parent_is_gone_saves_and_stops(store: Interrupted) -> None:
    run_id = store.create(SMALL)

    class Orphan(Worker):
        def _keep(self, trace: StepTrace) -> None:
            super()._keep(trace)
            self._parent = -1

    lifecycle.enqueue(store, run_id, ["ppo"])
    assert lifecycle.claim(store, run_id, "ppo")
    assert supervise(Orphan(store, run_id, "ppo")) == 0
    learner = store.get(run_id).learners[0]
    assert (learner.status, learner.step) == ("stopped", 0)
    assert "process that starts workers was ended" in str(learner.reason)
    assert checkpoints.saved(checkpoints.folder(store.home, run_id, "ppo"))[0].stem == "000001"
