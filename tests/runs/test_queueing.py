"""A run that waits says its place in the queue, and how long that will probably take."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.config import RunConfig
from core.runs import lifecycle
from core.runs.feed import Feed
from core.runs.queueing import QueuePlace, paces, place_of
from core.runs.store import RunStore
from tests.helpers import step_trace

CONFIG = RunConfig(steps=10)
BOTH = ("ppo", "grpo")


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(home=tmp_path)


def queued(store: RunStore) -> str:
    run_id = store.create(CONFIG)
    lifecycle.enqueue(store, run_id, BOTH)
    return run_id


def training(store: RunStore, steps: int) -> str:
    run_id = queued(store)
    for name in BOTH:
        assert lifecycle.claim(store, run_id, name)
        for step in range(steps):
            store.append(run_id, step_trace(CONFIG, name, step))
    return run_id


def place(store: RunStore, run_id: str, seconds: float | None = 2.0) -> QueuePlace | None:
    """By a clock that says how long a step takes; None: no learner has made one."""
    return place_of(store.get(run_id), store.runs(), lambda run, learner: seconds)


def test_who_waits_for_nobody_has_no_place(store: RunStore) -> None:
    alone = queued(store)
    assert place(store, alone) is None
    assert place(store, store.create(CONFIG)) is None, "nobody has put it into a queue"
    busy = training(store, 1)
    assert place(store, busy) is None, "it trains"


def test_runs_begin_in_the_order_in_which_they_were_queued(store: RunStore) -> None:
    training(store, 4)
    first, second, third = (queued(store) for _ in range(3))
    # Six steps are left of the one that trains, two seconds each; then ten steps of each that waits before.
    assert place(store, first) == QueuePlace(1, 12.0)
    assert place(store, second) == QueuePlace(2, 32.0)
    assert place(store, third) == QueuePlace(3, 52.0)
    lifecycle.enqueue(store, first, BOTH)  # stopped and resumed, it is the last in the queue
    assert place(store, first) == QueuePlace(3, 52.0)


def test_with_two_places_the_one_that_is_free_first_counts(store: RunStore) -> None:
    training(store, 4)
    training(store, 9)
    first, second = queued(store), queued(store)
    assert place(store, first) == QueuePlace(1, 2.0)
    assert place(store, second) == QueuePlace(2, 12.0)


def test_what_nobody_can_know_is_none(store: RunStore) -> None:
    busy = training(store, 4)
    waits = queued(store)
    assert place(store, waits, None) == QueuePlace(1, None)
    for name in BOTH:
        lifecycle.mark(store, busy, name, "paused")
    assert place(store, waits) == QueuePlace(1, None), "who knows when a paused run goes on?"


def test_the_pace_is_by_the_clock_of_the_last_step(store: RunStore) -> None:
    busy = training(store, 4)
    pace = paces(store, store.runs())
    seconds = store.scalars(busy, "ppo", 3)["wall_time_s"]
    assert pace(busy, "ppo") == pytest.approx(seconds / 4)
    assert pace(busy, "nobody") is None
    assert pace(queued(store), "ppo") is None


def test_a_board_hears_its_place_and_no_more_once_it_trains(store: RunStore) -> None:
    busy = training(store, 4)
    waits = queued(store)

    def waiting(run_id: str) -> object:
        return json.loads(Feed(store, refresh_s=0).live(run_id).text())["run"]["waiting"]

    answer = waiting(waits)
    assert isinstance(answer, dict)
    assert answer["place"] == 1
    assert answer["wait_s"] is None or answer["wait_s"] % 5 == 0
    assert waiting(busy) is None
    for name in BOTH:
        lifecycle.claim(store, waits, name)
    assert waiting(waits) is None
