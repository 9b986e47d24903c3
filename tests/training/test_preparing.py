"""What a worker does before its first step: told while it lasts, gone afterwards, and it can be stopped in it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

import core.workers.worker as worker_module
from core.config import RunConfig
from core.errors import Message, verbatim
from core.models import precision
from core.runs import lifecycle
from core.runs.event_values import is_evaluation
from core.runs.records import Preparing
from core.runs.store import RunStore
from core.runs.views import run_view
from core.training import beginning, checkpoints
from core.training.trainer import Trainer
from core.workers.answering import one_line
from core.workers.process import supervise
from core.workers.reasons import about_drift
from core.workers.worker import Worker

SMALL = RunConfig.model_validate(
    {"steps": 2, "prompts_per_step": 2, "num_generations": 2, "eval_every": 0, "compare_samples": 2}
    | {"device": "cpu", "task": {"kind": "chain-sum", "heldout": 16}, "learners": [{"algorithm": "grpo"}]}
)


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(f"sqlite:///{tmp_path / 'home' / 'runs.sqlite'}", home=tmp_path / "home")


def seen(store: RunStore, run_id: str) -> Any:
    return run_view(store.get(run_id))["learners"][0]["preparing"]


def live(store: RunStore, run_id: str) -> int:
    lifecycle.enqueue(store, run_id, ["grpo"])
    assert lifecycle.claim(store, run_id, "grpo")
    return supervise(Worker(store, run_id, "grpo"))


def preparing(
    monkeypatch: pytest.MonkeyPatch, during: Callable[[Callable[[Message, float | None], None]], None]
) -> None:
    """Trainers that do `during(progress)` while they load."""

    class Slow(Trainer):
        def __init__(self, config: RunConfig, learner: str, progress: Any = None) -> None:
            during(progress)
            super().__init__(config, learner, progress)

    monkeypatch.setattr(beginning, "Trainer", Slow)


def test_preparations_are_told_while_they_last_and_a_few_times_a_second_at_most(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id, reports = store.create(SMALL), []
    clock = iter(x / 100 for x in range(10_000))
    # The worker's own clock alone: whoever else waits meanwhile does not make it go faster.
    monkeypatch.setattr(worker_module, "time", SimpleNamespace(monotonic=lambda: next(clock), sleep=time.sleep))

    def during(progress: Callable[[Message, float | None], None]) -> None:
        for percent in range(100):  # 100 in one second by that clock
            progress(verbatim("Converting."), percent / 100)
            reports.append(seen(store, run_id))

    preparing(monkeypatch, during)
    assert live(store, run_id) == 0
    shares = list(dict.fromkeys(x["share"] for x in reports))
    assert reports[0] == {"text": "Converting.", "share": 0.0}
    assert shares == sorted(shares)
    assert 4 <= len(shares) <= 6
    assert seen(store, run_id) is None
    assert store.get(run_id).status == "finished"


def test_the_answers_before_and_after_are_told_as_they_are_written(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "TELL_S", 0)
    written, tell = [], lifecycle.preparing
    monkeypatch.setattr(lifecycle, "preparing", lambda *given: (written.append(given[3:]), tell(*given)))
    run_id = store.create(SMALL)
    assert live(store, run_id) == 0
    for when in ("before", "after"):
        event = next(x for x in store.events(run_id) if x["kind"] == "evaluation" and x["value"]["when"] == when)
        question, answer = event["value"]["questions"][0], event["value"]["greedy"][0][0]
        reports = [(str(text), share) for text, share in written]
        own = [x for x in reports if x[0].startswith(f"Answering the held-out questions {when} training")]
        assert own[0] == (f"Answering the held-out questions {when} training.", None)
        assert f"Answering the held-out questions {when} training: to “{question}” it says “{answer}”" in dict(own)
        assert own[-1][1] == pytest.approx(1)


@pytest.mark.parametrize("stored", [{}, {"when": "before"}, {"when": "before", "greedy": [[1]], "sampled": "x"}])
def test_answers_that_are_damaged_in_the_store_are_asked_for_anew(store: RunStore, stored: dict[str, Any]) -> None:
    run_id = store.create(SMALL)
    store.add_event(run_id, "grpo", 0, "evaluation", stored)
    assert live(store, run_id) == 0
    events = [x["value"] for x in store.events(run_id) if x["kind"] == "evaluation"]
    assert [(x.get("when"), is_evaluation(x)) for x in events[1:]] == [("before", True), ("after", True)]


@pytest.mark.parametrize(
    ("dtype", "rounds", "message"),
    [
        ("bfloat16", True, "rounding alone"),
        ("bfloat16", False, "Sampled and re-scored"),  # a processor that makes no use of the permission
        ("float32", False, "Sampled and re-scored"),
    ],
)
def test_a_drift_in_bfloat16_is_told_apart_from_any_other(
    monkeypatch: pytest.MonkeyPatch, dtype: str, rounds: bool, message: str
) -> None:
    monkeypatch.setattr(precision, "rounds", lambda *_: rounds)
    trainer = Trainer(SMALL.model_copy(update={"dtype": dtype}), "grpo")
    assert message in str(about_drift(trainer, 0.1834))
    assert "differ by up to 0.18" in str(about_drift(trainer, 0.1834))


def test_long_empty_and_many_lined_texts_become_one_short_line() -> None:
    assert [one_line(x) for x in ("", " \n ", "a\n\n b", "x" * 100)] == ["…", "…", "a b", "x" * 100]
    assert one_line("x" * 101) == "x" * 99 + "…"


def test_the_first_step_forgets_what_came_before_it(store: RunStore) -> None:
    run_id = store.create(SMALL)
    lifecycle.enqueue(store, run_id, ["grpo"])
    lifecycle.preparing(store, run_id, "grpo", verbatim("Loading the weights."), None)
    assert seen(store, run_id) is None  # it still waits in the queue
    lifecycle.claim(store, run_id, "grpo")
    lifecycle.preparing(store, run_id, "grpo", verbatim("Loading the weights."), None)
    assert seen(store, run_id) == {"text": "Loading the weights.", "share": None}
    with store.write() as c:
        lifecycle.made_step(c, run_id, "grpo", 0, 0.0)
    assert seen(store, run_id) is None


def test_a_worker_can_be_stopped_while_it_prepares_and_keeps_what_else_was_asked(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = store.create(SMALL)

    def during(progress: Callable[[Message, float | None], None]) -> None:
        store.control(run_id, "change", {"epsilon": 0.1})
        progress(verbatim("Downloading."), None)
        store.control(run_id, "stop")
        progress(verbatim("Downloading."), None)
        pytest.fail("it went on")

    preparing(monkeypatch, during)
    assert live(store, run_id) == 0
    assert store.get(run_id).status == "stopped"
    assert seen(store, run_id) is None

    preparing(
        monkeypatch, lambda progress: (store.control(run_id, "change", {"epsilon": 0.1}), progress(verbatim("x"), None))
    )
    assert live(store, run_id) == 0
    changes = [x["value"] for x in store.events(run_id) if x["kind"] == "change"]
    assert changes == [{"epsilon": 0.1}]


def test_the_held_out_answers_are_kept_before_and_after_and_the_final_rates_are_theirs(store: RunStore) -> None:
    run_id = store.create(SMALL)
    assert live(store, run_id) == 0
    events = {x["kind"]: x for x in store.events(run_id)}
    kept = [x["value"] for x in store.events(run_id) if x["kind"] == "evaluation"]
    assert [x["when"] for x in kept] == ["before", "after"]
    for answers in kept:
        assert len(answers["questions"]) == len(answers["greedy"]) == len(answers["sampled"]) == 16
        assert {len(x) for x in answers["sampled"]} == {2}
    right = [row[2] for each in kept[1]["sampled"] for row in each]
    assert events["final"]["value"]["sampled"] == sum(right) / 32
    assert events["final"]["value"]["greedy"] == sum(x[2] for x in kept[1]["greedy"]) / 16

    # It goes on: the answers from before stay, those from after are another policy's.
    lifecycle.enqueue(store, run_id, ["grpo"])
    store.control(run_id, "change", {"steps": 3})
    lifecycle.claim(store, run_id, "grpo")
    assert supervise(Worker(store, run_id, "grpo")) == 0
    again = [x["value"] for x in store.events(run_id) if x["kind"] == "evaluation"]
    assert [x["when"] for x in again][0::2][:1] == ["before"]
    assert sum(x["when"] == "before" for x in again) == 1
    assert again[0] == kept[0]
    assert store.get(run_id).learners[0].step == 2


def test_a_store_from_before_this_column_opens_and_takes_it_in(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'runs.sqlite'}"
    old = RunStore(url, home=tmp_path)
    run_id = old.create(SMALL, "an old run")
    with old.write() as c:
        c.execute(sa.text("DROP TABLE schema_version"))  # as before there were versions
        c.execute(sa.text("ALTER TABLE learners DROP COLUMN preparing"))
        assert "preparing" not in {x["name"] for x in sa.inspect(c).get_columns("learners")}
    old.close()
    store = RunStore(url, home=tmp_path)
    assert [x.name for x in store.runs()] == ["an old run"]
    lifecycle.enqueue(store, run_id, ["grpo"])
    lifecycle.claim(store, run_id, "grpo")
    lifecycle.preparing(store, run_id, "grpo", verbatim("Reading."), 0.5)
    assert seen(store, run_id) == {"text": "Reading.", "share": 0.5}
    assert store.get(run_id).learners[0].preparing == Preparing(verbatim("Reading."), 0.5)


def test_a_disk_without_room_for_a_checkpoint_is_a_sentence_before_anything_is_written(
    store: RunStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = Trainer(SMALL, "grpo")
    where = tmp_path / "there"
    checkpoints.save(trainer, where)
    written = checkpoints.saved(where)[0].stat().st_size
    next(trainer.steps())
    checkpoints.save(trainer, where)
    assert checkpoints.saved(where)[0].stat().st_size == pytest.approx(checkpoints.size(trainer), rel=0.05)
    assert written < checkpoints.size(trainer)  # Adam had no moments yet
    monkeypatch.setattr(checkpoints.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1_000_000}))
    with pytest.raises(checkpoints.CheckpointError, match=r"needs 3 MB at .*there, but only 1 MB are free"):
        checkpoints.save(trainer, where)


def test_of_large_checkpoints_only_the_newest_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer, kept = Trainer(SMALL, "grpo"), []
    for _ in trainer.steps():
        checkpoints.save(trainer, tmp_path)
        kept.append([x.stem for x in checkpoints.saved(tmp_path)])
    monkeypatch.setattr(checkpoints, "LARGE", 1000)
    checkpoints.save(trainer, tmp_path)
    assert kept == [["000001"], ["000002", "000001"]]
    assert [x.stem for x in checkpoints.saved(tmp_path)] == ["000002"]
