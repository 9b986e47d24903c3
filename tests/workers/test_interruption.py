"""Stop is in force within five seconds wherever a step stands: between two tokens, in an update, in one long operation.

The workers are real processes that come to an operation without end (tests/workers/hanging.py). How long Stop takes in
real training made large is measured by tests/load/stop.py.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from core.given_config import change
from core.runs import lifecycle
from core.runs.records import LearnerInfo
from core.runs.store import RunStore
from core.training import checkpoints
from tests.waiting import until
from tests.workers.test_worker import SMALL, Interrupted, live, straight, tokens_file

pytestmark = pytest.mark.usefixtures("warm_python")

#: Seconds after which a worker hangs. How fast it is on a machine with nothing else to do, tests/load/stop.py measures;
#: the operations themselves would last for longer.
HANGS_S = 240.0
ROOT = Path(__file__).parents[2]
Start = Callable[..., None]


@pytest.fixture
def store(tmp_path: Path) -> Interrupted:
    return Interrupted(f"sqlite:///{tmp_path / 'home' / 'runs.sqlite'}", home=tmp_path / "home")


@pytest.fixture
def run_id(store: RunStore, request: pytest.FixtureRequest) -> str:
    torch.set_num_threads(1)
    return store.create(getattr(request, "param", SMALL))


@pytest.fixture
def hanging(store: RunStore, run_id: str, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts a worker that comes to the end of its way, and waits until it is there."""
    started: list[subprocess.Popen[bytes]] = []

    def start(place: str, step: int, operation: str) -> subprocess.Popen[bytes]:
        lifecycle.enqueue(store, run_id, ["ppo"])
        words = [store.home, run_id, "ppo", place, step, operation, tmp_path / "there"]
        command = [sys.executable, "-m", "tests.workers.hanging", *map(str, words)]
        started.append(subprocess.Popen(command, cwd=ROOT))
        until((tmp_path / "there").exists, HANGS_S)
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def learner(store: RunStore, run_id: str) -> LearnerInfo:
    return store.get(run_id).learners[0]


def stop(store: RunStore, run_id: str, worker: subprocess.Popen[bytes]) -> None:
    """Asks to stop, and waits until it has. The process ends of itself."""
    store.control(run_id, "stop", None, "ppo")
    until(lambda: learner(store, run_id).status == "stopped", HANGS_S)
    assert worker.wait(HANGS_S) == 0


def stop_event(store: RunStore, run_id: str) -> dict[str, Any]:
    return next(x for x in store.events(run_id) if x["kind"] == "stop")


def saved(store: RunStore, run_id: str) -> list[str]:
    return [x.stem for x in checkpoints.saved(checkpoints.folder(store.home, run_id, "ppo"))]


def test_stopped_in_a_rollout_it_keeps_every_step_and_resume_makes_this_one_anew(
    store: Interrupted, run_id: str, hanging: Start, tmp_path: Path
) -> None:
    worker = hanging("rollout", 3, "waits")
    stop(store, run_id, worker)
    assert (learner(store, run_id).step, learner(store, run_id).reason) == (2, None)
    assert saved(store, run_id)[0] == "000003"
    event = stop_event(store, run_id)
    assert (event["step"], event["value"]["template"]) == (3, "Inside step {step}, which Resume makes anew.")
    assert event["value"]["values"] == {"step": 4}
    assert live(store, run_id) == 0
    assert tokens_file(store, run_id, tmp_path / "a") == straight(SMALL, "ppo")
    rows = store.rows_since(run_id, 0)[0]
    assert [x["samples_seen"] for x in rows] == [16 * (x["step"] + 1) for x in rows]  # none was counted twice


def test_stopped_in_an_update_it_goes_back_to_the_last_checkpoint_and_says_so(
    store: Interrupted, run_id: str, hanging: Start, tmp_path: Path
) -> None:
    worker = hanging("update", 3, "waits")
    stop(store, run_id, worker)
    assert saved(store, run_id)[0] == "000002"  # not of weights that are between two steps
    reason = "Stopped inside step 4: Resume continues from the last checkpoint, which is after step 2."
    assert str(learner(store, run_id).reason) == reason
    assert stop_event(store, run_id)["value"]["values"] == {"step": 4, "saved": 2}
    assert live(store, run_id) == 0
    assert learner(store, run_id).reason is None
    assert tokens_file(store, run_id, tmp_path / "a") == straight(SMALL, "ppo")


def test_stopped_in_the_first_update_it_begins_anew(store: Interrupted, run_id: str, hanging: Start) -> None:
    worker = hanging("update", 0, "waits")
    stop(store, run_id, worker)
    assert "before any checkpoint: Resume begins anew" in str(learner(store, run_id).reason)
    assert saved(store, run_id) == []


@pytest.mark.parametrize("place", ["rollout", "update"])
def test_one_operation_that_does_not_end_ends_with_the_process(
    store: Interrupted, run_id: str, hanging: Start, tmp_path: Path, place: str
) -> None:
    worker = hanging(place, 3, "computes")
    stop(store, run_id, worker)
    assert "last checkpoint, which is after step 2" in str(learner(store, run_id).reason)
    assert live(store, run_id) == 0
    assert tokens_file(store, run_id, tmp_path / "a") == straight(SMALL, "ppo")


@pytest.mark.parametrize("operation", ["waits", "computes"])
def test_loading_is_stopped_too(store: Interrupted, run_id: str, hanging: Start, operation: str) -> None:
    worker = hanging("load", 0, operation)
    stop(store, run_id, worker)
    assert (learner(store, run_id).reason, saved(store, run_id), store.events(run_id)) == (None, [], [])


def test_the_last_evaluation_is_stopped_too_and_made_on_resume(store: Interrupted, run_id: str, hanging: Start) -> None:
    worker = hanging("final", 0, "waits")
    stop(store, run_id, worker)
    assert learner(store, run_id).step == 5
    assert live(store, run_id) == 0
    assert learner(store, run_id).status == "finished"
    assert [x["kind"] for x in store.events(run_id)] == ["start", "stop", "continue", "final"]


#: True values are measured before every step.
CHECKED = change(SMALL, {"eval_every": 1, "value_check_responses": 8, "value_check_continuations": 4})


@pytest.mark.parametrize("run_id", [CHECKED], indirect=True)
def test_a_check_of_values_is_stopped_too_and_made_on_resume(
    store: Interrupted, run_id: str, hanging: Start, tmp_path: Path
) -> None:
    worker = hanging("continuations", 3, "waits")
    stop(store, run_id, worker)
    assert (learner(store, run_id).step, saved(store, run_id)[0]) == (2, "000003")  # the step had not begun to learn
    assert live(store, run_id) == 0
    assert tokens_file(store, run_id, tmp_path / "a") == straight(CHECKED, "ppo")
    rows = store.rows_since(run_id, 0)[0]
    assert all(x["value_error"] is not None for x in rows)
    assert [x["samples_seen"] for x in rows] == [16 * (x["step"] + 1) for x in rows]


def test_a_run_that_is_deleted_inside_a_step_ends_and_leaves_nothing(
    store: Interrupted, run_id: str, hanging: Start
) -> None:
    worker = hanging("rollout", 3, "waits")
    store.delete(run_id)
    worker.wait(HANGS_S)
    assert saved(store, run_id) == []


def test_the_end_of_the_app_ends_a_long_step_too(store: Interrupted, run_id: str, hanging: Start) -> None:
    worker = hanging("update", 3, "computes")
    worker.terminate()
    assert worker.wait(HANGS_S) == 0
    assert (learner(store, run_id).status, str(learner(store, run_id).reason)[:18]) == ("stopped", "The app was closed")
