"""An offline learner's data set in the store, in an export and back: what the learner saw is what anybody reads."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from core.config import RunConfig
from core.learners.registry import learner
from core.runs.errors import DataUnreadable
from core.runs.export import export
from core.runs.importing import ImportFailed, import_any
from core.runs.store import RunStore
from core.training.trace import COLLECTED, StepTrace
from core.training.trainer import Trainer
from tests.helpers import step_trace

DATA = Path(__file__).parents[1] / "data" / "v1"
CONFIG = RunConfig(
    steps=2,
    prompts_per_step=4,
    num_generations=4,
    eval_every=0,
    panel_size=4,
    learners=(learner("dpo", data_responses=64, data_flipped=0.25, data_random=0.25), learner("grpo")),
)


@pytest.fixture(scope="module")
def traces() -> list[StepTrace]:
    return [x for name in ("dpo", "grpo") for x in Trainer(CONFIG, name).steps()]


@pytest.fixture
def run(tmp_path: Path, traces: list[StepTrace]) -> tuple[RunStore, str]:
    store = RunStore(f"sqlite:///{tmp_path}/runs.sqlite", home=tmp_path)
    run_id = store.create(CONFIG)
    for trace in traces:
        store.append(run_id, trace)
    return store, run_id


def test_the_set_is_kept_with_the_first_step_and_read_as_it_was(
    run: tuple[RunStore, str], traces: list[StepTrace]
) -> None:
    store, run_id = run
    assert [x.collected is not None for x in traces] == [True, False, False, False]
    stored = store.collected(run_id, "dpo")
    assert stored is not None
    assert stored.equals(traces[0].collected)
    assert stored.schema == COLLECTED
    assert stored.num_rows == 64
    assert store.collected(run_id, "grpo") is None
    store.append(run_id, traces[0])  # a step that is made again brings it again
    assert stored.equals(store.collected(run_id, "dpo"))
    store.delete(run_id)
    assert store.collected(run_id, "dpo") is None


def test_an_export_has_it_and_comes_back_with_it(run: tuple[RunStore, str], tmp_path: Path) -> None:
    store, run_id = run
    files = export(store, run_id, tmp_path / "parquet")
    assert [x.name for x in files] == [
        *("run.json", "steps.parquet", "samples.parquet", "tokens.parquet", "collected.parquet")
    ]
    back = import_any(store, tmp_path / "parquet")
    assert store.collected(back, "dpo").equals(store.collected(run_id, "dpo"))  # type: ignore[union-attr]
    assert store.collected(back, "grpo") is None
    export(store, run_id, tmp_path / "csv", "csv")
    assert pa.csv.read_csv(tmp_path / "csv" / "collected.csv").column_names == COLLECTED.names


def test_a_run_without_one_has_the_four_files(tmp_path: Path) -> None:
    store = RunStore(f"sqlite:///{tmp_path}/runs.sqlite", home=tmp_path)
    config = RunConfig(learners=(learner("grpo"),), steps=1)
    run_id = store.create(config)
    store.append(run_id, step_trace(config, "grpo", 0))
    assert [x.name for x in export(store, run_id, tmp_path / "out")] == [
        *("run.json", "steps.parquet", "samples.parquet", "tokens.parquet")
    ]


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("sample", [0] * 64, "two rows of one response"),
        ("group", [-1] * 64, "a group that is not between"),
        ("response", [None] * 64, "rows without response"),
        ("learner", ["nobody"] * 64, "a learner that the config does not have"),
    ],
)
def test_a_set_that_cannot_be_is_refused(
    run: tuple[RunStore, str], tmp_path: Path, column: str, value: list[object], says: str
) -> None:
    store, run_id = run
    out = tmp_path / "out"
    export(store, run_id, out)
    table = pq.read_table(out / "collected.parquet")
    at = table.column_names.index(column)
    pq.write_table(
        table.set_column(at, column, pa.array(value, table.schema.field(column).type)), out / "collected.parquet"
    )
    with pytest.raises(ImportFailed, match=says):
        import_any(store, out)


def test_a_damaged_set_is_said_to_be(run: tuple[RunStore, str]) -> None:
    store, run_id = run
    with sqlite3.connect(store.home / "runs.sqlite") as c:
        c.execute("UPDATE collected SET responses = X'00'")
    with pytest.raises(DataUnreadable):
        store.collected(run_id, "dpo")


def test_a_store_of_version_1_gets_a_place_for_sets(tmp_path: Path, traces: list[StepTrace]) -> None:
    shutil.copy(DATA / "runs.sqlite", tmp_path / "runs.sqlite")
    store = RunStore(f"sqlite:///{tmp_path}/runs.sqlite", home=tmp_path)
    older = store.runs()[0]
    assert store.collected(older.id, older.learners[0].name) is None
    run_id = store.create(CONFIG)
    store.append(run_id, traces[0])
    assert store.collected(run_id, "dpo").equals(traces[0].collected)  # type: ignore[union-attr]
    store.delete(run_id)
    with sqlite3.connect(tmp_path / "runs.sqlite") as c:
        assert c.execute("SELECT count(*) FROM collected").fetchone() == (0,), "goes with its run"
