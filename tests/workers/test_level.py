"""Learners that keep level: whatever is asked whenever, all stand at the same step then; and nobody waits for the dead.

Here a step is a made-up trace, and takes as long as the test says, so that presses meet learners at every place of
their loop; workers, store and controls are the real ones.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.config import RunConfig
from core.runs import level, lifecycle
from core.runs.records import Control
from core.runs.store import RunStore
from core.training.trace import StepTrace
from core.workers import waiting
from core.workers.process import supervise
from core.workers.worker import Worker
from lessons.kit.draft import make_draft
from tests.helpers import step_trace
from tests.waiting import until

NAMES = ("ppo", "grpo")
LEVEL = RunConfig(steps=10_000, keep_level=True)


class Stub:
    """In a trainer's place: steps whose traces are made up once; one lasts while `release` is not set."""

    def __init__(self, config: RunConfig, learner: str, first: int = 0) -> None:
        self.config, self.step, self.learner = config, first, learner
        self.begun: list[int] = []
        self.release, self.is_held = threading.Event(), threading.Event()
        self.release.set()
        self._trace = step_trace(config, learner, 0, groups=1)

    def steps(self) -> Iterator[StepTrace]:
        while self.step < self.config.steps:
            self.begun.append(self.step)
            if not self.release.is_set():
                self.is_held.set()
            assert self.release.wait(120)
            self.is_held.clear()
            self.step += 1
            yield StepTrace(self.learner, self.step - 1, *self._rest())

    def _rest(self) -> tuple[Any, ...]:
        made = self._trace
        return made.scalars, made.samples, made.tokens, made.prompt_hash, []


class Learner(Worker):
    """A worker whose trainer is a stub."""

    def __init__(self, store: RunStore, run_id: str, trainer: Stub) -> None:
        super().__init__(store, run_id, trainer.learner)
        self.stub = trainer

    def _begin(self) -> None:
        self._trainer = self.stub  # type: ignore[assignment]
        self._controls.begin(self.trainer)

    def _save(self) -> None: ...

    def _conclude(self) -> None: ...


class Run:
    """A run whose learners are threads of this process."""

    def __init__(self, store: RunStore, config: RunConfig = LEVEL, **first: int) -> None:
        self.store, self.id, self.config = store, store.create(config), config
        self.trainers = {x.name: Stub(config, x.name, first.get(x.name, 0)) for x in config.learners}
        lifecycle.enqueue(store, self.id, self.trainers)
        for name, at in first.items():
            with store.write() as c:
                lifecycle.made_step(c, self.id, name, at - 1, time.time())
        self.threads: dict[str, threading.Thread] = {}
        self.workers: list[Learner] = []

    def begin(self, *names: str) -> None:
        for name in names or self.trainers:
            assert lifecycle.claim(self.store, self.id, name)
            self.workers.append(worker := Learner(self.store, self.id, self.trainers[name]))
            self.threads[name] = threading.Thread(target=supervise, args=(worker,))
            self.threads[name].start()

    def ask(self, kind: str) -> None:
        self.store.control(self.id, kind)

    @property
    def steps(self) -> dict[str, int]:
        return {x.name: x.step for x in self.store.get(self.id).learners}

    @property
    def states(self) -> set[str]:
        return {x.status for x in self.store.get(self.id).learners}

    def has_done(self, kind: str, times: int) -> bool:
        """Whether every learner has done so many times what it was asked."""
        kinds = [x["learner"] for x in self.store.events(self.id) if x["kind"] == kind]
        return all(kinds.count(name) == times for name in self.trainers)

    def until(self, condition: Callable[[], Any]) -> None:
        until(condition, now=lambda: f"{self.steps}, {self.states}")

    def ask_where(self, kind: str, place: str) -> dict[str, int]:
        """Asks while learners are at that place of their loop; answers who had made which step just afterwards."""
        held = self.trainers.get(place.split()[-1])
        if held is not None:
            held.release.clear()
            self.until(held.is_held.is_set)
        if place.startswith("one waits"):
            self.until(lambda: max(self.steps.values()) > min(self.steps.values()))
        self.ask(kind)
        asked = self.steps  # or later, where this thread was held up meanwhile
        if held is not None:
            held.release.set()
        return asked

    def end(self) -> None:
        for trainer in self.trainers.values():
            trainer.release.set()
        for worker in self.workers:
            worker.closing = True
        for thread in self.threads.values():
            thread.join(20)
            assert not thread.is_alive()


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(f"sqlite:///{tmp_path / 'runs.sqlite'}", home=tmp_path)


@pytest.fixture
def made(store: RunStore) -> Iterator[Callable[..., Run]]:
    runs: list[Run] = []

    def make(*args: Any, **options: Any) -> Run:
        runs.append(Run(store, *args, **options))
        return runs[-1]

    yield make
    for run in runs:
        run.end()


def test_it_is_on_in_the_lab_and_off_elsewhere() -> None:
    assert not RunConfig().keep_level
    lab = make_draft("chain-sum", {}).config
    assert lab is not None
    assert lab.keep_level
    off = make_draft("chain-sum", {"keep_level": False}).config
    assert off == RunConfig()


def test_no_learner_begins_a_step_before_the_others_have_finished_the_one_before(
    made: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[tuple[int, list[str]]] = []  # who is waited for, each time that PPO looks, before which step
    others = waiting.Waiting.others

    def counted(self: waiting.Waiting) -> list[str]:
        result = others(self)
        if self._learner == "ppo":
            looked.append((self._step, result))
        return result

    monkeypatch.setattr(waiting.Waiting, "others", counted)
    run = made()
    slow = run.trainers["grpo"]
    run.begin()
    run.until(lambda: min(run.steps.values()) >= 3)
    slow.release.clear()
    run.until(slow.is_held.is_set)
    run.until(lambda: run.steps["ppo"] > run.steps["grpo"])
    behind, ahead = run.steps["grpo"], run.steps["ppo"]
    run.until(lambda: looked.count((ahead + 1, ["grpo"])) >= 10 or run.trainers["ppo"].begun[-1] > ahead)
    assert (run.steps["ppo"], run.steps["grpo"]) == (ahead, behind) == (behind + 1, behind)
    assert max(run.trainers["ppo"].begun) == run.steps["ppo"], "it began a step although the other is behind"
    slow.release.set()
    run.until(lambda: run.steps["ppo"] > 20)


def test_without_it_nobody_waits(made: Callable[..., Run]) -> None:
    run = made(LEVEL.model_copy(update={"keep_level": False}))
    run.trainers["grpo"].release.clear()
    run.begin()
    run.until(lambda: run.steps["ppo"] > 5)
    assert run.steps["grpo"] == -1


#: Where a press meets the learners: anywhere, one in its step, or one that has made it and waits for the other's.
PLACES = ("anywhere", "in its step: ppo", "in its step: grpo", "one waits for ppo", "one waits for grpo")


@pytest.mark.parametrize("seed", range(3))
def test_after_every_press_all_stand_at_the_same_step(made: Callable[..., Run], seed: int) -> None:
    run, press = made(), random.Random(seed)
    run.begin()
    places = [*PLACES * 3, press.choice(PLACES)]  # the last: where it is stopped
    press.shuffle(places)
    for n, place in enumerate(places[:-1], 1):
        asked = run.ask_where("pause", place)
        run.until(lambda n=n: run.has_done("pause", n) and run.states == {"paused"})
        at = run.steps
        assert len(set(at.values())) == 1, at
        assert max(at.values()) <= max(asked.values()) + 2  # the one under way, and at most one begun while asking
        for _ in range(press.randrange(3)):
            run.ask("step")
            at = {name: step + 1 for name, step in at.items()}
            run.until(lambda at=at: run.steps == at and run.states == {"paused"})
        run.ask("resume")
    run.ask_where("stop", places[-1])
    run.until(lambda: run.states == {"stopped"})
    assert len(set(run.steps.values())) == 1, run.steps


def test_pause_and_resume_in_a_breath_leave_nobody_behind(made: Callable[..., Run]) -> None:
    run = made()
    run.begin()
    for _ in range(10):
        run.ask("pause")
        run.ask("resume")
    far = max(run.steps.values()) + 10
    run.until(lambda: min(run.steps.values()) > far)


def test_who_was_ahead_waits_while_the_other_catches_up_and_one_step_is_the_others(made: Callable[..., Run]) -> None:
    run = made(ppo=5, grpo=2)
    run.ask("pause")  # in the queue: nobody makes a step
    run.begin()
    run.until(lambda: run.states == {"paused"})
    assert run.steps == {"ppo": 4, "grpo": 1}
    for made_by_grpo in (2, 3, 4):
        run.ask("step")
        run.until(lambda n=made_by_grpo: run.steps == {"ppo": 4, "grpo": n} and run.states == {"paused"})
    run.ask("step")
    run.until(lambda: run.steps == {"ppo": 5, "grpo": 5} and run.states == {"paused"})
    run.ask("resume")
    run.until(lambda: min(run.steps.values()) > 8)


def test_a_pause_is_in_force_at_the_end_of_the_step_also_for_who_is_far_behind(made: Callable[..., Run]) -> None:
    run = made(ppo=5000, grpo=0)
    run.begin()
    run.until(lambda: run.steps["grpo"] >= 3)
    run.ask("pause")
    asked = run.steps["grpo"]
    run.until(lambda: run.states == {"paused"})
    assert run.steps["grpo"] <= asked + 2
    assert run.steps["ppo"] == 4999


def test_who_is_paused_stops_at_once_although_another_goes_on(made: Callable[..., Run]) -> None:
    run = made()
    run.begin()
    run.store.control(run.id, "pause", learner="ppo")
    run.until(lambda: "paused" in run.states)
    run.ask("stop")
    run.until(lambda: run.states == {"stopped"})


@pytest.mark.parametrize("status", ["failed", "stopped", "finished"])
def test_nobody_waits_for_one_that_ended(made: Callable[..., Run], status: Any) -> None:
    run = made()
    run.trainers["grpo"].release.clear()
    run.begin()
    run.until(lambda: run.steps["ppo"] == 0)
    lifecycle.mark(run.store, run.id, "grpo", status)
    run.until(lambda: run.steps["ppo"] > 5)


def test_nobody_waits_for_a_process_that_died_without_a_word(made: Callable[..., Run]) -> None:
    run = made()
    run.begin("ppo")
    run.until(lambda: run.steps["ppo"] == 0)
    gone = {"status": "running", "pid": 2**22 + 1, "pid_started": "0", "updated": time.time() - lifecycle.SILENCE_S - 1}
    with run.store.write() as c:
        c.execute(lifecycle.learners.update().where(lifecycle.learners.c.name == "grpo").values(**gone))
    run.until(lambda: run.steps["ppo"] > 5)
    assert {x.name: x.status for x in run.store.get(run.id).learners}["grpo"] == "failed"


def test_nobody_waits_for_one_whose_row_is_damaged(made: Callable[..., Run]) -> None:
    run = made()
    run.trainers["grpo"].release.clear()
    run.begin()
    run.until(lambda: run.steps["ppo"] == 0)
    with run.store.write() as c:
        c.exec_driver_sql("UPDATE learners SET updated = 'now' WHERE name = 'grpo'")
    run.until(lambda: run.trainers["ppo"].step > 5)


def test_a_long_wait_is_said_and_so_is_its_end(made: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "TELL_S", 0.1)
    run = made()
    run.trainers["grpo"].release.clear()
    run.begin()

    def sentence() -> str:
        ppo = run.store.get(run.id).learners[0]
        return "" if ppo.preparing is None else str(ppo.preparing.message)

    run.until(sentence)
    assert sentence() == "It waits for GRPO to finish step 1."
    run.trainers["grpo"].release.set()
    run.until(lambda: run.steps["ppo"] > 5 and not sentence())


def test_what_all_are_asked_together_names_the_step_after_which_it_is_in_force(store: RunStore) -> None:
    run_id = store.create(LEVEL)
    lifecycle.enqueue(store, run_id, NAMES)

    def stand(ppo: int, grpo: int, *running: str) -> None:
        with store.write() as c:
            for name, step in zip(NAMES, (ppo, grpo), strict=True):
                status = "running" if name in running else "paused"
                values = {"step": step, "status": status, "preparing": None}
                c.execute(lifecycle.learners.update().where(lifecycle.learners.c.name == name).values(**values))

    def asked(kind: str, **of: Any) -> list[Control]:
        store.control(run_id, kind, **of)
        return [*store.take_controls(run_id, "ppo"), *store.take_controls(run_id, "grpo")]

    stand(3, 3, *NAMES)  # one of them may already be in its next step
    assert asked("pause") == [Control("pause", at=4), Control("pause", at=4)]
    stand(4, 3, *NAMES)  # nobody can have begun step 5
    assert asked("stop") == [Control("stop", at=4), Control("stop", at=4)]
    stand(4, 4)
    assert asked("stop") == [Control("stop", at=4), Control("stop", at=4)]
    assert asked("step") == [Control("step", at=5), Control("step", at=5)]
    stand(9, 4, *NAMES)
    assert asked("pause") == [Control("pause", at=9), Control("pause", at=5)]
    assert asked("pause", learner="ppo") == [Control("pause")]
    assert asked("resume") == [Control("resume"), Control("resume")]
    stand(9, 4)  # nobody is in a step
    assert asked("stop") == [Control("stop", at=9), Control("stop", at=4)]
    assert level.behind(store, run_id, "ppo", 5) == ["grpo"]
    assert level.behind(store, run_id, "ppo", 4) == []
