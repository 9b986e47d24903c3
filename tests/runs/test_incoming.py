"""One schema for all that comes in: what no run has is refused by a sentence, and leaves nothing behind."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from core.errors import Message
from core.runs import lifecycle
from core.runs.event_values import EventError, check_event
from core.runs.export import export
from core.runs.importing import ImportFailed, import_any
from core.runs.store import RunStore
from core.workers.child import ended_by
from tests.load.fuzz_imports import EVENTS, fuzz, made_up_run


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(f"sqlite:///{tmp_path / 'store' / 'runs.sqlite'}", home=tmp_path / "store")


@pytest.fixture
def files(store: RunStore, tmp_path: Path) -> Path:
    """An export with an event of every kind; the store is empty again."""
    run_id = made_up_run(store)
    export(store, run_id, tmp_path / "files")
    store.delete(run_id)
    return tmp_path / "files"


def refused(store: RunStore, files: Path, sentence: str) -> None:
    with pytest.raises(ImportFailed, match=sentence) as caught:
        import_any(store, files)
    assert "\n" not in str(caught.value)
    assert store.runs() == []


def test_an_event_of_every_kind_comes_in(store: RunStore, files: Path) -> None:
    run_id = import_any(store, files)
    here = [(x["kind"], x["value"]) for x in store.events(run_id) if x["learner"] == "grpo"]
    assert here == list(EVENTS)


GOOD = dict(EVENTS)
DEEP: Any = 1
for _ in range(40):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("final", "boom"),
        ("final", None),
        ("final", {"sampled": True}),
        ("final", {"sampled": 1.5}),
        ("final", {"greedy": [[1]]}),
        ("drift", "much"),
        ("drift", math.nan),
        ("drift", -1),
        ("change", None),
        ("change", [1]),
        ("evaluation", None),
        ("evaluation", {"greedy": [[1]]}),
        ("evaluation", {**GOOD["evaluation"], "greedy": [[1]]}),
        ("evaluation", {**GOOD["evaluation"], "truths": ["6"]}),
        ("evaluation", {**GOOD["evaluation"], "sampled": [[]]}),
        ("evaluation", {**GOOD["evaluation"], "samples": 2}),
        ("evaluation", {**GOOD["evaluation"], "when": "later"}),
        ("evaluation", {**GOOD["evaluation"], "greedy": [["6", "6", "yes", 3, True]] * 2}),
        ("of-a-newer-version", DEEP),
        ("of-a-newer-version", {"a": [math.inf]}),
        ("of-a-newer-version", 2**80),
        ("of-a-newer-version", {"\ud800": "half a character"}),
    ],
)
def test_an_event_that_no_run_has_is_refused(store: RunStore, files: Path, kind: str, value: Any) -> None:
    head = json.loads((files / "run.json").read_text())
    head["events"].append({"learner": "ppo", "step": 1, "kind": kind, "value": value, "time": 1.0})
    (files / "run.json").write_text(json.dumps(head))
    refused(store, files, rf"an event of run.json \({kind}\) (must hold|holds)")


def test_an_event_of_a_kind_that_is_not_known_may_hold_what_can_be_shown() -> None:
    check_event("of-a-newer-version", {"any": ["thing", 1, None, {"x": 0.5}]})
    with pytest.raises(EventError):
        check_event("of-a-newer-version", DEEP)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda x: x["events"][0].update(time=1e30), r"events\.0\.time"),
        (lambda x: x["events"][0].update(time="now"), r"events\.0\.time"),
        (lambda x: x["events"][0].update(step=2**31 - 1), r"events\.0\.step"),
        (lambda x: x["events"][0].update(learner=None), r"events\.0\.learner"),
        (lambda x: x["events"][0].update(learner="me"), "of a learner that the config does not have"),
        (lambda x: x["learners"][0].update(step=2**31 - 1), r"learners\.0\.step"),
        (lambda x: x["learners"][0].update(device="x" * 65), r"learners\.0\.device"),
        (lambda x: x.update(created=math.nan), "created"),
        (lambda x: x["config"].update(steps=0, seed=-1), r"(seed|steps): must be at least [01]"),
        (lambda x: x.update(versions={"a": "x" * 999}), r"versions\.a"),
        (lambda x: x.update(name="x" * 201), "1 to 200 characters"),
        (lambda x: x.update(events=x["events"] * 1_500), "events: list should have at most"),
    ],
)  # fmt: skip
def test_a_head_that_no_run_has_is_refused(
    store: RunStore, files: Path, change: Callable[[dict[str, Any]], object], sentence: str
) -> None:
    head = json.loads((files / "run.json").read_text())
    change(head)
    (files / "run.json").write_text(json.dumps(head))
    refused(store, files, sentence)


def put(table: pa.Table, name: str, value: Any, row: int = 0) -> pa.Table:
    """The table with another value in one row of a column."""
    values = table[name].to_pylist()
    values[row] = value
    at = table.schema.get_field_index(name)
    return table.set_column(at, table.schema.field(name), pa.array(values, table.schema.field(name).type))


def without_step_0(table: pa.Table) -> pa.Table:
    return table.filter(pc.not_equal(table["step"], 0))


@pytest.mark.parametrize(
    ("name", "change", "sentence"),
    [
        ("steps", lambda x: put(x, "step", 2**31 - 1), "steps has a step that is not between 0 and 99999"),
        ("steps", lambda x: put(x, "step", -1), "steps has a step that is not between"),
        ("steps", without_step_0, "each step from 0 on must be there once"),
        ("steps", lambda x: pa.concat_tables([x, x]), "each step from 0 on must be there once"),
        ("steps", lambda x: x.filter(pc.not_equal(x["step"], 1)), "no such step"),
        ("steps", lambda x: put(x, "success_rate", 3.0), "success_rate that is no share between 0 and 1"),
        ("steps", lambda x: put(x, "samples_seen", -1), "samples_seen below 0"),
        ("samples", lambda x: x.slice(0, 1), "tokens speaks of a response that samples does not have"),
        ("samples", lambda x: put(x, "sample", 1), "two rows of one response"),
        ("samples", lambda x: put(x, "sample", -1), "sample that is not between"),
        ("samples", lambda x: put(x, "group", 2**31 - 1), "group that is not between"),
        ("samples", lambda x: put(x, "reward", None), "step 0 of ppo has no reward"),
        ("samples", lambda x: put(x, "response", "x" * 200_001), "a text of 200001 characters in response"),
        ("tokens", lambda x: put(x, "position", 2**31 - 1), "position that is not between"),
        ("tokens", lambda x: put(x, "position", 1), "leaves out a position of a response, or has it twice"),
        ("tokens", lambda x: put(x, "position", 900_000), "leaves out a position"),
        ("tokens", lambda x: put(x, "pass", 2**31 - 1), "pass that is not between"),
        ("tokens", lambda x: put(x, "clipped", 7), "clipped must be -1, 0 or 1"),
        ("tokens", lambda x: put(x, "token_id", -5), "token_id below 0"),
        ("tokens", lambda x: put(x, "advantage", None), "step 0 of ppo has no advantage"),
        ("tokens", lambda x: x.append_column("pass", x["pass"]), "two columns called pass"),
    ],
)  # fmt: skip
def test_rows_that_no_run_has_are_refused(
    store: RunStore, files: Path, name: str, change: Callable[[pa.Table], pa.Table], sentence: str
) -> None:
    path = files / f"{name}.parquet"
    pq.write_table(change(pq.read_table(path)), path)
    refused(store, files, sentence)


def test_of_tokens_only_further_columns_of_numbers_are_kept(store: RunStore, files: Path) -> None:
    table = pq.read_table(files / "tokens.parquet")
    further = {"number": pa.array([0.5] * len(table)), "text": pa.array(["x"] * len(table))}
    for name, column in further.items():
        table = table.append_column(name, column)
    pq.write_table(table, files / "tokens.parquet")
    run_id = import_any(store, files)
    assert store.tokens(run_id, "ppo", 0).column_names[-1] == "number"


def test_how_far_a_learner_came_follows_from_its_steps(store: RunStore, files: Path) -> None:
    head = json.loads((files / "run.json").read_text())
    head["learners"][0].update(step=7, steps=9, status="running")
    head["learners"][1].update(step=-1, steps=0)
    (files / "run.json").write_text(json.dumps(head))
    ppo, grpo = store.get(import_any(store, files)).learners
    assert (ppo.step, ppo.steps, ppo.status) == (1, 9, "stopped")
    assert (grpo.step, grpo.steps) == (1, 2)


@pytest.mark.parametrize(
    "reason",
    [lifecycle.GONE, lifecycle.CLOSED, lifecycle.LEFT_QUEUE, ended_by(-9, saved=True), ended_by(-9, saved=False)],
)
@pytest.mark.parametrize("old", [False, True])
def test_an_imported_run_promises_no_resume(store: RunStore, files: Path, reason: Message, old: bool) -> None:
    head = json.loads((files / "run.json").read_text())
    text = {"reason": str(reason), "reason_message": None if old else reason.to_dict()}
    head["learners"][0].update(status="failed", **text)
    (files / "run.json").write_text(json.dumps(head))
    assert store.get(import_any(store, files)).learners[0].reason == lifecycle.ELSEWHERE


def test_numbers_that_are_not_finite_come_back(store: RunStore, files: Path) -> None:
    """A run that diverged has some, and its export is a run."""
    for name, column in (("tokens", "ratio"), ("steps", "kl")):
        path = files / f"{name}.parquet"
        pq.write_table(put(pq.read_table(path), column, math.inf), path)
    run_id = import_any(store, files)
    assert store.tokens(run_id, "ppo", 0)["ratio"][0].as_py() == math.inf


def test_a_fuzz_of_imports_finds_nothing(store: RunStore, tmp_path: Path) -> None:
    """A slice of `python -m tests.load.fuzz_imports`: sentences or runs, and whatever came in can be opened."""
    outcomes, broken = fuzz(store, 30, random.Random(7).randrange(10**6), lambda _: None, tmp_path)
    assert not broken
    assert store.runs() == []
    assert len(outcomes) >= 6
    assert sum(x.imported for x in outcomes.values()) > 3
    assert sum(sum(x.refused.values()) for x in outcomes.values()) > 8
